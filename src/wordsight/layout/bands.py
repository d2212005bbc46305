"""Boxes and rows of lines, for what is found by alignment. A page that lies level is assumed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from wordsight.types import Floats, Quad

SAME_ROW = 0.5
"""Two boxes stand in one row if they overlap from top to bottom by more than this share of the lower one's height."""


def boxes(quads: Iterable[Quad]) -> Floats:
    """Left, top, right, bottom of each quad, (N, 4) float32."""
    return np.array([quad.bounds for quad in quads], np.float32).reshape(-1, 4)


def hull(bounds: Floats) -> Quad:
    """The box around boxes (N, 4)."""
    left, top = (float(value) for value in bounds[:, :2].min(axis=0))
    right, bottom = (float(value) for value in bounds[:, 2:].max(axis=0))
    return Quad.from_box(left, top, right, bottom)


def rows(bounds: Floats) -> list[list[int]]:
    """Indices of boxes (N, 4) that stand beside each other, rows from top to bottom, each from left to right."""
    found: list[list[int]] = []
    for index in np.argsort(bounds[:, 1] + bounds[:, 3], kind="stable"):
        if found and _beside(bounds[found[-1][0]], bounds[index]):
            found[-1].append(int(index))
        else:
            found.append([int(index)])
    return [sorted(row, key=lambda i: float(bounds[i, 0])) for row in found]


def _beside(first: Floats, second: Floats) -> bool:
    overlap = min(first[3], second[3]) - max(first[1], second[1])
    return bool(overlap > SAME_ROW * max(min(first[3] - first[1], second[3] - second[1]), 1e-3))


def free(spans: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """What spans leave free of the whole line, from minus to plus infinity."""
    gaps = []
    reach = -np.inf
    for start, end in sorted(spans):
        if start > reach:
            gaps.append((float(reach), float(start)))
        reach = max(reach, end)
    return [*gaps, (float(reach), float(np.inf))]


def both(
    first: Sequence[tuple[float, float]], second: Sequence[tuple[float, float]], least: float
) -> list[tuple[float, float]]:
    """What two lists of spans have in common, where it is at least so long."""
    shared = [(max(a, c), min(b, d)) for a, b in first for c, d in second]
    return [(start, end) for start, end in sorted(shared) if end - start >= least]
