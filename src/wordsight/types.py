"""The data that stages hand to each other: frozen, checked when made, independent of any model.

Positions are pixels of the EXIF-upright page: origin at the top left corner of the top left pixel, x to the
right, y down, float32. Scores and confidences lie in 0..1.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
"""An upright picture or crop: (height, width, 3) uint8, RGB."""

Floats = NDArray[np.float32]
"""An array of float32; each docstring gives its shape."""


@dataclass(frozen=True, slots=True, eq=False)
class Quad:
    """Four corners of a text in page pixels, in the order top left, top right, bottom right, bottom left.

    "Top" is the text's own up: upside-down text has its first corner at the lower right of the picture.

    Attributes:
        points: (4, 2) float32, read-only, columns x and y.

    Raises:
        ValueError: The points are not four finite pairs.
    """

    points: Floats

    def __post_init__(self) -> None:
        points = np.array(self.points, dtype=np.float32) + 0.0  # no -0.0: it equals 0.0, and would hash otherwise
        if points.shape != (4, 2) or not np.isfinite(points).all():
            raise ValueError(f"a quad is four finite (x, y) pairs, not {self.points!r}")
        points.setflags(write=False)
        object.__setattr__(self, "points", points)

    @classmethod
    def from_box(cls, left: float, top: float, right: float, bottom: float) -> Quad:
        """An axis-aligned quad of upright text."""
        return cls(np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32))

    @property
    def angle(self) -> float:
        """Direction in which the text runs, degrees in (-180, 180], 0 to the right, 90 downwards."""
        x, y = (self.points[1] - self.points[0]) + (self.points[2] - self.points[3])
        degrees = math.degrees(math.atan2(y, x))
        return degrees if degrees > -180 else 180.0

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom of the smallest axis-aligned box around the quad."""
        left, top = self.points.min(axis=0)
        right, bottom = self.points.max(axis=0)
        return float(left), float(top), float(right), float(bottom)

    def tolist(self) -> list[list[float]]:
        """Corners as plain numbers with two decimals, which is finer than any detector is."""
        return [[round(float(x), 2), round(float(y), 2)] for x, y in self.points]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Quad) and bool((self.points == other.points).all())

    def __hash__(self) -> int:
        return hash(self.points.tobytes())


@dataclass(frozen=True, slots=True)
class Char:
    """One character that was read: what, where, and how sure (the recognizer's probability, not calibrated)."""

    text: str
    quad: Quad
    probability: float


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a page.

    Attributes:
        quad: Where it stands.
        text: What it says; never empty in a page that was read, always empty where boxes only were asked for.
        confidence: Calibrated probability that ``text`` is right.
        detection_score: The detector's own score of the place.
        line: Index of the word's line in ``Page.lines``.
        chars: Its characters, in order.
    """

    quad: Quad
    text: str
    confidence: float
    detection_score: float
    line: int = 0
    chars: tuple[Char, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """Words that stand in one row, in reading order.

    Attributes:
        quad: Smallest quad, turned as the text is, around the line's words.
        text: The words with single spaces between them.
        confidence: Mean of its words' confidences, weighted by their lengths.
        words: Indices into ``Page.words``.
    """

    quad: Quad
    text: str
    confidence: float
    words: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Detection:
    """What a detector found in a picture.

    Attributes:
        quads: (N, 4, 2) float32 in pixels of the picture, corners as in Quad.
        scores: (N,) float32, how sure the detector is; of EAST the probability that the quad is a word's.
        scale: Working size over the picture's own size (1 means that the detector looked at every pixel).
        cut: (M, 2) float32 places in pixels of the picture where a word was cut, or may have been: text that the quads
            leave out although they hold the rest of it, and the middles of doubtful words.
        rival: What another detector found in the same picture. Both are to be read, and the surer reading counts.
    """

    quads: Floats
    scores: Floats
    scale: float
    cut: Floats = field(default_factory=lambda: np.zeros((0, 2), np.float32))
    rival: Detection | None = None

    def __len__(self) -> int:
        return len(self.quads)


@dataclass(frozen=True, slots=True, eq=False)
class Maps:
    """What a detector's network says about every part of a picture, before words are made of it.

    Attributes:
        score: (h, w) float32, 0..1: how surely there is text; of the picture's proportions, at any size.
        angle: (h, w) float32: how far the text there is turned, radians, clockwise; meaningless where the score is low.
            None where the network says nothing of angles.
    """

    score: Floats
    angle: Floats | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """One character inside a crop: its text, where it starts and ends in fractions of the crop's width, probability."""

    text: str
    start: float
    end: float
    probability: float


@dataclass(frozen=True, slots=True)
class Reading:
    """What a recognizer read in one crop.

    Attributes:
        spans: The characters from left to right.
        confidence: Calibrated probability that the whole text is right; 0 where nothing was read.
        matched: Whether the text follows the vocabulary that was given, its words or its pattern; None where there was
            none. Where it does not, the text is what was read without the vocabulary.
        log_ratio: Natural logarithm of how probable the nearest text of the vocabulary is, over what was read without
            it: 0 where both agree, less than 0 where the picture speaks against it. None where there was no vocabulary,
            or nothing in it comes near.
    """

    spans: tuple[Span, ...]
    confidence: float
    matched: bool | None = None
    log_ratio: float | None = None

    @property
    def text(self) -> str:
        """The characters joined, without white space at the ends."""
        return "".join(span.text for span in self.spans).strip()

    @property
    def clarity(self) -> float:
        """Geometric mean of the characters' probabilities, 0..1.

        It says how well a long line is read, whose confidence a single doubtful character makes low.
        """
        count = len(self.spans)
        return float(math.prod(span.probability for span in self.spans) ** (1 / count)) if count else 0.0

    @property
    def bent(self) -> bool:
        """Whether the vocabulary made the text another one than was read: a reason to look again."""
        return bool(self.matched) and self.log_ratio is not None and self.log_ratio < 0

    @property
    def rank(self) -> tuple[bool, float]:
        """By what readings of one text compare: one that follows the vocabulary comes first, then the surer one."""
        return bool(self.matched), self.confidence


def join_words(words: Iterable[Word]) -> str:
    """The texts of words in a row, with single spaces."""
    return " ".join(word.text for word in words)


def mean_confidence(words: Sequence[Word]) -> float:
    """Mean confidence of at least one word, each weighted by its length."""
    weights = [max(len(word.text), 1) for word in words]
    return float(np.average([word.confidence for word in words], weights=weights))
