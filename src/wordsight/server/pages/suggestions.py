"""What the label page is pre-filled with: a picture read without keeping the result."""

from __future__ import annotations

from fastapi import APIRouter

from wordsight.server.routes import shapes
from wordsight.server.routes.nanonets import Use, Who

router = APIRouter(prefix="/api/v1")


class Suggestion(shapes.Shape):
    """What was read in a picture: fields by the model where it is trained, words by the reader where not."""

    fields: list[shapes.BoxShape]
    words: list[shapes.WordShape]


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
