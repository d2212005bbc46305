"""Connectionist temporal classification, decoded: which characters, where, how probable.

Greedy ("best path") decoding of Graves et al., "Connectionist Temporal Classification" (ICML 2006), section 3.2:
take the most probable class of each frame, join repeats, drop blanks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wordsight.charset import BLANK, Charset
from wordsight.types import Floats, Span

LAG = 0.25
"""Frames by which the peaks of the PP-OCRv6 recognizer come after the middles of their glyphs (measured on
funsd_train)."""
EDGE = 0.6
"""How far a character at the edge of a word reaches, in pitches between characters (measured likewise)."""


@dataclass(frozen=True, slots=True, eq=False)
class BestPath:
    """The best class of each frame of one crop.

    Attributes:
        classes: (T,) class of each frame.
        probabilities: (T,) float32, the network's own probability of that class: where only some classes are
            allowed it is not raised to make up for the others, so a forced reading shows that it was forced.
    """

    classes: NDArray[np.intp]
    probabilities: Floats


def best_path(probabilities: Floats, allowed: NDArray[np.intp] | None = None) -> BestPath:
    """The best path through frames.

    Args:
        probabilities: (T, C) float32, rows sum to 1.
        allowed: Classes that may be chosen, the blank among them; None allows all.
    """
    table = probabilities if allowed is None else probabilities[:, allowed]
    best = table.argmax(axis=1)
    values = np.take_along_axis(table, best[:, None], axis=1)[:, 0]
    return BestPath(best if allowed is None else allowed[best], values)


@dataclass(frozen=True, slots=True)
class Mark:
    """A character in the frames ``start`` to ``end - 1`` of a crop, with its probability."""

    symbol: str
    start: int
    end: int
    probability: float


def spell(path: BestPath, charset: Charset) -> tuple[Span, ...]:
    """The characters of a path, with their places. A character is as probable as its best frame."""
    return place(marks(path, charset), len(path.classes))


def marks(path: BestPath, charset: Charset) -> list[Mark]:
    """The characters of a path, with their frames."""
    classes = path.classes
    starts = np.flatnonzero(np.diff(classes, prepend=-1))
    ends = np.append(starts[1:], len(classes))
    written = classes[starts] != BLANK
    starts, ends = starts[written], ends[written]
    return [
        Mark(charset.symbol(int(classes[start])), int(start), int(end), float(path.probabilities[start:end].max()))
        for start, end in zip(starts, ends, strict=True)
    ]


def place(marks: Sequence[Mark], frames: int) -> tuple[Span, ...]:
    """The same characters with their places in a crop of so many frames."""
    spaces = np.array([mark.symbol.isspace() for mark in marks], dtype=bool)
    starts = np.array([mark.start for mark in marks], dtype=np.intp)
    ends = np.array([mark.end for mark in marks], dtype=np.intp)
    lefts, rights = _places(starts, ends, spaces, frames)
    return tuple(
        Span(mark.symbol, float(left), float(right), mark.probability)
        for mark, left, right in zip(marks, lefts, rights, strict=True)
    )


def _places(
    starts: NDArray[np.intp], ends: NDArray[np.intp], spaces: NDArray[np.bool_], frames: int
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Where characters begin and end, in fractions of the width, from the frames (N,) in which they are written.

    CTC marks a character by a peak that is narrower than the glyph. So a character reaches half way to its
    neighbours; at the edge of a word it reaches as far as is typical, whatever the peak of the space.
    """
    if not len(starts):
        return np.zeros(0), np.zeros(0)
    centres = (starts + ends) / 2 - LAG
    gaps = np.diff(centres)
    reach = EDGE * float(np.median(gaps)) if len(gaps) else frames / 2
    halves = np.where(spaces[:-1] | spaces[1:], reach, np.minimum(gaps / 2, reach))
    lefts = centres - np.concatenate([[reach], halves])
    rights = centres + np.concatenate([halves, [reach]])
    return np.clip(lefts, 0, frames) / frames, np.clip(rights, 0, frames) / frames
