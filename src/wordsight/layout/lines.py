"""Words to lines, at any angle."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wordsight import geometry
from wordsight.types import Floats

MAX_TURN = 15.0
"""Words of one line differ in direction by at most so many degrees."""
MAX_SHIFT = 0.5
"""Their centres lie at most so far above or below each other, in heights of the smaller."""
MAX_GAP = 1.2
"""The space between them is at most so wide, in heights of the smaller."""
MAX_RATIO = 2.0
"""The larger is at most so many times as high as the smaller."""


def group(quads: Floats) -> list[list[int]]:
    """Group words that stand in one row.

    A word is joined to the nearest word on its right that has about its direction, height and base line, provided
    that it is also that word's nearest on the left; chains of such pairs are lines.

    Args:
        quads: (N, 4, 2) float32.

    Returns:
        Indices of each line's words in reading direction; lines ordered by their first word's index.
    """
    if not len(quads):
        return []
    gaps = _gaps(quads)
    right = gaps.argmin(axis=1)
    left = gaps.argmin(axis=0)
    after = {i: int(j) for i, j in enumerate(right) if np.isfinite(gaps[i, j]) and left[j] == i}
    return _chains(len(quads), after)


def _gaps(quads: Floats) -> NDArray[np.floating]:
    """Space from each word's end to each other word's start, (N, N), infinite where they cannot share a line."""
    along = geometry.directions(quads)
    across = np.stack([-along[:, 1], along[:, 0]], axis=1)
    widths, heights = geometry.sides(quads)
    centres = quads.mean(axis=1)
    offset = centres[None] - centres[:, None]
    forward = np.einsum("ijk,ik->ij", offset, along)
    gaps: NDArray[np.floating] = forward - (widths[:, None] + widths[None]) / 2
    shift = np.abs(np.einsum("ijk,ik->ij", offset, across))
    smaller = np.maximum(np.minimum(heights[:, None], heights[None]), 1e-3)
    larger = np.maximum(heights[:, None], heights[None])
    fits = (
        (along @ along.T > np.cos(np.radians(MAX_TURN)))
        & (larger < MAX_RATIO * smaller)
        & (shift < MAX_SHIFT * smaller)
        & (forward > 0)
        & (gaps > -0.5 * np.minimum(widths[:, None], widths[None]))
        & (gaps < MAX_GAP * smaller)
    )
    np.fill_diagonal(fits, False)
    gaps[~fits] = np.inf
    return gaps


def _chains(count: int, after: dict[int, int]) -> list[list[int]]:
    """Follow the links; a ring, which tilted words can make, is cut before its smallest index."""
    starts = sorted(set(range(count)) - set(after.values()))
    seen: set[int] = set()
    lines = []
    for start in (*starts, *range(count)):
        line = []
        at: int | None = start
        while at is not None and at not in seen:
            seen.add(at)
            line.append(at)
            at = after.get(at)
        if line:
            lines.append(line)
    return sorted(lines)


def outline(quads: Floats) -> Floats:
    """The smallest quad (4, 2), turned as the text is, around the quads (N, 4, 2) of one line."""
    if len(quads) == 1:
        return np.asarray(quads[0])
    widths, _ = geometry.sides(quads)
    total = (geometry.directions(quads) * np.maximum(widths, 1e-3)[:, None]).sum(axis=0)
    direction = np.asarray(total / max(float(np.linalg.norm(total)), 1e-6), np.float32)
    return geometry.around(quads.reshape(-1, 2), direction)
