"""The order in which lines are read.

Breuel, "High performance document layout analysis" (SDIUT 2003), section 4: line a comes before line b where

1. they overlap from left to right and a is above b, or
2. a lies wholly to the left of b and no line between them from top to bottom overlaps both from left to right.

The order that follows from all such pairs is completed top to bottom, left to right, so that equal input gives equal
output whatever the pairs leave open. Pairs grow with the square of the lines, so a picture with more than ``MOST`` of
them, which no printed page has, is read in bands from top to bottom, each from left to right.
"""

from __future__ import annotations

import heapq
import unicodedata
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from wordsight import geometry
from wordsight.types import Floats

MOST = 4000
"""So many lines are ordered by their pairs: 16 MB, and less than a second."""


def order(quads: Floats, leftwards: bool = False) -> list[int]:
    """Indices of lines in reading order; a turned page is read in its own direction.

    Args:
        quads: (N, 4, 2) the lines.
        leftwards: Whether the page is read from right to left, as in Arabic and Hebrew.
    """
    if not len(quads):
        return []
    boxes = _page_boxes(quads)
    if leftwards:  # the page in a mirror is read from left to right
        boxes = boxes[:, [2, 1, 0, 3]] * np.array([-1, 1, -1, 1], np.float32)
    ranked = np.lexsort((boxes[:, 0], boxes[:, 1]))
    if len(quads) > MOST:
        return _bands(boxes)
    return [int(ranked[place]) for place in _sorted(_before(boxes[ranked]))]


def is_leftwards(texts: Iterable[str]) -> bool:
    """Whether most letters of texts belong to a writing that runs from right to left (Unicode, UAX 9: R and AL)."""
    kinds = [unicodedata.bidirectional(character) for text in texts for character in text]
    return sum(kind in ("R", "AL") for kind in kinds) > kinds.count("L")


def _sorted(before: NDArray[np.bool_]) -> list[int]:
    """Places 0..N-1, each after those that come ``before`` it (row before column), the smaller first where free."""
    waiting = before.sum(axis=0)
    done = np.zeros(len(before), dtype=bool)
    ready = np.flatnonzero(waiting == 0).tolist()
    result: list[int] = []
    while len(result) < len(before):
        # A ring of pairs (lines that cross) leaves nothing ready; the topmost line then breaks it.
        place = heapq.heappop(ready) if ready else int(done.argmin())
        done[place] = True
        result.append(place)
        waiting[before[place]] -= 1
        for other in np.flatnonzero(before[place] & (waiting == 0) & ~done):
            heapq.heappush(ready, int(other))
    return result


def _bands(boxes: Floats) -> list[int]:
    """Lines in bands from top to bottom, each from left to right; a band ends where its topmost line does."""
    left, top, _, bottom = boxes.T
    middle = (top + bottom) / 2
    band = np.zeros(len(boxes), dtype=np.intp)
    number, end = 0, -np.inf
    for line in np.lexsort((left, middle)):
        if middle[line] >= end:
            number, end = number + 1, max(bottom[line], middle[line])
        band[line] = number
    return [int(line) for line in np.lexsort((left, band))]


def _page_boxes(quads: Floats) -> Floats:
    """Left, top, right, bottom (N, 4) of the quads after the page was turned upright by the text's main direction."""
    some = quads[:: len(quads) // (MOST + 1) + 1]  # all of them, unless there are too many to compare each with each
    widths, _ = geometry.sides(some)
    along = geometry.directions(some)
    # The direction that most of the text runs in: the line with the largest sum of agreement, weighted by width.
    agreement = (np.maximum(along @ along.T, 0) ** 8) @ widths
    x, y = along[int(agreement.argmax())]
    points = quads @ np.array([[x, -y], [y, x]], np.float32)
    return np.concatenate([points.min(axis=1), points.max(axis=1)], axis=1).astype(np.float32)


def _before(boxes: Floats) -> NDArray[np.bool_]:
    """(N, N) bool: whether row comes before column by one of the two rules."""
    left, top, right, bottom = boxes.T
    middle = (top + bottom) / 2
    result = (left[:, None] < right) & (left < right[:, None]) & (middle[:, None] < middle)  # rule 1
    down = np.argsort(middle, kind="stable")
    for row, beside in zip(down, _beside(left[down], right[down], middle[down]), strict=True):
        result[row, down] |= beside
    np.fill_diagonal(result, False)
    return np.asarray(result)


def _beside(left: Floats, right: Floats, middle: Floats) -> Iterator[NDArray[np.bool_]]:
    """For each line which lines (N,) it comes before by rule 2; lines sorted from top to bottom.

    A line between that overlaps this one starts to the left of all that lie wholly to its right. So it overlaps such
    a line too if it only reaches far enough, and the farthest reach on the way there is all that needs to be known.
    """
    first, last = (np.searchsorted(middle, middle, side) for side in ("left", "right"))
    for line, (above, below) in enumerate(zip(first, last, strict=True)):
        reach = np.where((left < right[line]) & (left[line] < right), right, -np.inf)
        farthest = np.full(len(left), -np.inf)
        farthest[below:] = _running_maximum(reach[below:])[first[below:] - below]
        farthest[:above] = _running_maximum(reach[:above][::-1])[above - last[:above]]
        yield (right[line] <= left) & (farthest <= left)


def _running_maximum(values: NDArray[np.floating]) -> NDArray[np.floating]:
    """Maxima of the first 0, 1, ... N values, (N + 1,); of none it is minus infinity."""
    return np.maximum.accumulate(np.concatenate([[-np.inf], values]))
