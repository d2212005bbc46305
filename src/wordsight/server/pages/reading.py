"""The first page: read a picture at once."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse

from wordsight.examples import example_path
from wordsight.server.access import services
from wordsight.server.pages.rendering import render
from wordsight.server.pages.signing import Visitor

router = APIRouter()


@router.get("/example")
def example(who: Visitor) -> FileResponse:
    """A picture for those who have none at hand."""
    return FileResponse(example_path(), media_type="image/jpeg")


@router.get("/")
def read_page(request: Request, who: Visitor) -> Response:
    """Drop, paste or choose a picture and see what it says."""
    settings = services(request).context.settings
    return render(request, "read.html", who, most=settings.max_upload_bytes, model=None)
