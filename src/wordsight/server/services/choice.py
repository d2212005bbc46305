"""Which picture to label next: one that the trained model doubts and that is unlike those that are labelled.

Looking at a picture with the model takes about a second, so each question looks at pictures for a few seconds only,
and what was seen is remembered: the choice becomes better while somebody labels.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select

from wordsight.errors import ImageError
from wordsight.fields.extract import TaughtModel
from wordsight.fields.suggest import Looked, describe, examine, rank
from wordsight.image.load import Limits, load
from wordsight.server.errors import NotThere
from wordsight.server.inference import Inference
from wordsight.server.security import Caller
from wordsight.server.services.context import Context, model_of
from wordsight.server.tables import Picture, Version
from wordsight.types import Floats
from wordsight.types import Picture as Pixels

SECONDS = 4.0
COMPARED = 60
"""Labelled pictures, the newest, that the next one is to differ from."""
REMEMBERED = 2000
"""Pictures whose looks are kept in memory, less than a kilobyte each; so many are compared at most."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The picture to label next.

    Attributes:
        picture: Its id; None where nothing is left, or the model cannot tell yet.
        doubt: How unsure the model is of it, 0..1.
        looked: Among how many pictures it was chosen.
        left: How many are not labelled.
    """

    picture: str | None
    doubt: float
    looked: int
    left: int


class Choice:
    """Chooses pictures; one for each process, which remembers what it has looked at."""

    def __init__(self, context: Context, inference: Inference) -> None:
        self.context = context
        self.inference = inference
        settings = context.settings
        self._limits = Limits(pixels=settings.max_pixels, file_bytes=settings.max_upload_bytes)
        self._seen: OrderedDict[tuple[str, str], Looked | None] = OrderedDict()
        self._marked: OrderedDict[tuple[str, int], Floats | None] = OrderedDict()
        self._lock = threading.Lock()

    def next(self, caller: Caller, model_id: str, besides: str = "", seconds: float = SECONDS) -> Chosen:
        """The picture to label next.

        Args:
            caller: Who asks.
            model_id: The model.
            besides: Id of a picture that is not meant: the one that is being labelled.
            seconds: For how long new pictures are looked at.

        Raises:
            NotThere: There is no such model.
        """
        caller.need("read")
        with self.context.store.session() as session:
            model = model_of(session, caller, model_id)
            query = select(Picture.id, Picture.digest).where(
                Picture.model_id == model.id, Picture.state == "new", Picture.id != besides
            )
            rows = session.execute(query.order_by(Picture.created, Picture.id)).all()
            newest = select(Picture).where(Picture.model_id == model.id, Picture.state == "marked")
            marked = list(session.scalars(newest.order_by(Picture.created.desc(), Picture.id).limit(COMPARED)))
            version = session.scalar(
                select(Version.digest).where(Version.model_id == model.id, Version.number == model.active_version)
            )
        if version is None or not rows:
            return Chosen(None, 0.0, 0, len(rows))
        with self._lock:
            self._look(version, rows, seconds)
            known = [(picture, self._seen.get((version, digest))) for picture, digest in rows]
            looked = [replace(look, image=picture) for picture, look in known if look is not None]
            # Labelled pictures are loaded to be compared with, so only where there is something to compare.
            labelled = [look for row in marked if (look := self._labelled(row)) is not None] if looked else []
        best = rank(looked, 1, labelled)
        return Chosen(best[0].image if best else None, best[0].doubt if best else 0.0, len(looked), len(rows))

    def _look(self, version: str, rows: Sequence[tuple[str, str]], seconds: float) -> None:
        """Look at pictures that were not looked at, for some seconds."""
        ends = time.monotonic() + seconds
        model: TaughtModel | None = None
        for _, digest in rows[:REMEMBERED]:
            if (version, digest) in self._seen:
                continue
            if time.monotonic() >= ends:
                break
            model = model or self.inference.model(version)
            self._seen[version, digest] = self._one(model, digest)
            if len(self._seen) > REMEMBERED:
                self._seen.popitem(last=False)

    def _labelled(self, row: Picture) -> Floats | None:
        """What a labelled picture looks like; None where it cannot be read."""
        key = (row.id, row.revision)
        if key not in self._marked:
            fields = {str(box["label"]): str(box.get("text") or "") for box in row.boxes}
            picture = self._load(row.digest)
            self._marked[key] = None if picture is None else describe(picture, fields)
            if len(self._marked) > REMEMBERED:
                self._marked.popitem(last=False)
        return self._marked[key]

    def _one(self, model: TaughtModel, digest: str) -> Looked | None:
        """What the model makes of a picture; None where it cannot be read."""
        picture = self._load(digest)
        return None if picture is None else next(examine(model, [picture]), None)

    def _load(self, digest: str) -> Pixels | None:
        try:
            return load(self.context.files.get(digest), self._limits)
        except (ImageError, NotThere):
            return None
