"""What the pages of labelling and reading need beside the rest of the API: pre-filling, the next picture, sets."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from wordsight.image.load import Limits
from wordsight.server.errors import BadRequest
from wordsight.server.forms import read_form
from wordsight.server.routes import bodies, shapes
from wordsight.server.routes.nanonets import Use, Who
from wordsight.server.routes.v1 import download
from wordsight.server.services import documents
from wordsight.server.services.choice import Choice
from wordsight.server.services.imports import import_set

router = APIRouter(prefix="/api/v1")


class Suggestion(shapes.Shape):
    """What was read in a picture: fields by the model where it is trained, words by the reader where not."""

    fields: list[shapes.BoxShape]
    words: list[shapes.WordShape]


class NextPicture(shapes.Shape):
    """Which picture to label next."""

    picture: str | None
    doubt: float
    looked: int
    left: int


class SetReply(shapes.Shape):
    """What came of the import of an annotated set."""

    format: str
    pictures: int
    boxes: int
    failed: list[shapes.Failed]


@router.get("/models/{model_id}/pictures/{picture_id}/suggestion", tags=["pictures"])
def suggest_boxes(model_id: str, picture_id: str, who: Who, use: Use, plain: bool = False) -> Suggestion:
    """Read a picture so that labelling is correcting; ``plain`` gives words also where the model is trained."""
    picture = use.pictures.get(who, model_id, picture_id)
    info = use.models.get(who, model_id)
    version = None
    if info.active_version is not None and not plain:
        found = [row for row in use.models.versions(who, model_id) if row.number == info.active_version]
        version = (model_id, found[0].digest) if found else None
    page = use.inference.read(use.context.files.get(picture.digest), version, "1")[0]
    return Suggestion(
        fields=[shapes.BoxShape(**box) for box in page.boxes], words=[shapes.WordShape(**word) for word in page.words]
    )


@router.get("/models/{model_id}/next-picture", tags=["pictures"])
def next_picture(
    model_id: str, request: Request, who: Who, besides: Annotated[str, Query(max_length=36)] = ""
) -> NextPicture:
    """The picture, not labelled yet, that the model doubts most; none where the model is not trained."""
    choice: Choice = request.app.state.choice
    chosen = choice.next(who, model_id, besides)
    return NextPicture(picture=chosen.picture, doubt=round(chosen.doubt, 4), looked=chosen.looked, left=chosen.left)


@router.post("/models/{model_id}/pictures/import", status_code=201, tags=["pictures"], openapi_extra=bodies.FILE)
async def import_annotated_set(model_id: str, request: Request, who: Who, use: Use) -> SetReply:
    """Take the pictures and boxes of an annotated set: a zip, as the part ``file``, with a manifest, COCO, VOC, ..."""
    who.need("write")  # before anything is taken apart
    form = await read_form(request, use.context.settings)
    if len(form.uploads) != 1:
        raise BadRequest("send one zip as the part 'file'", "file_missing")
    info = await run_in_threadpool(use.models.get, who, model_id)
    labels = [name for name, _ in info.labels]
    done = await run_in_threadpool(import_set, use.pictures, who, model_id, labels, form.uploads[0].data)
    failed = [shapes.Failed(name=name, reason=reason) for name, reason in done.failed]
    return SetReply(format=done.format, pictures=done.pictures, boxes=done.boxes, failed=failed)


@router.get("/files/{file_id}/document", tags=["results"], response_class=Response)
def file_document(file_id: str, who: Who, use: Use, kind: documents.Kind) -> Response:
    """What was read in a file, as hOCR, ALTO, Markdown or a PDF whose text can be searched."""
    read = use.results.get(who, file_id)
    settings = use.context.settings
    limits = Limits(pixels=settings.max_pixels, file_bytes=settings.max_upload_bytes)
    data = use.context.files.get(read.file.digest or "") if kind == "pdf" else b""
    name, made = documents.document(read, kind, data, limits)
    return download(made, name, documents.SUFFIXES[kind][1])
