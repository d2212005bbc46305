"""The API of a hosted service, version 2, as its public clients use it: same paths, same fields, same quirks.

Every route answers under ``/OCR`` and ``/ObjectDetection``, with and without a final slash, and nothing redirects.
Bodies are taken apart by hand (:mod:`wordsight.server.forms`), since these clients send text as file parts.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from wordsight.errors import ImageError
from wordsight.server.access import Services, caller, services
from wordsight.server.errors import BadRequest
from wordsight.server.forms import Form, Upload, read_form
from wordsight.server.records import Json, file_path, page_json, sides, word_json
from wordsight.server.routes import bodies
from wordsight.server.security import Caller
from wordsight.server.services import reads
from wordsight.server.services.model_info import ModelInfo
from wordsight.server.services.pictures import Box, Marking
from wordsight.server.services.reads import Read
from wordsight.server.tables import DAY, File, Page, Picture

Who = Annotated[Caller, Depends(caller)]
Use = Annotated[Services, Depends(services)]
Reply = JSONResponse

models = APIRouter()
listing = APIRouter()
text = APIRouter()
inferences = APIRouter()
approvals = APIRouter()


def both(
    router: APIRouter, path: str, methods: Sequence[str], body: Json | None = None
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Answer a path with and without its final slash; only one of the two is shown in the documentation."""

    def add(handler: Callable[..., Any]) -> Callable[..., Any]:
        router.add_api_route(path, handler, methods=list(methods), openapi_extra=body)
        router.add_api_route(f"{path}/", handler, methods=list(methods), include_in_schema=False)
        return handler

    return add


# ------------------------------------------------------------------------------------------------------- models


@both(models, "/Model", ["POST"], bodies.MODEL)
async def create_model(request: Request, who: Who, use: Use) -> Reply:
    """Create a model: ``{"categories": ["number_plate"], "model_type": "ocr"}``."""
    form = await read_form(request, use.context.settings)
    made = await run_in_threadpool(
        use.models.create, who, form.texts("categories"), form.text("name"), form.text("model_type", "ocr")
    )
    return Reply(model_json(made))


@both(models, "/Model/{model_id}", ["GET"])
async def get_model(model_id: str, who: Who, use: Use) -> Reply:
    """A model and its state."""
    return Reply(model_json(await run_in_threadpool(use.models.get, who, model_id)))


@both(models, "/Model/{model_id}", ["DELETE"])
async def delete_model(model_id: str, who: Who, use: Use) -> Reply:
    """Delete a model with all that belongs to it."""
    await run_in_threadpool(use.models.delete, who, model_id)
    return Reply({"message": "Success", "model_id": model_id})


@both(models, "/Model", ["GET"])
@both(models, "/Models", ["GET"])
@both(listing, "/Models", ["GET"])
async def list_models(who: Who, use: Use) -> Reply:
    """All models of the workspace."""
    return Reply([model_json(model) for model in await run_in_threadpool(use.models.all, who)])


@both(models, "/Model/{model_id}/UploadFile", ["POST"], bodies.PICTURES)
@both(models, "/Model/{model_id}/UploadUrls", ["POST"], bodies.PICTURE_URLS)
@both(models, "/Model/{model_id}/TrainingImages", ["POST"], bodies.PICTURES)
async def upload_files(model_id: str, request: Request, who: Who, use: Use) -> Reply:
    """Pictures to learn from (``file`` or ``urls``), with what is marked in them (``data``)."""
    form = await read_form(request, use.context.settings)
    await run_in_threadpool(use.models.get, who, model_id)
    uploads, not_fetched = await run_in_threadpool(collect, use, form)
    if not uploads and not not_fetched:
        raise BadRequest("neither a file nor URLs were sent; send a part named 'file', or 'urls'", "file_missing")
    rows, not_taken = await run_in_threadpool(use.pictures.add, who, model_id, uploads, markings(form))
    failed = [*not_fetched, *not_taken]
    if failed and not rows:
        raise BadRequest("; ".join(f"{name}: {why}" for name, why in failed), "bad_file")
    info = await run_in_threadpool(use.models.get, who, model_id)
    body = training_set_json(info, rows)
    if failed:
        body["errors"] = [{"filename": name, "reason": why} for name, why in failed]
    return Reply(body, 202 if failed else 200)


@both(models, "/Model/{model_id}/Annotations", ["GET"])
@both(models, "/Model/{model_id}/TrainingImages", ["GET"])
async def training_set(model_id: str, who: Who, use: Use) -> Reply:
    """All pictures to learn from, with what is marked in them."""
    info = await run_in_threadpool(use.models.get, who, model_id)
    rows, _ = await run_in_threadpool(use.pictures.all, who, model_id, "", 0, 1_000_000)
    return Reply(training_set_json(info, rows))


@both(models, "/Model/{model_id}/Train", ["POST"])
async def train(model_id: str, who: Who, use: Use) -> Reply:
    """Start a training; answers at once."""
    await run_in_threadpool(use.trainings.start, who, model_id)
    return Reply(model_json(await run_in_threadpool(use.models.get, who, model_id)))


# -------------------------------------------------------------------------------------------------- predictions


@both(models, "/Model/{model_id}/LabelFile", ["POST"], bodies.LABEL_FILES)
@both(models, "/Model/{model_id}/LabelUrls", ["POST"], bodies.LABEL_FILES)
async def label_files(
    model_id: str, request: Request, who: Who, use: Use, later: Annotated[str, Query(alias="async")] = "false"
) -> Reply:
    """Read files with a model: at once, or later with ``?async=true``."""
    form = await read_form(request, use.context.settings)
    wanted = reads.Request(
        model_id, later.lower() in ("true", "1"), form.text("pages_to_process"), form.text("request_metadata")
    )
    await run_in_threadpool(use.models.get, who, model_id)
    uploads, failed = await run_in_threadpool(collect, use, form)
    if not uploads and not failed:
        raise BadRequest("neither a file nor URLs were sent; send a part named 'file', or 'urls'", "file_missing")
    results: list[Json] = []
    for upload in uploads:
        try:
            done = await run_in_threadpool(
                use.predictions.submit if wanted.asynchronous else use.predictions.predict, who, upload, wanted
            )
            results += result_json(done)
        except ImageError as error:
            failed.append((upload.name, str(error)))
    if failed and not results:
        raise BadRequest("; ".join(f"{name}: {why}" for name, why in failed), "bad_file")
    results += [{"message": why, "input": name, "prediction": [], "page": 0} for name, why in failed]
    return Reply({"message": "Success", "result": results, "signed_urls": signed(use, results)}, 202 if failed else 200)


@both(text, "/FullText", ["POST"], bodies.FULL_TEXT)
async def full_text(request: Request, who: Who, use: Use) -> Reply:
    """Read files without a model: all words of every page."""
    form = await read_form(request, use.context.settings)
    uploads, failed = await run_in_threadpool(collect, use, form)
    if not uploads and not failed:
        raise BadRequest("neither a file nor URLs were sent; send a part named 'file', or 'urls'", "file_missing")
    results: list[Json] = []
    for upload in uploads:
        try:
            done = await run_in_threadpool(use.predictions.predict, who, upload, reads.Request())
            results.append({"filename": upload.name, "page_data": [words_json(page) for page in done.pages]})
        except ImageError as error:
            failed.append((upload.name, str(error)))
    if uploads and not results:
        raise BadRequest("; ".join(f"{name}: {why}" for name, why in failed), "bad_file")
    if not uploads:  # a client tests its key with a URL and needs a 200 even where nothing may be fetched
        results = [{"filename": name, "page_data": []} for name, _ in failed]
    return Reply({"message": "Success", "results": results, "result": results})


@both(inferences, "/Model/{model_id}/ImageLevelInferences", ["GET"])
async def stored(
    model_id: str,
    who: Who,
    use: Use,
    start_day_interval: int | None = None,
    current_batch_day: int | None = None,
) -> Reply:
    """What a model has read between two days (counted from 1970), approved and not."""
    today = int(time.time() // DAY)
    first = 0 if start_day_interval is None else start_day_interval
    last = today if current_batch_day is None else current_batch_day
    found = await run_in_threadpool(use.results.of_days, who, model_id, first, last)
    return Reply(moderated_json(found))


@both(inferences, "/Model/{model_id}/ImageLevelInferences/{page_id}", ["GET"])
async def stored_page(model_id: str, page_id: str, who: Who, use: Use) -> Reply:
    """One page that a model has read."""
    file, page = await run_in_threadpool(use.results.page, who, page_id)
    results = [page_json(file, page)]
    return Reply({"message": "Success", "result": results, "signed_urls": signed(use, results)})


@both(inferences, "/Model/{model_id}/InferenceRequestFiles/GetPredictions/{file_id}", ["GET"])
async def stored_file(model_id: str, file_id: str, who: Who, use: Use) -> Reply:
    """All pages of one file: what a client asks for again and again until an asynchronous request is done."""
    done = await run_in_threadpool(use.results.get, who, file_id)
    body = moderated_json([(done.file, page) for page in done.pages])
    return Reply(body | {"status": done.file.state, "message": done.file.error or "Success"})


@both(inferences, "/Model/{model_id}/InferenceRequestFiles/{file_id}", ["DELETE"])
async def delete_file(model_id: str, file_id: str, who: Who, use: Use) -> Reply:
    """Forget a file and what was read in it."""
    await run_in_threadpool(use.results.delete, who, file_id)
    return Reply({"message": "Success", "request_file_id": file_id})


@both(inferences, "/Model/{model_id}/ImageLevelInferences/{page_id}", ["PATCH"], bodies.CORRECTION)
@both(inferences, "/Model/{model_id}/ImageLevelInference/{page_id}", ["PATCH"], bodies.CORRECTION)
async def correct_page(model_id: str, page_id: str, request: Request, who: Who, use: Use) -> Reply:
    """Correct the fields of a page: ``{"moderated_boxes": [...]}``."""
    form = await read_form(request, use.context.settings)
    boxes = [box_from_client(box) for box in form.objects("moderated_boxes")]
    file, page = await run_in_threadpool(use.results.correct, who, page_id, boxes)
    return Reply({"message": "Success", "result": [page_json(file, page)], "signed_urls": {}})


@both(approvals, "/Model/{model_id}/Verify/{file_id}", ["POST"])
@both(inferences, "/Model/{model_id}/ImageLevelInferences/Verify/{file_id}", ["POST"])
async def verify(model_id: str, file_id: str, who: Who, use: Use) -> Reply:
    """Approve a file; it becomes training data."""
    return await _approve(use, who, file_id, "approved")


@both(approvals, "/Model/{model_id}/UnVerify/{file_id}", ["POST"])
@both(inferences, "/Model/{model_id}/ImageLevelInferences/UnVerify/{file_id}", ["POST"])
async def unverify(model_id: str, file_id: str, who: Who, use: Use) -> Reply:
    """Take an approval back."""
    return await _approve(use, who, file_id, "")


async def _approve(use: Services, who: Caller, file_id: str, approval: str) -> Reply:
    done = await run_in_threadpool(use.results.approve, who, file_id, approval)
    return Reply({"message": "Success", "request_file_id": file_id, "approval_status": done.file.approval})


# --------------------------------------------------------------------------------------------- from the client


def collect(use: Services, form: Form) -> tuple[list[Upload], list[tuple[str, str]]]:
    """The files of a request, those behind URLs too, and (name, what is wrong) for URLs that cannot be had.

    Bad URLs do not count where a file was sent: a published example sends a placeholder beside its file.
    """
    urls = form.texts("urls")
    if form.uploads or not urls:
        return form.uploads, []
    return use.fetcher.fetch_all(urls)


def markings(form: Form) -> list[Marking]:
    """What is marked in the pictures of a request: the ``data`` field.

    Raises:
        BadRequest: It is not in the documented form.
    """
    found = []
    for entry in form.objects("data"):
        marked = entry.get("object")
        boxes = [marked] if isinstance(marked, dict) and marked else marked or None
        if boxes is not None and not (isinstance(boxes, list) and all(isinstance(box, dict) for box in boxes)):
            raise BadRequest("'object' is a list of boxes: {'name': ..., 'bndbox': {...}, 'ocr_text': ...}")
        name = str(entry.get("filename", ""))
        found.append(Marking(name, None if boxes is None else tuple(box_from_client(box) for box in boxes)))
    return found


def box_from_client(box: Mapping[str, Any]) -> Box:
    """A box in the client's form, flat or with ``bndbox``, in ours.

    Raises:
        BadRequest: A side is missing or no number.
    """
    sides = box.get("bndbox") or box
    try:
        left, top, right, bottom = (float(sides[name]) for name in ("xmin", "ymin", "xmax", "ymax"))
    except (KeyError, TypeError, ValueError) as error:
        raise BadRequest("a box needs the numbers xmin, ymin, xmax and ymax") from error
    said = box.get("ocr_text")
    return {
        "id": box.get("id"),
        "label": str(box.get("name") or box.get("label") or ""),
        "quad": [[left, top], [right, top], [right, bottom], [left, bottom]],
        "text": None if said is None else str(said),
    }


# ------------------------------------------------------------------------------------------------ to the client


def model_json(model: ModelInfo) -> Json:
    """A model as clients of this API expect it."""
    return {
        "model_id": model.id,
        "model_type": model.model_type,
        "state": model.state,
        "status": model.status,
        "accuracy": model.accuracy,
        "categories": [{"name": name, "count": count} for name, count in model.labels],
    }


def training_set_json(model: ModelInfo, rows: Sequence[Picture]) -> Json:
    """Pictures to learn from; keys are written both ways, since clients read both."""
    categories = [{"name": name, "count": count} for name, count in model.labels]
    meta = {
        "ModelID": model.id,
        "ModelType": model.model_type,
        "State": model.state,
        "Status": model.status,
        "Accuracy": model.accuracy,
        "Categories": categories,
    }
    lower = {"model_id": model.id, "model_type": model.model_type, "state": model.state, "status": model.status}
    return {
        "Meta": meta | lower | {"accuracy": model.accuracy, "categories": categories},
        "Data": [picture_json(row) for row in rows],
    }


def picture_json(row: Picture) -> Json:
    """One picture to learn from."""
    return {
        "filename": row.name,
        "id": row.id,
        "size": {"width": row.width, "height": row.height},
        "object": [
            {"name": box["label"], "ocr_text": box.get("text") or "", "bndbox": sides(box["quad"])} for box in row.boxes
        ],
    }


def result_json(done: Read) -> list[Json]:
    """One entry for each page of a file; an asynchronous one has an entry before it is read."""
    if done.pages:
        return [page_json(done.file, page) for page in done.pages]
    flat = {
        "message": "Success",
        "input": done.file.name,
        "prediction": [],
        "page": 0,
        "request_file_id": done.file.id,
        "filepath": file_path(done.file, "PredictionImages"),
        "id": done.file.id,
        "status": done.file.state,
        "processing_type": "async" if done.file.asynchronous else "",
    }
    return [flat | {"result": [dict(flat)]}]


def moderated_json(found: Sequence[tuple[File, Page]]) -> Json:
    """Pages parted into approved and not."""
    approved = [page_json(file, page) for file, page in found if file.approval == "approved"]
    others = [page_json(file, page) for file, page in found if file.approval != "approved"]
    return {
        "moderated_images_count": len(approved),
        "unmoderated_images_count": len(others),
        "moderated_images": approved,
        "unmoderated_images": others,
    }


def words_json(page: Page) -> Json:
    """One page of a reading without a model."""
    return {
        "page": page.number,
        "size": {"width": page.width, "height": page.height},
        "words": [word_json(word) for word in page.words],
        "raw_text": "".join(f"{word['text']} " for word in page.words),
    }


def signed(use: Services, results: Sequence[Json]) -> Json:
    """Where the pictures of a reply can be had, by their path."""
    root = use.context.settings.address
    links = {
        result["filepath"]: f"{root}/api/v1/files/{result['request_file_id']}/picture"
        for result in results
        if "filepath" in result
    }
    return {path: {"original": link, "original_with_long_expiry": link} for path, link in links.items()}
