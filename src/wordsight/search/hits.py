"""What a search finds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from wordsight.image.load import load_sheets
from wordsight.search.words import folded_words
from wordsight.types import Picture, Quad

YELLOW = np.array([255, 225, 60], np.float32)
FRAME = (200, 60, 0)
AROUND = 60
"""Letters of a snippet on either side of the first word that was found."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A word of a page that was looked for: what it says there, where it stands, how sure it was read (0..1)."""

    text: str
    quad: Quad
    confidence: float


@dataclass(frozen=True, slots=True)
class Hit:
    """A page on which everything was found that was looked for.

    Attributes:
        image: Path of the file.
        page: Number of the page in it, from 0.
        snippet: The line of the first word that was found, with the found words in brackets.
        marks: The words that were found.
        exact: Whether the words stand there as they were asked for, look-alikes aside.
        date: Day on which the file was last changed, ISO 8601.
        label: The field in which they were found; empty for the page's text.
    """

    image: str
    page: int
    snippet: str
    marks: tuple[Mark, ...]
    exact: bool
    date: str
    label: str = ""

    @property
    def confidence(self) -> float:
        """The surest reading of each word that was looked for, and of these the least sure; 0..1."""
        best: dict[str, float] = {}
        for mark in self.marks:
            key = "".join(folded_words(mark.text))
            best[key] = max(best.get(key, 0.0), mark.confidence)
        return min(best.values(), default=0.0)

    def to_dict(self) -> dict[str, Any]:
        """The record of ``wordsight search --format jsonl``."""
        return {
            "image": self.image,
            "page": self.page,
            "snippet": self.snippet,
            "confidence": round(self.confidence, 4),
            "exact": self.exact,
            "date": self.date,
            **({"label": self.label} if self.label else {}),
            "words": [
                {"text": mark.text, "quad": mark.quad.tolist(), "confidence": round(mark.confidence, 4)}
                for mark in self.marks
            ],
        }

    def draw(self) -> Picture:
        """The page's picture with the found words marked, (H, W, 3) uint8 RGB.

        Raises:
            ImageError: The file cannot be loaded any more.
        """
        picture = next(load_sheets(self.image, pages=str(self.page + 1))).picture.copy()
        return mark_words(picture, [mark.quad for mark in self.marks])


def mark_words(picture: Picture, quads: Sequence[Quad]) -> Picture:
    """A copy of a picture with places marked as with a highlighter."""
    corners = [np.round(quad.points).astype(np.int32) for quad in quads]
    layer = np.zeros(picture.shape[:2], np.uint8)
    cv2.fillPoly(layer, corners, 255)
    drawn = picture.astype(np.float32)
    inside = layer > 0
    drawn[inside] *= YELLOW / 255
    marked: Picture = drawn.astype(np.uint8)
    cv2.polylines(marked, corners, True, FRAME, max(1, round(min(picture.shape[:2]) / 500)), cv2.LINE_AA)
    return marked


def find_marks(record: Mapping[str, Any], wanted: set[str]) -> Iterator[tuple[int, Mark]]:
    """Line and place of every word of a stored page that holds one of some folded words."""
    for text, folded, line, confidence, quad in record["words"]:
        if not wanted.isdisjoint(folded.split()):
            yield line, Mark(text, Quad(np.array(quad, np.float32).reshape(4, 2)), confidence)


def snippet(record: Mapping[str, Any], found: Sequence[tuple[int, Mark]]) -> str:
    """The line of the first mark, shortened, with the marks of that line in brackets."""
    if not found:
        return ""
    first = found[0][0]
    marked = {id(mark): mark for line, mark in found if line == first}
    places = {tuple(mark.quad.points.ravel().tolist()) for mark in marked.values()}
    words = [
        f"[{text}]" if tuple(np.array(quad, np.float32).tolist()) in places else text
        for text, _, line, _, quad in record["words"]
        if line == first
    ]
    whole = " ".join(words)
    at = whole.find("[")
    start, end = max(0, at - AROUND), at + 2 * AROUND
    return ("…" if start else "") + whole[start:end] + ("…" if end < len(whole) else "")
