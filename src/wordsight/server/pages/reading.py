"""The first page: read a picture at once."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from wordsight.server.access import services
from wordsight.server.pages.rendering import render
from wordsight.server.pages.signing import Visitor

router = APIRouter()


@router.get("/")
def read_page(request: Request, who: Visitor) -> Response:
    """Drop, paste or choose a picture and see what it says."""
    settings = services(request).context.settings
    return render(request, "read.html", who, most=settings.max_upload_bytes, model=None)
