"""A taught model at work: named fields out of a picture."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from wordsight.detection.single_shot import Found
from wordsight.errors import WordsightError
from wordsight.fields.confidence import Signals, logit, probability
from wordsight.fields.crops import BoxReader
from wordsight.fields.document import Tagger, outline
from wordsight.fields.model import LabelCard, ModelCard
from wordsight.fields.parts import Parts, open_parts
from wordsight.fields.tokens import join, tokens_of
from wordsight.fields.values import correct, form, plain
from wordsight.image.load import ImageSource, load_pages
from wordsight.page import Failure, Page, encodable
from wordsight.reader import source_name
from wordsight.rectify.crop import Pyramid
from wordsight.stages import StageOptions
from wordsight.types import Picture, Quad

DOUBT = 0.1
"""A value that is less probably right is not given."""
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
class Candidate:
    """A value before it is judged: what, where, and the signals of the stages."""

    label: str
    text: str
    quad: Quad | None
    signals: Signals
    score: float | None = None


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
            found += self._objects(picture)
        if "document" in kinds and self.parts.tagger is not None:
            page = page or self.parts.reader.read(picture)
            found += document_candidates(self.parts.tagger, page, self.card.labels)
        return found

    def judge(self, candidates: Sequence[Candidate], page: int = 0) -> tuple[FieldValue, ...]:
        """Values with their confidence: the best of each field, or all where it may occur several times."""
        values = []
        for label in self.card.labels:
            judged = [
                FieldValue(label.name, c.text, c.quad, probability(c.signals, label.calibration), page, c.score)
                for c in candidates
                if c.label == label.name
            ]
            judged.sort(key=lambda value: -value.confidence)
            # A thing that was found is told, however doubtful what it says.
            kept = [value for value in judged if value.confidence >= DOUBT or value.score is not None]
            values += kept if label.many else kept[:1]
        return tuple(values)

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
        (reading,) = self.parts.recognizer.recognize([picture])
        signals = Signals(0.0, logit(reading.confidence), 0.0, familiarity(reading.text, label))
        return Candidate(label.name, reading.text, None, signals)

    def _objects(self, picture: Picture) -> list[Candidate]:
        if self.parts.finder is None:
            return []
        cards = {label.name: label for label in self.card.labels}
        reader = BoxReader(self.parts.lines, self.parts.recognizer)
        pyramid = Pyramid(picture)
        found = []
        for thing in self.parts.finder.find(picture):
            if thing.label in cards:
                label = cards[thing.label]
                found.append(read_object(reader, pyramid, label, place(thing, label), thing.score))
        return found


def place(thing: Found, label: LabelCard) -> Quad:
    """Where a thing is: its level box where the labels are level boxes, else its quad."""
    return Quad.from_box(*thing.box) if label.level else thing.quad


def read_object(reader: BoxReader, pyramid: Pyramid, label: LabelCard, quad: Quad, score: float) -> Candidate:
    """The text in a box that was found with a score."""
    points = np.asarray(quad.points)
    way = reader.lines if label.reading == "lines" else reader.whole
    reading = way(pyramid, points, label.padding)
    read = logit(reading.confidence) if label.texts else 0.0
    familiar = familiarity(reading.text, label) if label.texts else 1.0
    return Candidate(label.name, reading.text, quad, Signals(logit(score), read, 0.0, familiar), score)


def document_candidates(tagger: Tagger, page: Page, labels: Sequence[LabelCard]) -> list[Candidate]:
    """Values of the document fields on a page that was read; of a field that occurs once only the best."""
    tokens = tokens_of(page)
    spans = tagger.spans(tokens)
    found = []
    for label in labels:
        if label.kind != "document":
            continue
        best = [span for span in spans.get(label.name, []) if label.many and span.score > 0]
        for span in best or spans.get(label.name, [])[:1]:
            run = tokens[span.start : span.end]
            said = join(run)
            known = correct(said, label.values)
            read = 2.0 if known else logit(min(token.confidence for token in run))
            signals = Signals(span.score, read, 0.0 if label.many else span.margin, 1.0 if known else span.familiar)
            found.append(Candidate(label.name, known or said, outline(run), signals))
    return found


def familiarity(text: str, label: LabelCard) -> float:
    """1 where a text has a form that training values have, or where none is known."""
    return float(not label.forms or form(plain(text)) in label.forms)


def load(model: str | Path) -> TaughtModel:
    """Open a taught model: ``wordsight.load("plates").predict("photo.jpg").fields``.

    Args:
        model: Its name (``plates``, ``plates@2``) or the path of its file; errors as in :meth:`TaughtModel.open`.
    """
    return TaughtModel.open(model)
