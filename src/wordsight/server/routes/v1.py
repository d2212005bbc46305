"""The clean API of this service, for pages and new programs: models, pictures and trainings."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from wordsight.server.access import Services
from wordsight.server.errors import BadRequest
from wordsight.server.forms import read_form
from wordsight.server.routes import bodies, nanonets, shapes
from wordsight.server.routes.nanonets import Use, Who
from wordsight.server.security import Caller
from wordsight.server.services.model_info import RUNNING
from wordsight.server.services.rules import Rules

router = APIRouter(prefix="/api/v1")
Offset = Annotated[int, Query(ge=0)]
Limit = Annotated[int, Query(ge=1, le=500)]
Width = Annotated[int | None, Query(ge=16, le=4096)]
EVENT_SECONDS = 1.0


@router.get("/models", tags=["models"])
def list_models(who: Who, use: Use, archived: bool = False) -> list[shapes.ModelShape]:
    """All models of the workspace, newest first."""
    return [shapes.ModelShape.of(model) for model in use.models.all(who, archived)]


@router.post("/models", status_code=201, tags=["models"])
def create_model(body: shapes.NewModel, who: Who, use: Use) -> shapes.ModelShape:
    """Make a model with its fields."""
    return shapes.ModelShape.of(use.models.create(who, body.labels, body.name))


@router.get("/models/{model_id}", tags=["models"])
def get_model(model_id: str, who: Who, use: Use) -> shapes.ModelShape:
    """One model and its state."""
    return shapes.ModelShape.of(use.models.get(who, model_id))


@router.patch("/models/{model_id}", tags=["models"])
def change_model(model_id: str, body: shapes.ModelChange, who: Who, use: Use) -> shapes.ModelShape:
    """Rename it, change its fields, archive it."""
    changed = use.models.change(who, model_id, name=body.name, labels=body.labels, archived=body.archived)
    return shapes.ModelShape.of(changed)


@router.delete("/models/{model_id}", status_code=204, tags=["models"])
def delete_model(model_id: str, who: Who, use: Use) -> None:
    """Delete it with its pictures, versions and results."""
    use.models.delete(who, model_id)


@router.get("/models/{model_id}/rules", tags=["models"])
def get_rules(model_id: str, who: Who, use: Use) -> Rules:
    """The rules by which what it reads is approved, or put up for review."""
    return use.models.rules(who, model_id)


@router.put("/models/{model_id}/rules", tags=["models"])
def set_rules(model_id: str, body: Rules, who: Who, use: Use) -> Rules:
    """Judge what it reads by these rules from now on."""
    return use.models.set_rules(who, model_id, body)


@router.get("/models/{model_id}/versions", tags=["models"])
def list_versions(model_id: str, who: Who, use: Use) -> list[shapes.VersionShape]:
    """Its trained states, newest first."""
    return [shapes.VersionShape.of(row) for row in use.models.versions(who, model_id)]


@router.post("/models/{model_id}/versions", status_code=201, tags=["models"], openapi_extra=bodies.FILE)
async def import_version(model_id: str, request: Request, who: Who, use: Use) -> shapes.VersionShape:
    """Add a version from a ``.wordsight`` file, and let it predict."""
    form = await read_form(request, use.context.settings)
    if len(form.uploads) != 1:
        raise BadRequest("send one .wordsight file as the part 'file'", "file_missing")
    row = await run_in_threadpool(use.models.import_version, who, model_id, form.uploads[0].data)
    return shapes.VersionShape.of(row)


@router.post("/models/{model_id}/versions/{number}/activate", tags=["models"])
def activate(model_id: str, number: int, who: Who, use: Use) -> shapes.ModelShape:
    """Let a version predict from now on."""
    return shapes.ModelShape.of(use.models.activate(who, model_id, number))


@router.get("/models/{model_id}/export", tags=["models"], response_class=Response)
def export_model(model_id: str, who: Who, use: Use, version: int | None = None) -> Response:
    """A version as a ``.wordsight`` file; without a number the one that predicts."""
    name, data = use.models.export(who, model_id, version)
    return download(data, name, "application/zip")


# ------------------------------------------------------------------------------------------------------ pictures


@router.get("/models/{model_id}/pictures", tags=["pictures"])
def list_pictures(
    model_id: str, who: Who, use: Use, state: str = "", offset: Offset = 0, limit: Limit = 100
) -> shapes.PicturePage:
    """Pictures to learn from, a part of the list at a time."""
    rows, total = use.pictures.all(who, model_id, state, offset, limit)
    return shapes.PicturePage(pictures=[shapes.PictureShape.of(row) for row in rows], total=total)


@router.post("/models/{model_id}/pictures", status_code=201, tags=["pictures"], openapi_extra=bodies.PICTURES)
async def add_pictures(model_id: str, request: Request, who: Who, use: Use) -> shapes.Uploaded:
    """Upload pictures: parts named ``file``, and what is marked in them as ``data`` (as in the other API)."""
    form = await read_form(request, use.context.settings)
    if not form.uploads:
        raise BadRequest("send at least one picture as a part named 'file'", "file_missing")
    rows, failed = await run_in_threadpool(use.pictures.add, who, model_id, form.uploads, nanonets.markings(form))
    return shapes.Uploaded(
        pictures=[shapes.PictureShape.of(row) for row in rows],
        failed=[shapes.Failed(name=name, reason=reason) for name, reason in failed],
    )


@router.get("/models/{model_id}/pictures/{picture_id}", tags=["pictures"])
def get_picture(model_id: str, picture_id: str, who: Who, use: Use) -> shapes.PictureShape:
    """One picture and its boxes."""
    return shapes.PictureShape.of(use.pictures.get(who, model_id, picture_id))


@router.get("/models/{model_id}/pictures/{picture_id}/image", tags=["pictures"], response_class=Response)
def picture_image(
    model_id: str, picture_id: str, who: Who, use: Use, request: Request, width: Width = None
) -> Response:
    """The picture itself, upright, as JPEG; with ``width`` made smaller."""
    row = use.pictures.get(who, model_id, picture_id)
    return image(use, request, row.digest, 0, width)


@router.put("/models/{model_id}/pictures/{picture_id}/boxes", tags=["pictures"])
def mark_picture(model_id: str, picture_id: str, body: shapes.Boxes, who: Who, use: Use) -> shapes.PictureShape:
    """Set what is marked in a picture."""
    boxes = [box.model_dump() for box in body.boxes]
    return shapes.PictureShape.of(use.pictures.mark(who, model_id, picture_id, boxes, body.revision))


@router.delete("/models/{model_id}/pictures/{picture_id}", status_code=204, tags=["pictures"])
def delete_picture(model_id: str, picture_id: str, who: Who, use: Use) -> None:
    """Forget a picture."""
    use.pictures.delete(who, model_id, picture_id)


# ----------------------------------------------------------------------------------------------------- trainings


@router.get("/models/{model_id}/runs", tags=["trainings"])
def list_runs(model_id: str, who: Who, use: Use) -> list[shapes.RunShape]:
    """Its trainings, newest first."""
    return [shapes.RunShape.of(run) for run in use.trainings.all(who, model_id)]


@router.post("/models/{model_id}/runs", status_code=201, tags=["trainings"])
def start_run(model_id: str, who: Who, use: Use, body: shapes.NewRun | None = None) -> shapes.RunShape:
    """Start a training; answers at once."""
    return shapes.RunShape.of(use.trainings.start(who, model_id, body.minutes if body else None))


@router.get("/runs/{run_id}", tags=["trainings"])
def get_run(run_id: str, who: Who, use: Use) -> shapes.RunShape:
    """One training and how far it is."""
    return shapes.RunShape.of(use.trainings.get(who, run_id))


@router.post("/runs/{run_id}/cancel", tags=["trainings"])
def cancel_run(run_id: str, who: Who, use: Use) -> shapes.RunShape:
    """End a training without a new version."""
    return shapes.RunShape.of(use.trainings.cancel(who, run_id))


@router.get("/runs/{run_id}/events", tags=["trainings"], response_class=StreamingResponse)
async def run_events(run_id: str, request: Request, who: Who, use: Use) -> StreamingResponse:
    """How a training goes on, as server-sent events: the run as JSON whenever it changes, until it is over."""
    await run_in_threadpool(use.trainings.get, who, run_id)
    return StreamingResponse(_events(run_id, request, who, use), media_type="text/event-stream")


@router.get("/runs/{run_id}/report", tags=["trainings"], response_class=Response)
def run_report(run_id: str, who: Who, use: Use) -> Response:
    """The before/after report as a page."""
    run = use.trainings.get(who, run_id)
    if run.report_digest is None:
        raise BadRequest("the training has no report (yet); look at its state")
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"
    return Response(
        use.context.files.get(run.report_digest), media_type="text/html", headers={"Content-Security-Policy": policy}
    )


async def _events(run_id: str, request: Request, who: Caller, use: Services) -> AsyncIterator[str]:
    last = ""
    while not await request.is_disconnected():
        run = await run_in_threadpool(use.trainings.get, who, run_id)
        text = json.dumps(shapes.RunShape.of(run).model_dump())
        if text != last:
            yield f"event: run\ndata: {text}\n\n"
            last = text
        if run.state not in RUNNING:
            return
        await asyncio.sleep(EVENT_SECONDS)


# ------------------------------------------------------------------------------------------------------- helpers


def image(use: Services, request: Request, digest: str, page: int, width: int | None) -> Response:
    """A page of a kept file as JPEG, at most ``width`` pixels wide; it may be cached, since the digest is its name."""
    tag = f'"{digest[:32]}-{page}-{width or 0}"'
    headers = {"Cache-Control": "private, max-age=604800, immutable", "ETag": tag, "X-Content-Type-Options": "nosniff"}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(use.inference.thumbnail(digest, page, width), media_type="image/jpeg", headers=headers)


def download(data: bytes, name: str, media: str) -> Response:
    """A file to keep."""
    plain = "".join(char if char.isascii() and (char.isalnum() or char in "-_. ") else "-" for char in name)
    said = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='', errors='replace')}"  # RFC 6266
    headers = {"Content-Disposition": said, "X-Content-Type-Options": "nosniff"}
    return Response(data, media_type=media, headers=headers)
