"""The clean API of this service: reading, results, keys, webhooks, activity."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from wordsight.errors import ImageError
from wordsight.server.errors import BadRequest
from wordsight.server.forms import read_form
from wordsight.server.routes import bodies, shapes
from wordsight.server.routes.nanonets import Use, Who, collect
from wordsight.server.routes.shapes import Decision
from wordsight.server.routes.v1 import Limit, Offset, Width, download, image
from wordsight.server.services import reads
from wordsight.server.services.export import to_csv, to_xlsx

router = APIRouter(prefix="/api/v1")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_EXPORTED = 100_000


@router.post("/read", tags=["reading"], openapi_extra=bodies.READ)
async def read(
    request: Request,
    who: Who,
    use: Use,
    model: str | None = None,
    later: Annotated[bool, Query(alias="async")] = False,
    pages: str = "",
) -> shapes.ReadReply:
    """Read files (parts named ``file``), with a model or without; ``?async=true`` answers before they are read."""
    form = await read_form(request, use.context.settings)
    uploads, bad = await run_in_threadpool(collect, use, form)
    if not uploads and not bad:
        raise BadRequest("send at least one file as a part named 'file'", "file_missing")
    wanted = reads.Request(model, later, pages or form.text("pages"), form.text("metadata"))
    done = []
    for upload in uploads:
        try:
            act = use.predictions.submit if later else use.predictions.predict
            done.append(shapes.FileShape.of(await run_in_threadpool(act, who, upload, wanted)))
        except ImageError as error:
            bad.append((upload.name, str(error)))
    if bad and not done:
        raise BadRequest("; ".join(f"{name}: {why}" for name, why in bad), "bad_file")
    return shapes.ReadReply(files=done, failed=[shapes.Failed(name=name, reason=why) for name, why in bad])


@router.get("/files", tags=["results"])
def list_files(
    who: Who,
    use: Use,
    model: str = "",
    review: bool = False,
    words: Annotated[str, Query(max_length=500)] = "",
    offset: Offset = 0,
    limit: Limit = 50,
) -> shapes.FilePage:
    """What was read, newest first; for a ``review`` the most doubtful first; only files with all these ``words``."""
    found, total = use.results.all(who, model_id=model, review=review, words=words, offset=offset, limit=limit)
    return shapes.FilePage(files=[shapes.FileShape.of(read) for read in found], total=total)


@router.get("/files/export", tags=["results"], response_class=Response)
def export_files(
    who: Who, use: Use, model: str, kind: Literal["csv", "xlsx"] = "csv", approval: Decision | None = None
) -> Response:
    """The fields of what a model has read, a row a file: everything, or what is approved, rejected or undecided."""
    info = use.models.get(who, model)
    found, _ = use.results.all(who, model_id=model, approval=approval, limit=MOST_EXPORTED)
    labels = [name for name, _ in info.labels]
    if kind == "csv":
        return download(to_csv(labels, found), "results.csv", "text/csv; charset=utf-8")
    return download(to_xlsx(labels, found), "results.xlsx", XLSX)


@router.get("/files/{file_id}", tags=["results"])
def get_file(file_id: str, who: Who, use: Use) -> shapes.FileShape:
    """One file and what was read in it."""
    return shapes.FileShape.of(use.results.get(who, file_id))


@router.get("/files/{file_id}/picture", tags=["results"], response_class=Response)
def file_picture(
    file_id: str,
    who: Who,
    use: Use,
    request: Request,
    page: Annotated[int, Query(ge=0)] = 0,
    width: Width = None,
) -> Response:
    """A page of a file as JPEG, upright; with ``width`` made smaller."""
    file = use.results.get(who, file_id).file
    return image(use, request, file.digest or "", page, width)


@router.delete("/files/{file_id}", status_code=204, tags=["results"])
def delete_file(file_id: str, who: Who, use: Use) -> None:
    """Forget a file and what was read in it."""
    use.results.delete(who, file_id)


@router.put("/pages/{page_id}/boxes", tags=["results"])
def correct_page(page_id: str, body: shapes.Boxes, who: Who, use: Use) -> shapes.PageShape:
    """Correct the fields of a page."""
    _, page = use.results.correct(who, page_id, [box.model_dump() for box in body.boxes])
    return shapes.PageShape.of(page)


@router.post("/files/{file_id}/approval", tags=["results"])
def approve_file(file_id: str, body: shapes.Approval, who: Who, use: Use) -> shapes.FileShape:
    """Approve a file, which makes it training data, or reject it."""
    return shapes.FileShape.of(use.results.approve(who, file_id, body.approval))


# ------------------------------------------------------------------------------------------------ administration


@router.get("/keys", tags=["administration"])
def list_keys(who: Who, use: Use) -> list[shapes.KeyShape]:
    """The keys of the workspace, without their secrets."""
    return [shapes.KeyShape.of(key) for key in use.keys.all(who)]


@router.post("/keys", status_code=201, tags=["administration"])
def make_key(body: shapes.NewKey, who: Who, use: Use) -> shapes.MadeKey:
    """Make a key; its secret is in this reply and never again."""
    key, secret = use.keys.add(who, body.name, body.scopes, body.expires)
    return shapes.MadeKey(key=shapes.KeyShape.of(key), secret=secret)


@router.delete("/keys/{key_id}", status_code=204, tags=["administration"])
def revoke_key(key_id: str, who: Who, use: Use) -> None:
    """End a key at once."""
    use.keys.revoke(who, key_id)


@router.get("/webhooks", tags=["administration"])
def list_webhooks(who: Who, use: Use) -> list[shapes.WebhookShape]:
    """The webhooks of the workspace."""
    return [shapes.WebhookShape.of(row) for row in use.webhooks.all(who)]


@router.post("/webhooks", status_code=201, tags=["administration"])
def add_webhook(body: shapes.NewWebhook, who: Who, use: Use) -> shapes.WebhookShape:
    """Tell a URL of events; the reply has the secret with which messages are signed, only this time."""
    return shapes.WebhookShape.of(use.webhooks.add(who, body.url, body.events, body.model), secret=True)


@router.delete("/webhooks/{webhook_id}", status_code=204, tags=["administration"])
def delete_webhook(webhook_id: str, who: Who, use: Use) -> None:
    """Tell this URL no more."""
    use.webhooks.delete(who, webhook_id)


@router.get("/deliveries", tags=["administration"])
def list_deliveries(who: Who, use: Use, state: str = "", limit: Limit = 100) -> list[shapes.DeliveryShape]:
    """Messages to webhooks, newest first; ``state=dead`` shows those that were given up."""
    return [shapes.DeliveryShape.of(row) for row in use.webhooks.deliveries(who, state, limit)]


@router.post("/deliveries/{delivery_id}/retry", tags=["administration"])
def retry_delivery(delivery_id: str, who: Who, use: Use) -> shapes.DeliveryShape:
    """Try a message that was given up again."""
    return shapes.DeliveryShape.of(use.webhooks.retry(who, delivery_id))


@router.get("/activity", tags=["administration"])
def list_activity(who: Who, use: Use, offset: Offset = 0, limit: Limit = 100) -> list[shapes.ActivityShape]:
    """Who did what, newest first."""
    return [shapes.ActivityShape.of(row) for row in use.activity.all(who, offset, limit)]
