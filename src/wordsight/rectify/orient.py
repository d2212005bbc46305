"""Which way is up.

A detector gives the place of a text, not its up. The long side of a quad runs along its text, which leaves two
directions; a nearly square quad leaves four. The reader's own confidence decides between them: long quads first, and
what they say about how the page lies then decides about the square ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from wordsight import geometry
from wordsight.types import Floats, Reading

Read = Callable[[Floats], list[Reading]]
"""Reads quads (N, 4, 2) in the directions in which they are given."""

Indices = NDArray[np.intp]

SQUARE = 1.5
"""A quad whose sides differ by less than this ratio may run along either of them."""
DOUBT = 0.35
"""A text read with less confidence is read in its other directions too."""
HABIT = 0.1
"""Another direction is believed when it is read with so much more confidence than the expected one."""
SURE = 0.9
"""A text read with so much confidence hardly stands on its head, ..."""
TELLING = 4
"""... if it has so many characters: shorter ones (NO, SIX, 808) may be words either way up."""
LONG, CLEAR = 16, 0.9
"""So does a line of so many characters with this clarity: typed lines on their heads reached 0.81 (pages of 6 fonts,
clean and degraded)."""
PART = 0.3
"""Such texts have more than this share of all characters where a page is read the right way up."""
ACROSS = 0.7
"""Text whose direction has a smaller cosine to that of the page runs across it, and may do so either way."""
LINE = 4.0
"""On a page that is surely upright, of what runs along it only lines, so many times as long as high, may stand on their
heads: a doubtful word there is a blurred one."""
UPRIGHT = np.array([1.0, 0.02], np.float32)
"""Where text is expected to run: to the right, and of two vertical ways downwards."""


def read_upright(quads: Floats, read: Read) -> tuple[Floats, list[Reading]]:
    """Read quads (N, 4, 2) whose corners may start anywhere.

    Returns:
        The quads, each with its first corner at the top left of its text, and their readings.
    """
    quads = _one_way(lie_down(quads))
    square = is_open(quads)
    best = _Best(quads, read)
    sure = best.read_long(np.flatnonzero(~square))
    best.read_square(np.flatnonzero(square), best.direction(np.flatnonzero(~square)), sure)
    return best.quads, best.readings


def lie_down(quads: Floats) -> Floats:
    """Quads (N, 4, 2) turned so that the text runs along the longer side, and rather to the right than back."""
    along, across = geometry.sides(quads)
    tall = across > along
    return _facing(np.where(tall[:, None, None], geometry.turn(quads, 1), quads), UPRIGHT, (0, 2))


def axis(quads: Floats, scores: Floats) -> float:
    """The direction in which most of the text runs, degrees in (-90, 90]; 0 where it runs in all directions.

    Args:
        quads: (N, 4, 2) text along the longer side.
        scores: (N,) of the detector.
    """
    along, across = geometry.sides(quads)
    weights = np.where(along > 2 * across, along * scores, 0)
    x, y = geometry.directions(quads).T
    # A direction and its opposite are one axis: they are the same when their angles are doubled.
    doubled = np.array([((x * x - y * y) * weights).sum(), (2 * x * y * weights).sum()])
    if float(np.linalg.norm(doubled)) < 0.5 * float(weights.sum()):
        return 0.0
    return float(np.degrees(np.arctan2(doubled[1], doubled[0])) / 2)


def _one_way(quads: Floats) -> Floats:
    """Quads (N, 4, 2) that lie down, all facing one way along their axis: standing text faces up or down by chance."""
    angle = np.radians(axis(quads, np.ones(len(quads), np.float32)))
    return _facing(quads, np.array([np.cos(angle), np.sin(angle)], np.float32), (0, 2)) if angle else quads


def is_open(quads: Floats) -> NDArray[np.bool_]:
    """(N,) whether the shape leaves open along which side the text runs."""
    along, across = geometry.sides(quads)
    return np.asarray(np.maximum(along, across) < SQUARE * np.minimum(along, across))


class _Best:
    """The best reading of each quad so far, and the direction in which it was had."""

    def __init__(self, quads: Floats, read: Read) -> None:
        self.quads = quads.copy()
        self.readings = [Reading((), 0.0)] * len(quads)
        self._read = read

    def read_long(self, long: Indices) -> bool:
        """Read long quads; whether it is sure which way up the page is."""
        self._offer(long, self.quads[long], -1.0)
        sure = self._is_sure(long)
        again = self._strays(self._doubtful(long), self.direction(long)) if sure else long
        turned = geometry.turn(self.quads[again], 2)
        others = self._read(turned)
        gain = weight(others) - weight([self.readings[i] for i in again])
        rest = np.setdiff1d(long, again)
        if gain > weight([self.readings[i] for i in rest]):
            # Most of the text stands on its head, so all of it is expected to do so.
            self._keep(again, turned, others, -HABIT)
            self._offer(rest, geometry.turn(self.quads[rest], 2), -HABIT)
        else:
            self._keep(again, turned, others, HABIT)
        return sure

    def read_square(self, square: Indices, direction: Floats, sure: bool) -> None:
        """Read nearly square quads, on a page whose text runs in a direction (2,), which may be sure."""
        expected = _facing(self.quads[square], direction, (0, 1, 2, 3))
        self._offer(square, expected, -1.0)
        for quarters in (1, 3) if sure else (2, 1, 3):
            doubtful = self._doubtful(square)
            self._offer(doubtful, geometry.turn(expected[np.isin(square, doubtful)], quarters), HABIT)

    def direction(self, indices: Indices) -> Floats:
        """The unit vector (2,) in which most of the text runs; to the right where there is none."""
        weights = np.array([weight([self.readings[i]]) for i in indices], np.float32)
        total = (geometry.directions(self.quads[indices]) * weights[:, None]).sum(axis=0)
        length = float(np.linalg.norm(total))
        return np.asarray(total / length if length > 0 else UPRIGHT, dtype=np.float32)

    def _offer(self, indices: Indices, quads: Floats, margin: float) -> None:
        """Read these quads; keep those that are surer by a margin than what is there."""
        self._keep(indices, quads, self._read(quads), margin)

    def _keep(self, indices: Indices, quads: Floats, readings: list[Reading], margin: float) -> None:
        for index, quad, reading in zip(indices, quads, readings, strict=True):
            if reading.confidence > self.readings[index].confidence + margin:
                self.quads[index], self.readings[index] = quad, reading

    def _is_sure(self, indices: Indices) -> bool:
        """Whether a good part of these texts cannot well be read the other way up."""
        readings = [self.readings[i] for i in indices]
        sure = sum(len(reading.spans) for reading in readings if is_upright(reading))
        return sure > PART * sum(len(reading.spans) for reading in readings)

    def _strays(self, indices: Indices, direction: Floats) -> Indices:
        """Those that may well run otherwise than the page does (2,): what crosses it, and lines."""
        along, across = geometry.sides(self.quads[indices])
        crossing = np.abs(geometry.directions(self.quads[indices]) @ direction) < ACROSS
        return np.asarray(indices[crossing | (along > LINE * across)])

    def _doubtful(self, indices: Indices) -> Indices:
        return np.array([i for i in indices if _is_doubtful(self.readings[i])], dtype=np.intp)


def is_upright(reading: Reading) -> bool:
    """Whether a text cannot well be read the other way up."""
    count = len(reading.spans)
    if count >= TELLING and reading.confidence >= SURE:
        return True
    return count >= LONG and reading.clarity >= CLEAR


def _is_doubtful(reading: Reading) -> bool:
    return reading.bent or (reading.confidence < DOUBT and not is_upright(reading))


def weight(readings: Sequence[Reading]) -> float:
    """How much was read: characters, each counting by the confidence of its text."""
    return sum((len(reading.spans) * reading.confidence for reading in readings), 0.0)


def _facing(quads: Floats, direction: Floats, quarters: tuple[int, ...]) -> Floats:
    """Each quad turned by that one of ``quarters`` turns whose text runs most nearly along a unit vector (2,)."""
    turned = np.stack([geometry.turn(quads, quarter) for quarter in quarters])
    agreement = np.stack([geometry.directions(quads) @ direction for quads in turned])
    return np.asarray(turned[agreement.argmax(axis=0), np.arange(len(quads))])
