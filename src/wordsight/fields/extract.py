"""A taught model at work: named fields out of a picture."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from wordsight.errors import WordsightError
from wordsight.fields.candidate import Candidate, familiarity
from wordsight.fields.confidence import Signals, logit, probability
from wordsight.fields.crops import BoxReader
from wordsight.fields.document_values import document_candidates
from wordsight.fields.model import LabelCard, ModelCard
from wordsight.fields.objects import KNOWN, object_candidates
from wordsight.fields.parts import Parts, open_parts
from wordsight.image.load import ImageSource, load_pages
from wordsight.page import Failure, Page, encodable
from wordsight.reader import source_name
from wordsight.stages import GuidedRecognizer, Recognizer, StageOptions
from wordsight.types import Picture, Quad, Reading
from wordsight.vocabulary import Vocabulary

DOUBT = 0.1
"""A value that is less probably right is not given."""
SEEN = 0.2
"""The surest thing in a picture is told from this score on, however doubtful what it says."""
BELIEVED = 0.5
"""A second thing of a label is told from this confidence on, where it has a known form."""
SAME_THING = 0.5
"""Of two things that share so much of the smaller one's area, the surer stays."""
WHOLE = "text"
"""Name of the field of a model that reads whole pictures."""


@dataclass(frozen=True, slots=True)
class FieldValue:
    """One value of a field.

    Attributes:
        name: The field.
        text: What it says; empty where there is a place but nothing to read.
        quad: Where it stands; None where the whole picture is meant.
        confidence: Calibrated probability that the text is right (of a label without texts: that the place is).
        page: Number of the page in its file, from 0.
        score: The detector's own score of the place, 0..1; None where no detector of things was asked.
    """

    name: str
    text: str
    quad: Quad | None
    confidence: float
    page: int
    score: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as in ``predictions`` of ``wordsight predict --format jsonl``."""
        return {
            "label": self.name,
            "text": self.text,
            "confidence": round(self.confidence, 4),
            "quad": self.quad.tolist() if self.quad else None,
            "page": self.page,
            **({} if self.score is None else {"detection_score": round(self.score, 4)}),
        }


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a model found in one picture or page.

    Attributes:
        image: The path as given.
        page: Number of the page in its file, from 0.
        width: Width of the upright picture, pixels.
        height: Its height.
        fields: For each field that was found its text, or its texts where it may occur several times.
        details: The values with place and confidence.
        model: Name of the model.
        seconds: Time it took.
    """

    image: str
    page: int
    width: int
    height: int
    fields: Mapping[str, str | tuple[str, ...]]
    details: tuple[FieldValue, ...]
    model: str
    seconds: float = field(default=0.0, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """The record of ``wordsight predict --format jsonl``."""
        record: dict[str, Any] = {
            "schema": 1,
            "image": self.image,
            "page": self.page,
            "width": self.width,
            "height": self.height,
            "model": self.model,
            "fields": {name: list(said) if isinstance(said, tuple) else said for name, said in self.fields.items()},
            "predictions": [value.to_dict() for value in self.details],
            "seconds": round(self.seconds, 4),
        }
        if set(self.fields) <= {WHOLE} and all(value.quad is None for value in self.details):
            record["text"] = self.fields.get(WHOLE, "")
            record["confidence"] = round(max((v.confidence for v in self.details), default=0.0), 4)
        return record

    def to_json(self) -> str:
        """:meth:`to_dict` as JSON text."""
        return encodable(json.dumps(self.to_dict(), ensure_ascii=False))


@dataclass(frozen=True, slots=True)
class TaughtModel:
    """A model that was taught; immutable, safe to call from many threads.

    Attributes:
        card: What it is.
        parts: Its networks and tables, and the reader around them.
    """

    card: ModelCard
    parts: Parts

    @classmethod
    def open(cls, source: str | Path, options: StageOptions | None = None) -> TaughtModel:
        """Open a model by its name in the store (``plates``, ``plates@2``) or by the path of its file.

        Args:
            source: Name or path; what ends in ``.wordsight`` or holds a slash is a path.
            options: Engine, precision and threads; quality for documents.

        Raises:
            WeightsMissing: There is no such model.
            WeightsCorrupt: The file is damaged.
            ModelError: It was made by a newer version, or a network cannot be loaded.
            ConfigError: The name is not one.
        """
        card, parts = open_parts(source, options or StageOptions())
        return cls(card, parts)

    def predict(self, source: ImageSource) -> Prediction:
        """The fields of a picture; of a file with several pages, of the first.

        Raises:
            ImageError: The picture cannot be loaded.
        """
        return next(self.predict_pages(source))

    def predict_pages(self, source: ImageSource) -> Iterator[Prediction]:
        """The fields of each page of a file.

        Raises:
            ImageError: The picture cannot be loaded.
        """
        for number, picture in enumerate(load_pages(source, self.parts.reader.limits)):
            start = time.perf_counter()
            values = self.judge(self.candidates(picture), number)
            height, width = picture.shape[:2]
            fields = self._fields(values)
            took = time.perf_counter() - start
            yield Prediction(source_name(source), number, width, height, fields, values, self.card.name, took)

    def predict_many(self, sources: Iterable[ImageSource]) -> Iterator[Prediction | Failure]:
        """The fields of many pictures, in order; a failure stands in the place of what cannot be read."""
        for source in sources:
            try:
                yield from self.predict_pages(source)
            except WordsightError as error:
                yield Failure(source_name(source), error)

    def candidates(self, picture: Picture, page: Page | None = None) -> list[Candidate]:
        """All values that may stand in a picture, before they are judged.

        Args:
            picture: (H, W, 3) uint8, RGB.
            page: The picture as it was read; None reads it where the model has fields of documents.
        """
        found = []
        kinds = {label.kind for label in self.card.labels}
        if "crop" in kinds:
            found += [self._whole(picture, label) for label in self.card.labels if label.kind == "crop"]
        if "object" in kinds:
            found += self._objects(picture, page)
        if "document" in kinds and self.parts.tagger is not None:
            page = page or self.parts.reader.read(picture)
            found += document_candidates(self.parts.tagger, page, self.card.labels)
        return found

    def judge(self, candidates: Sequence[Candidate], page: int = 0) -> tuple[FieldValue, ...]:
        """Values with their confidence: the best of each field, or all where it may occur several times."""
        return tuple(value for label in self.card.labels for value in judged(candidates, label, page))

    def with_card(self, card: ModelCard) -> TaughtModel:
        """The same networks under another card, such as one with fitted confidences."""
        return replace(self, card=card)

    def _fields(self, values: Sequence[FieldValue]) -> dict[str, str | tuple[str, ...]]:
        fields: dict[str, str | tuple[str, ...]] = {}
        for label in self.card.labels:
            texts = tuple(value.text for value in values if value.name == label.name and value.text)
            if label.many:
                fields[label.name] = texts
            elif texts:
                fields[label.name] = texts[0]
        return fields

    def _whole(self, picture: Picture, label: LabelCard) -> Candidate:
        (reading,) = read_whole(self.parts.recognizer, [picture], label)
        signals = Signals(0.0, logit(reading.confidence), 0.0, familiarity(reading.text, label))
        return Candidate(label.name, reading.text, None, signals)

    def _objects(self, picture: Picture, page: Page | None) -> list[Candidate]:
        if self.parts.finder is None:
            return []
        reader = BoxReader(self.parts.lines, self.parts.recognizer)
        return object_candidates(
            self.parts.finder, reader, self.card.labels, picture, lambda: page or self.parts.reader.read(picture)
        )


def read_whole(recognizer: Recognizer, pictures: Sequence[Picture], label: LabelCard) -> list[Reading]:
    """Whole pictures that say one value each, read as the label's values are formed."""
    if not label.pattern or not isinstance(recognizer, GuidedRecognizer):
        return recognizer.recognize(pictures)
    return recognizer.recognize_with(pictures, [Vocabulary(pattern=label.pattern)] * len(pictures))


def judged(candidates: Sequence[Candidate], label: LabelCard, page: int = 0) -> list[FieldValue]:
    """Values of a label with their confidence, the surest first: one, or all where it may occur several times."""
    own = [candidate for candidate in candidates if candidate.label == label.name]
    values = [
        FieldValue(label.name, c.text, c.quad, probability(c.signals, label.calibration), page, c.score) for c in own
    ]
    kept: list[FieldValue] = []
    for value, candidate in sorted(zip(values, own, strict=True), key=lambda pair: -pair[0].confidence):
        if not kept:
            told = value.confidence >= DOUBT or (value.score or 0.0) >= SEEN
        elif value.score is None:
            told = label.many and value.confidence >= DOUBT
        else:
            formed = not label.pattern or candidate.signals.familiar >= KNOWN
            told = label.many and formed and value.confidence >= BELIEVED
        if told and not any(_overlap(value, one) for one in kept):
            kept.append(value)
    return kept


def _overlap(value: FieldValue, other: FieldValue) -> bool:
    """Whether two things are one: most of the smaller box lies in the other."""
    if value.score is None or value.quad is None or other.quad is None:
        return False
    (l1, t1, r1, b1), (l2, t2, r2, b2) = value.quad.bounds, other.quad.bounds
    shared = max(min(r1, r2) - max(l1, l2), 0.0) * max(min(b1, b2) - max(t1, t2), 0.0)
    return shared > SAME_THING * max(min((r1 - l1) * (b1 - t1), (r2 - l2) * (b2 - t2)), 1e-6)


def load(model: str | Path) -> TaughtModel:
    """Open a taught model: ``wordsight.load("plates").predict("photo.jpg").fields``.

    Args:
        model: Its name (``plates``, ``plates@2``) or the path of its file; errors as in :meth:`TaughtModel.open`.
    """
    return TaughtModel.open(model)
