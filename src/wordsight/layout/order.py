"""The order in which lines are read.

Breuel, "High performance document layout analysis" (SDIUT 2003), section 4: line a comes before line b where

1. they overlap from left to right and a is above b, or
2. a lies wholly to the left of b and no line between them from top to bottom overlaps both from left to right.

The order that follows from all such pairs is completed top to bottom, left to right, so that equal input gives equal
output whatever the pairs leave open.
"""

from __future__ import annotations

import heapq

import numpy as np
from numpy.typing import NDArray

from wordsight import geometry
from wordsight.types import Floats


def order(quads: Floats) -> list[int]:
    """Indices of lines (N, 4, 2) in reading order; a turned page is read in its own direction."""
    if not len(quads):
        return []
    boxes = _page_boxes(quads)
    before = _before(boxes)
    waiting = before.sum(axis=0)
    rank = {int(line): place for place, line in enumerate(np.lexsort((boxes[:, 0], boxes[:, 1])))}
    ready = [(rank[i], i) for i in rank if waiting[i] == 0]
    heapq.heapify(ready)
    left = set(rank)
    result = []
    while left:
        # A ring of pairs (lines that cross) leaves nothing ready; the topmost line then breaks it.
        line = heapq.heappop(ready)[1] if ready else min(left, key=rank.__getitem__)
        if line not in left:
            continue
        left.remove(line)
        result.append(line)
        for other in np.flatnonzero(before[line]):
            waiting[other] -= 1
            if waiting[other] == 0 and int(other) in left:
                heapq.heappush(ready, (rank[int(other)], int(other)))
    return result


def _page_boxes(quads: Floats) -> Floats:
    """Left, top, right, bottom (N, 4) of the quads after the page was turned upright by the text's main direction."""
    widths, _ = geometry.sides(quads)
    along = geometry.directions(quads)
    # The direction that most of the text runs in: the line with the largest sum of agreement, weighted by width.
    agreement = (np.maximum(along @ along.T, 0) ** 8) @ widths
    x, y = along[int(agreement.argmax())]
    points = quads @ np.array([[x, -y], [y, x]], np.float32)
    return np.concatenate([points.min(axis=1), points.max(axis=1)], axis=1).astype(np.float32)


def _before(boxes: Floats) -> NDArray[np.bool_]:
    """(N, N) bool: whether row comes before column by one of the two rules."""
    left, top, right, bottom = boxes.T
    middle = (top + bottom) / 2
    overlap = (left[:, None] < right[None]) & (left[None] < right[:, None])
    above = middle[:, None] < middle[None]
    beside = right[:, None] <= left[None]
    for line in range(len(boxes)):
        between = (middle[line] > np.minimum(middle[:, None], middle[None])) & (
            middle[line] < np.maximum(middle[:, None], middle[None])
        )
        beside &= ~(between & overlap[line][:, None] & overlap[line][None])
    result = (overlap & above) | beside
    np.fill_diagonal(result, False)
    return np.asarray(result)
