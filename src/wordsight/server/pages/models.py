"""Pages of models: list, overview, pictures, label, train, try, use."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from wordsight.server.access import services
from wordsight.server.pages.browse import around, counts, doubles
from wordsight.server.pages.rendering import render
from wordsight.server.pages.signing import Visitor
from wordsight.server.routes import shapes
from wordsight.server.services.choice import Choice
from wordsight.server.services.model_info import RUNNING

router = APIRouter(prefix="/models")
IN_A_PAGE = 48
MODELS_IN_A_PAGE = 50
STATES = ("new", "marked", "double")
Part = Annotated[int, Query(ge=1, le=1_000_000)]


@router.get("")
def list_models(request: Request, who: Visitor, archived: bool = False, page: Part = 1) -> Response:
    """All models."""
    found = services(request).models.all(who, archived, (page - 1) * MODELS_IN_A_PAGE, MODELS_IN_A_PAGE + 1)
    shown = found[:MODELS_IN_A_PAGE]
    more = len(found) > MODELS_IN_A_PAGE
    return render(request, "models.html", who, models=shown, archived=archived, page=page, more=more)


@router.get("/{model_id}")
def model_page(request: Request, model_id: str, who: Visitor) -> Response:
    """One model: its state, what to do next, its labels, rules and versions."""
    use = services(request)
    rules = use.models.rules(who, model_id).model_dump()
    versions = use.models.versions(who, model_id)
    return render(request, "model.html", who, model=use.models.get(who, model_id), versions=versions, rules=rules)


@router.get("/{model_id}/pictures")
def pictures_page(request: Request, model_id: str, who: Visitor, state: str = "", page: Part = 1) -> Response:
    """The pictures to learn from, a page at a time."""
    use = services(request)
    wanted = state if state in STATES else ""
    offset, count = (page - 1) * IN_A_PAGE, counts(use.context, who, model_id)
    if wanted == "double":
        rows = doubles(use.context, who, model_id, offset, IN_A_PAGE)
    else:
        rows, _ = use.pictures.all(who, model_id, wanted, offset, IN_A_PAGE)
    values: dict[str, Any] = {"pictures": rows, "count": count, "state": wanted, "page": page}
    values["pages"] = max(1, -(-getattr(count, wanted or "all") // IN_A_PAGE))
    return render(request, "pictures.html", who, model=use.models.get(who, model_id), **values)


@router.get("/{model_id}/label")
def label_next(request: Request, model_id: str, who: Visitor) -> Response:
    """The picture that teaches the model most, as far as it has looked; else the first that is not marked."""
    use = services(request)
    choice: Choice = request.app.state.choice
    chosen = choice.next(who, model_id, seconds=0).picture
    if chosen is not None:
        return RedirectResponse(f"/models/{model_id}/label/{chosen}", 303)
    for state in ("new", ""):
        rows, _ = use.pictures.all(who, model_id, state, 0, 1)
        if rows:
            return RedirectResponse(f"/models/{model_id}/label/{rows[0].id}", 303)
    return RedirectResponse(f"/models/{model_id}/pictures", 303)


@router.get("/{model_id}/label/{picture_id}")
def label_page(request: Request, model_id: str, picture_id: str, who: Visitor) -> Response:
    """Mark the fields in one picture."""
    use = services(request)
    picture = use.pictures.get(who, model_id, picture_id)
    model = use.models.get(who, model_id)
    place = around(use.context, who, model_id, picture)
    data = {
        "model": model_id,
        "labels": [name for name, _ in model.labels],
        "trained": model.active_version is not None,
        "picture": shapes.PictureShape.of(picture).model_dump(),
        "next": place.next,
        "previous": place.previous,
        "nextNew": place.next_new,
    }
    return render(request, "label.html", who, model=model, picture=picture, place=place, data=data)


@router.get("/{model_id}/train")
def train_page(request: Request, model_id: str, who: Visitor, run: str = "") -> Response:
    """Train, watch, and see the reports."""
    use = services(request)
    model = use.models.get(who, model_id)
    runs = use.trainings.all(who, model_id)
    shown = next((row for row in runs if row.id == run), runs[0] if runs else None)
    _, marked = use.pictures.all(who, model_id, "marked", 0, 1)
    values: dict[str, Any] = {"runs": runs, "run": shown, "marked": marked, "running": RUNNING}
    values["minutes"] = use.context.settings.train_minutes
    values["versions"] = use.models.versions(who, model_id)
    return render(request, "train.html", who, model=model, **values)


@router.get("/{model_id}/try")
def try_page(request: Request, model_id: str, who: Visitor) -> Response:
    """Read a picture with the model."""
    use = services(request)
    most = use.context.settings.max_upload_bytes
    return render(request, "read.html", who, model=use.models.get(who, model_id), most=most)


@router.get("/{model_id}/use")
def use_page(request: Request, model_id: str, who: Visitor) -> Response:
    """How programs send pictures to the model."""
    use = services(request)
    settings = use.context.settings
    address = settings.address if settings.public_url else str(request.base_url).rstrip("/")
    return render(request, "use.html", who, model=use.models.get(who, model_id), address=address)


@router.get("/{model_id}/review")
def review_page(request: Request, model_id: str, who: Visitor, skip: Annotated[int, Query(ge=0)] = 0) -> Response:
    """The most doubtful result that nobody has looked at."""
    use = services(request)
    model = use.models.get(who, model_id)
    found, total = use.results.all(who, model_id=model_id, review=True, offset=skip, limit=1)
    file = shapes.FileShape.of(found[0]).model_dump() if found else None
    data = {"file": file, "labels": [name for name, _ in model.labels], "model": model_id, "skip": skip}
    return render(request, "review.html", who, model=model, data=data, file=file, total=total, skip=skip)
