"""Pages of what was read."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from wordsight.server.access import services
from wordsight.server.pages.rendering import render
from wordsight.server.pages.signing import Visitor
from wordsight.server.routes import shapes

router = APIRouter(prefix="/results")
IN_A_PAGE = 30


@router.get("")
def results_page(
    request: Request,
    who: Visitor,
    words: Annotated[str, Query(max_length=500)] = "",
    model: str = "",
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
) -> Response:
    """Everything that was read, newest first, and a search in it."""
    use = services(request)
    offset = (page - 1) * IN_A_PAGE
    found, total = use.results.all(who, model_id=model, words=words, offset=offset, limit=IN_A_PAGE)
    models = use.models.all(who, archived=True)
    names = {info.id: info.name for info in models}
    shown: dict[str, Any] = {
        "words": words,
        "chosen": model,
        "page": page,
        "pages": max(1, -(-total // IN_A_PAGE)),
        "total": total,
    }
    return render(request, "results.html", who, found=found, models=models, names=names, **shown)


@router.get("/{file_id}")
def result_page(
    request: Request, file_id: str, who: Visitor, words: Annotated[str, Query(max_length=500)] = ""
) -> Response:
    """One file and what was read in it; searched words are marked."""
    use = services(request)
    read = use.results.get(who, file_id)
    data = {"file": shapes.FileShape.of(read).model_dump(), "words": words.split()}
    model = use.models.get(who, read.file.model_id) if read.file.model_id else None
    return render(request, "result.html", who, file=read.file, data=data, read_with=model)
