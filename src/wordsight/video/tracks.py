"""Texts that are followed through a video: which detection belongs to which, and what the readings agree on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from wordsight import geometry
from wordsight.errors import MissingExtra
from wordsight.types import Floats, Quad, Reading

NEAR = 0.2
"""A detection is a track's where their intersection over union is at least this."""
COVERED = 0.5
"""A text lies in another where so much of the smaller one's area does."""
ALIKE = 0.5
"""Two readings tell of one text where they are at least so similar (normalized edit similarity, 0..1)."""
AT_EDGE = 0.03
"""What a reading counts where the picture's edge may cut the text."""
SETTLED = 2.0
"""Votes, in readings of full confidence, with which a text is taken as read."""
ENOUGH = 10
"""Readings after which a text is not read again until it changes or comes nearer."""
NEARER = 1.4
"""A text is read again when it is so many times larger than when it was read."""


@dataclass(slots=True, eq=False)
class Track:
    """One text, from when it came to when it went.

    Attributes:
        number: From 1, in the order of appearance.
        first: When it was first found, seconds.
        last: When it was last found.
        quad: (4, 2) where it is now, or was last; its first corner is at the top left of the text.
        path: Where it was found: time and quad, once for each look of the detector that found it.
        votes: For each text that was read, the sum of the readings' confidences and the highest one.
        readings: How often it was read.
        missed: Looks of the detector in a row that did not find it.
        told: The text that the last event told of; empty where none has.
    """

    number: int
    first: float
    last: float
    quad: Floats
    path: list[tuple[float, Quad]] = field(default_factory=list)
    votes: dict[str, tuple[float, float]] = field(default_factory=dict)
    readings: int = 0
    missed: int = 0
    told: str = ""
    height_read: float = 0.0
    look_read: NDArray[np.float32] | None = None

    @property
    def text(self) -> str:
        """The text with the most votes; empty where nothing was read."""
        return max(self.votes, key=lambda text: self.votes[text][0], default="")

    @property
    def confidence(self) -> float:
        """The best confidence of the text, times its share of all votes; 0..1."""
        total = sum(weight for weight, _ in self.votes.values())
        if not total:
            return 0.0
        weight, best = self.votes[self.text]
        return best * weight / total

    @property
    def height(self) -> float:
        """Height of its letters now, pixels."""
        return float(geometry.sides(self.quad[None])[1][0])

    @property
    def settled(self) -> bool:
        """Whether its text is taken as read."""
        return self.readings >= ENOUGH or max((weight for weight, _ in self.votes.values()), default=0.0) >= SETTLED

    def found(self, time: float, quad: Floats) -> None:
        """The detector found it at a place, whose first corner may be any."""
        self.quad = _facing(quad, self.quad)
        self.last, self.missed = time, 0
        self.path.append((time, Quad(self.quad)))

    def stay(self, time: float) -> None:
        """Nothing in the picture has changed: what was found last is there still, at the same place."""
        if self.missed:
            return
        place = self.path[-1][1]
        self.last, self.quad = time, place.points.copy()
        if len(self.path) > 1 and self.path[-2][1] == place:
            self.path.pop()  # so that the path of a still picture does not grow
        self.path.append((time, place))

    def unfound(self) -> None:
        """What was found last is another text."""
        if len(self.path) > 1:
            self.path.pop()
            self.last = self.path[-1][0]

    def vote(self, reading: Reading, at_edge: bool) -> None:
        """Count a reading."""
        self.readings += not at_edge
        self.height_read = self.height
        if reading.text:
            weight, best = self.votes.get(reading.text, (0.0, 0.0))
            share = AT_EDGE if at_edge else 1.0
            self.votes[reading.text] = (weight + share * reading.confidence, max(best, share * reading.confidence))

    def says(self, text: str) -> bool:
        """Whether a text may be what it was read as."""
        return similarity(self.text, text) >= ALIKE


def similarity(one: str, other: str) -> float:
    """1 for equal texts, 0 for texts without a common letter: 1 - edit distance over the longer length.

    Raises:
        MissingExtra: The extra ``video`` is not installed.
    """
    try:
        from rapidfuzz.distance import Levenshtein
    except ModuleNotFoundError as error:
        raise MissingExtra("rapidfuzz", "video") from error
    return float(Levenshtein.normalized_similarity(one.casefold(), other.casefold()))


def assign(tracks: Floats, found: Floats) -> tuple[list[tuple[int, int]], NDArray[np.bool_]]:
    """Which detection is which track's: the pairing with the largest sum of intersections over unions.

    Args:
        tracks: (N, 4, 2) quads of tracks, as they are expected.
        found: (M, 4, 2) quads of detections.

    Returns:
        Pairs (track, detection); (M,) which detections lie in a track that is not theirs.

    Raises:
        MissingExtra: The extra ``video`` is not installed.
    """
    try:
        from scipy.optimize import linear_sum_assignment
    except ModuleNotFoundError as error:
        raise MissingExtra("scipy", "video") from error
    count = len(tracks)
    union, inner = np.zeros((2, count, len(found)), np.float64)
    for i, j, share, iou in geometry.overlaps(np.concatenate([tracks, found])) if count and len(found) else ():
        if i < count <= j:
            union[i, j - count], inner[i, j - count] = iou, share
    rows, columns = linear_sum_assignment(-union)
    pairs = [(int(i), int(j)) for i, j in zip(rows, columns, strict=True) if union[i, j] >= NEAR]
    fragments = np.asarray((inner >= COVERED).any(axis=0))
    for _, j in pairs:
        fragments[j] = False
    return pairs, fragments


def touches_edge(quads: Floats, width: int, height: int) -> NDArray[np.bool_]:
    """(N,) whether a quad comes so near to the edge of its frame that some of the text may be outside."""
    _, across = geometry.sides(quads)
    margin = np.maximum(2.0, 0.15 * across)[:, None]
    x, y = quads[..., 0], quads[..., 1]
    outside = (x < margin) | (y < margin) | (x > width - margin) | (y > height - margin)
    return np.asarray(outside.any(axis=1))


def _facing(quad: Floats, like: Floats) -> Floats:
    """The quad with the first corner that makes it lie as another does."""
    turns: Sequence[Floats] = [np.roll(quad, quarters, axis=0) for quarters in range(4)]
    wanted = like - like.mean(axis=0)
    return min(turns, key=lambda one: float(np.abs(one - one.mean(axis=0) - wanted).sum()))
