"""Pictures to learn from, and what is marked in them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wordsight.errors import ImageError
from wordsight.image.load import Limits, load_pages
from wordsight.server.errors import BadRequest, Conflict, NotThere, TooLarge
from wordsight.server.forms import Upload
from wordsight.server.security import Caller
from wordsight.server.services.context import Context, charge, is_kept, model_of, note, refund
from wordsight.server.tables import PICTURE_NAME, Model, Picture, new_id

MOST_BOXES = 5000
LONGEST_TEXT = 10_000

Box = dict[str, Any]
"""``{"id", "label", "quad": [[x, y] * 4], "text": str | None}``: pixels of the upright picture."""


@dataclass(frozen=True, slots=True)
class Marking:
    """What a client marked in one picture.

    Attributes:
        filename: The picture's name as the client knows it.
        boxes: What is marked; None where the client says nothing about it.
    """

    filename: str
    boxes: tuple[Box, ...] | None


class Pictures:
    """What can be done with the pictures of a model."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def add(
        self, caller: Caller, model_id: str, uploads: Sequence[Upload], markings: Sequence[Marking] = ()
    ) -> tuple[list[Picture], list[tuple[str, str]]]:
        """Keep pictures; all that are fine are kept, those that are not are told.

        A picture of the same name and content replaces its own markings instead of being kept twice.

        Args:
            caller: Who sends them.
            model_id: The model that they are for.
            uploads: The files.
            markings: What is marked in them, found by file name; with one file and one marking, whatever the name.

        Returns:
            The rows that are kept, and (name, what is wrong) for the others.

        Raises:
            NotThere: There is no such model.
            BadRequest: A marking is wrong; then nothing is kept.
            OutOfSpace: The quota or the disk is full.
        """
        caller.need("write")
        by_name = {marking.filename: marking for marking in markings}
        if len(uploads) == 1 and len(markings) == 1:
            by_name = {uploads[0].name: markings[0]}
        sized: list[tuple[Upload, int, int]] = []
        failed: list[tuple[str, str]] = []
        for upload in uploads:
            try:
                sized.append((upload, *self._size(upload.data)))
            except ImageError as error:
                failed.append((upload.name, str(error)))
        with self.context.store.session() as session:
            model = model_of(session, caller, model_id)
            kept = []
            for upload, width, height in sized:
                marking = by_name.get(upload.name)
                boxes = None if marking is None else marking.boxes
                kept.append(self._keep(session, model, upload, (width, height), boxes))
            note(session, caller, "picture.add", model.id, counted(len(kept), "picture", "pictures"))
        return kept, failed

    def _size(self, data: bytes) -> tuple[int, int]:
        """Width and height of a picture; decodes it, since a picture that cannot be read must not be kept."""
        settings = self.context.settings
        limits = Limits(pixels=settings.max_pixels, file_bytes=settings.max_upload_bytes)
        for page in load_pages(data, limits=limits):
            height, width = page.shape[:2]
            return width, height
        raise ImageError("the file has no page")

    def _keep(
        self, session: Session, model: Model, upload: Upload, size: tuple[int, int], boxes: Sequence[Box] | None
    ) -> Picture:
        digest, name = self.context.files.put(upload.data), upload.name[:PICTURE_NAME]
        row = session.scalar(
            select(Picture).where(Picture.model_id == model.id, Picture.digest == digest, Picture.name == name)
        )
        if row is None:
            charge(session, self.context, model.workspace_id, len(upload.data))
            row = Picture(
                id=new_id(),
                workspace_id=model.workspace_id,
                model_id=model.id,
                name=name,
                digest=digest,
                bytes=len(upload.data),
                width=size[0],
                height=size[1],
                boxes=[],
            )
            session.add(row)
        if boxes is not None:
            self._mark(row, model, boxes)
        session.flush()
        return row

    def mark(
        self, caller: Caller, model_id: str, picture_id: str, boxes: Sequence[Mapping[str, Any]], revision: int | None
    ) -> Picture:
        """Set what is marked in a picture.

        Args:
            caller: Who does it.
            model_id: The picture's model.
            picture_id: The picture.
            boxes: All boxes; earlier ones are forgotten.
            revision: The number that the client saw last, so that two people do not undo each other; None: whatever.

        Raises:
            NotThere: There is no such model or picture.
            BadRequest: A box is wrong.
            Conflict: Somebody else has changed it since.
        """
        caller.need("write")
        with self.context.store.session() as session:
            model = model_of(session, caller, model_id)
            row = self._row(session, model, picture_id)
            if revision is not None and revision != row.revision:
                raise Conflict("somebody else has changed this picture's boxes since you opened it; load it again")
            self._mark(row, model, boxes)
            note(session, caller, "picture.mark", row.id, counted(len(row.boxes), "box", "boxes"))
            return row

    def _mark(self, row: Picture, model: Model, boxes: Sequence[Mapping[str, Any]]) -> None:
        row.boxes = [check_box(box, model.labels, row.width, row.height) for box in _few(boxes)]
        row.state = "marked"
        row.revision = (row.revision or 0) + 1

    def all(
        self, caller: Caller, model_id: str, state: str = "", offset: int = 0, limit: int = 100
    ) -> tuple[list[Picture], int]:
        """One page of a model's pictures, oldest first, and how many there are in all.

        Raises:
            NotThere: There is no such model.
        """
        caller.need("read")
        with self.context.store.session() as session:
            model = model_of(session, caller, model_id)
            query = select(Picture).where(Picture.model_id == model.id)
            if state:
                query = query.where(Picture.state == state)
            total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
            rows = session.scalars(query.order_by(Picture.created, Picture.id).offset(offset).limit(limit))
            return list(rows), total

    def get(self, caller: Caller, model_id: str, picture_id: str) -> Picture:
        """One picture.

        Raises:
            NotThere: There is no such model or picture.
        """
        caller.need("read")
        with self.context.store.session() as session:
            return self._row(session, model_of(session, caller, model_id), picture_id)

    def delete(self, caller: Caller, model_id: str, picture_id: str) -> None:
        """Forget a picture.

        Raises:
            NotThere: There is no such model or picture.
        """
        caller.need("write")
        with self.context.store.session() as session:
            row = self._row(session, model_of(session, caller, model_id), picture_id)
            refund(session, caller.workspace, row.bytes)
            session.delete(row)
            session.flush()
            note(session, caller, "picture.delete", row.id, row.name)
            unused = not is_kept(session, row.digest)
        if unused:
            self.context.files.delete(row.digest)

    def _row(self, session: Session, model: Model, picture_id: str) -> Picture:
        row = session.scalar(select(Picture).where(Picture.id == picture_id, Picture.model_id == model.id))
        if row is None:
            raise NotThere("the model has no such picture; list its pictures")
        return row


def counted(number: int, one: str, several: str) -> str:
    """A number with its noun."""
    return f"{number} {one if number == 1 else several}"


def samples(session: Session, model: Model) -> Iterator[Picture]:
    """All marked pictures of a model, in the order in which they came."""
    yield from session.scalars(
        select(Picture)
        .where(Picture.model_id == model.id, Picture.state == "marked")
        .order_by(Picture.created, Picture.id)
    )


def _few(boxes: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    if len(boxes) > MOST_BOXES:
        raise TooLarge(f"{len(boxes)} boxes in one picture, {MOST_BOXES} are allowed")
    return boxes


def check_box(box: Mapping[str, Any], labels: Sequence[str], width: int, height: int) -> Box:
    """A box as it is kept: its corners inside the picture, its label one of the model's.

    Raises:
        BadRequest: It is something else.
    """
    label = str(box.get("label", ""))
    if label not in labels:
        raise BadRequest(f"{label[:100]!r} is not one of the model's categories: {', '.join(labels)}")
    quad = box.get("quad")
    try:
        corners = [(float(x), float(y)) for x, y in quad or ()]
    except (TypeError, ValueError) as error:
        raise BadRequest("'quad' is four corners [[x, y], ...] in pixels") from error
    if len(corners) != 4 or not all(math.isfinite(value) for corner in corners for value in corner):
        raise BadRequest("'quad' is four corners [[x, y], ...] in pixels")
    text = box.get("text")
    if text is not None and (not isinstance(text, str) or len(text) > LONGEST_TEXT):
        raise BadRequest(f"a box's text is at most {LONGEST_TEXT} characters")
    return {
        "id": str(box.get("id") or new_id())[:36],
        "label": label,
        "quad": [[min(max(x, 0.0), float(width)), min(max(y, 0.0), float(height))] for x, y in corners],
        "text": text,
    }
