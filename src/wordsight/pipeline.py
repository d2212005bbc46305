"""From a picture to words and lines: detect, cut out, turn upright, read, put in order."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import numpy as np

from wordsight import geometry
from wordsight.config import PADDING, Quality
from wordsight.errors import ConfigError
from wordsight.image.turn import level
from wordsight.layout import lines as rows
from wordsight.layout.order import is_leftwards, order
from wordsight.layout.rivals import surer
from wordsight.layout.words import split
from wordsight.recognition.confidence import calibrated
from wordsight.recognition.views import DOUBTFUL, views, vote
from wordsight.rectify.crop import Pyramid
from wordsight.rectify.level import amount, from_the_side, lean, put_back, search
from wordsight.rectify.orient import DOUBT, SQUARE, lie_down, read_upright, weight
from wordsight.stages import Calibrated, Detector, GuidedRecognizer, PageRecognizer, Recognizer
from wordsight.types import (
    Char,
    Detection,
    Floats,
    Line,
    Picture,
    Quad,
    Reading,
    Span,
    Word,
    join_words,
    mean_confidence,
)
from wordsight.vocabulary import Vocabulary

CROP_HEIGHT = 48
"""Height of the crops, which is what the stock recognizer looks at."""

NO_VOCABULARY = "this recognizer takes no list of words and no pattern; leave them out, or choose recognizer 'svtr'"

FEW = 4.0
"""A picture in which fewer characters were read, or found, is looked at from other angles."""

LEVEL = 0.8
"""What is read in level text counts if it is at least this share of what was read in the leaning text: words are
told apart better there, and less is made up."""


@dataclass(slots=True)
class Clock:
    """Seconds that each stage took."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Add the time of a block to a stage."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - start


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found in a picture: words in reading order, their lines, and the detector's scale."""

    words: tuple[Word, ...]
    lines: tuple[Line, ...]
    scale: float

    def put_back(self, back: Callable[[Floats], Floats], zoom: float) -> Findings:
        """The same in the picture that this one was made of.

        Args:
            back: From points (4, 2) of the one to those of the other.
            zoom: How many times as large things are in this one.
        """

        def old(quad: Quad) -> Quad:
            return Quad(back(quad.points))

        words = tuple(
            replace(word, quad=old(word.quad), chars=tuple(replace(char, quad=old(char.quad)) for char in word.chars))
            for word in self.words
        )
        lines = tuple(replace(line, quad=old(line.quad)) for line in self.lines)
        return Findings(words, lines, self.scale * zoom)


@dataclass(frozen=True, slots=True, eq=False)
class _Texts:
    """What a detector found, its quads upright, the reading of each; and the same of a rival."""

    found: Detection
    readings: list[Reading]
    rival: _Texts | None

    @property
    def weight(self) -> float:
        """How much was read, see :func:`wordsight.rectify.orient.weight`."""
        return weight(self.readings)


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The stages of a reader, put together.

    Attributes:
        detector: Finds text.
        recognizer: Reads it.
        min_confidence: Words below this confidence are left out.
        padding: Margin around a text when it is read, in shares of its width and height; None: ``PADDING``.
        effort: A picture in which next to nothing was read is looked at from the side too, or from every side (best).
    """

    detector: Detector
    recognizer: Recognizer
    min_confidence: float
    padding: float | None
    effort: Quality = "balanced"

    def detect(self, picture: Picture, clock: Clock) -> Findings:
        """Places only: one word without text for each thing the detector found, its score as confidence."""
        with clock("detect"):
            found = self.detector.detect(picture)
            angle = self._angle(picture, found, amount(found))
            if angle and amount(other := self._leaning(picture, angle)) > LEVEL * amount(found):
                found = other
        with clock("layout"):
            quads = lie_down(found.quads)
            units = [[Word(Quad(quad), "", float(s), float(s))] for quad, s in zip(quads, found.scores, strict=True)]
            return arrange(units, quads, found.scale)

    def read(self, picture: Picture, clock: Clock, vocabulary: Vocabulary | None = None) -> Findings:
        """Words and lines of a picture, at whatever angle it lies."""
        pyramid = Pyramid(picture)
        with clock("detect"):
            found = self.detector.detect(picture)
        with clock("recognize"):
            texts = self._upright(found, pyramid, vocabulary)
        with clock("detect"):
            angle = self._angle(picture, texts.found, texts.weight)
            other = self._leaning(picture, angle) if angle else None
        if other is not None:
            # Found in the turned picture, but read in the picture itself: turning blurs.
            with clock("recognize"):
                others = self._upright(other, pyramid, vocabulary)
            if others.weight > max(LEVEL * texts.weight, FEW):
                texts = others
        with clock("layout"):
            units, quads = self._units(texts), texts.found.quads
            if texts.rival is not None:
                units, quads = surer(units, quads, self._units(texts.rival), texts.rival.found.quads)
            return arrange(units, quads, texts.found.scale)

    def _angle(self, picture: Picture, found: Detection, much: float) -> float:
        """The angle by which a picture is to be turned back before it is looked at again; 0 where it need not be.

        Args:
            picture: The picture.
            found: What was found in it as it lies.
            much: How much that is, in characters; where it is next to nothing, other angles are tried.
        """
        angle = lean(found)
        if angle or much >= FEW or self.effort == "fast":
            return angle
        if self.effort == "best":
            return search(picture, self.detector)
        return from_the_side(picture, self.detector, found)

    def _leaning(self, picture: Picture, angle: float) -> Detection:
        """What is found in a picture that is turned back by an angle, at the places of the picture itself."""
        turned, back = level(picture, angle)
        return put_back(self.detector.detect(turned), back)

    def _upright(self, found: Detection, pyramid: Pyramid, vocabulary: Vocabulary | None) -> _Texts:
        quads, readings = read_upright(found.quads, lambda quads: self._read(pyramid, quads, vocabulary))
        rival = None if found.rival is None else self._upright(found.rival, pyramid, vocabulary)
        return _Texts(replace(found, quads=quads, rival=None), readings, rival)

    def recognize(self, crops: Sequence[Picture], vocabularies: Sequence[Vocabulary | None]) -> list[Reading]:
        """Read crops of one line each.

        A tall crop that makes no sense as it stands is read lying on either side, and a doubtful one from other sides.
        """
        readings = recognize(self.recognizer, crops, vocabularies)
        tall = [
            index
            for index, crop in enumerate(crops)
            if crop.shape[0] > SQUARE * crop.shape[1] and (readings[index].confidence < DOUBT or readings[index].bent)
        ]
        for quarters in (1, 3):
            turned = [np.ascontiguousarray(np.rot90(crops[index], quarters)) for index in tall]
            again = recognize(self.recognizer, turned, [vocabularies[index] for index in tall])
            for index, reading in zip(tall, again, strict=True):
                readings[index] = max(readings[index], reading, key=lambda reading: reading.rank)
        if self.effort != "fast" and isinstance(self.recognizer, GuidedRecognizer):  # others are slow
            self._vote(crops, vocabularies, readings)
        return readings

    def _vote(
        self, crops: Sequence[Picture], vocabularies: Sequence[Vocabulary | None], readings: list[Reading]
    ) -> None:
        """Look at doubtful crops from other sides."""
        doubtful = [index for index, reading in enumerate(readings) if reading.confidence < DOUBTFUL]
        seen = {index: views(crops[index]) for index in doubtful}
        flat = [(view, vocabularies[index]) for index in doubtful for view in seen[index]]
        again = iter(recognize(self.recognizer, [view for view, _ in flat], [known for _, known in flat]))
        for index in doubtful:
            readings[index] = vote(readings[index], [next(again) for _ in seen[index]])

    def _read(self, pyramid: Pyramid, quads: Floats, vocabulary: Vocabulary | None) -> list[Reading]:
        padded = geometry.grow(quads, self._ends(quads), PADDING if self.padding is None else self.padding)
        crops = [pyramid.crop(quad, CROP_HEIGHT) for quad in padded]
        return recognize(self.recognizer, crops, [vocabulary] * len(crops))

    def _ends(self, quads: Floats) -> Floats:
        """Margin at either end of texts (N, 4, 2), in shares of their heights: (N,)."""
        if self.padding is None:
            return np.full(len(quads), PADDING, np.float32)
        along, across = geometry.sides(quads)
        return np.asarray(self.padding * along / np.maximum(across, 1e-3), np.float32)

    def _calibrated(self, spans: Sequence[Span]) -> float:
        own = self.recognizer
        return own.confidence(spans) if isinstance(own, Calibrated) else calibrated(spans)

    def _units(self, texts: _Texts) -> list[list[Word]]:
        found = texts.found
        together = zip(found.quads, texts.readings, found.scores, strict=True)
        return [self._words(quad, reading, float(score)) for quad, reading, score in together]

    def _words(self, quad: Floats, reading: Reading, score: float) -> list[Word]:
        """The words of one text, without those that are too doubtful."""
        along, across = (float(side[0]) for side in geometry.sides(quad[None]))
        # Fraction of the text's length, at either end of the crop.
        margin = float(self._ends(quad[None])[0]) * across / max(along, 1e-3)

        def places(spans: Sequence[Span]) -> list[Quad]:
            """The quad of all of them, then that of each."""
            pairs = [(spans[0].start, spans[-1].end), *((span.start, span.end) for span in spans)]
            ends = np.clip(np.array(pairs) * (1 + 2 * margin) - margin, 0, 1)
            ends[:, 1] = np.maximum(ends[:, 1], ends[:, 0] + 1e-3)
            return [Quad(part) for part in geometry.cuts(quad, ends.astype(np.float32))]

        words = []
        for spans in split(reading.spans):
            confidence = self._calibrated(spans)
            if confidence >= self.min_confidence:
                whole, *parts = places(spans)
                chars = tuple(Char(s.text, part, s.probability) for s, part in zip(spans, parts, strict=True))
                text = "".join(span.text for span in spans)
                words.append(Word(whole, text, confidence, score, chars=chars))
        return words


@dataclass(frozen=True, slots=True)
class WholePage:
    """Instead of a pipeline: one engine that finds, reads and orders the text of a page by itself.

    Attributes:
        engine: Does the work.
        min_confidence: Words below this confidence are left out.
    """

    engine: PageRecognizer
    min_confidence: float

    def detect(self, picture: Picture, clock: Clock) -> Findings:
        """Places only, as the engine divides the page; the words' texts are empty."""
        with clock("detect"):
            return in_rows(self.engine.read_page(picture, boxes_only=True))

    def read(self, picture: Picture, clock: Clock, vocabulary: Vocabulary | None = None) -> Findings:
        """Words and lines of a picture."""
        if vocabulary:
            raise ConfigError(NO_VOCABULARY)
        with clock("recognize"):
            rows = self.engine.read_page(picture)
        return in_rows([[word for word in row if word.confidence >= self.min_confidence] for row in rows])

    def recognize(self, crops: Sequence[Picture], vocabularies: Sequence[Vocabulary | None]) -> list[Reading]:
        """Read crops of one line each."""
        if not isinstance(self.engine, Recognizer):
            raise ConfigError("this engine reads whole pages only; choose another recognizer for crops")
        return recognize(self.engine, crops, vocabularies)


def recognize(
    recognizer: Recognizer, crops: Sequence[Picture], vocabularies: Sequence[Vocabulary | None]
) -> list[Reading]:
    """Read crops, each with its vocabulary.

    Raises:
        ConfigError: There is a vocabulary, and the recognizer takes none.
    """
    if not any(vocabularies):
        return recognizer.recognize(crops)
    if not isinstance(recognizer, GuidedRecognizer):
        raise ConfigError(NO_VOCABULARY)
    return recognizer.recognize_with(crops, vocabularies)


def in_rows(rows_of_words: Sequence[Sequence[Word]]) -> Findings:
    """Words that already stand in lines and in order."""
    words: list[Word] = []
    lines: list[Line] = []
    for row in filter(None, rows_of_words):
        quad = Quad(rows.outline(np.stack([word.quad.points for word in row])))
        numbers = tuple(range(len(words), len(words) + len(row)))
        words += [_in_line(word, len(lines)) for word in row]
        lines.append(Line(quad, join_words(row), mean_confidence(row), numbers))
    return Findings(tuple(words), tuple(lines), 1.0)


def arrange(units: Sequence[Sequence[Word]], quads: Floats, scale: float) -> Findings:
    """Put words into lines and lines into reading order.

    Args:
        units: For each detected quad its words in reading order, possibly none.
        quads: (N, 4, 2) the detected quads, upright.
        scale: Handed on.
    """
    filled = np.array([i for i, unit in enumerate(units) if unit], dtype=np.intp)
    groups = [[int(filled[i]) for i in group] for group in rows.group(quads[filled])]
    outlines = [rows.outline(quads[group]) for group in groups]
    words: list[Word] = []
    lines: list[Line] = []
    leftwards = is_leftwards(word.text for unit in units for word in unit)
    for number, index in enumerate(order(np.array(outlines, np.float32).reshape(-1, 4, 2), leftwards)):
        members = [word for unit in groups[index][:: -1 if leftwards else 1] for word in units[unit]]
        words += [_in_line(word, number) for word in members]
        numbers = tuple(range(len(words) - len(members), len(words)))
        lines.append(Line(Quad(outlines[index]), join_words(members), mean_confidence(members), numbers))
    return Findings(tuple(words), tuple(lines), scale)


def _in_line(word: Word, line: int) -> Word:
    return Word(word.quad, word.text, word.confidence, word.detection_score, line, word.chars)
