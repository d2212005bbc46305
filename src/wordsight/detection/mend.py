"""Words that EAST has cut, mended with the lines of another detector.

A cell of EAST sees a few hundred pixels, so the cells at one end of a large word do not know where its other end is.
They still know that they lie in text: what the quads leave uncovered of a patch of such cells was cut off. There the
other detector, which marks text without saying how far it goes, is asked for the whole line.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import shapely
from numpy.typing import NDArray

from wordsight import geometry
from wordsight.types import Detection, Floats

MARGIN = 1.1
"""Quads cover this many times their length and height."""
CELLS = 8
"""Fewer cells left over are the ragged edge of a patch, ..."""
SHARE = 0.1
"""... and so is a smaller share of the patch."""
INSIDE = 0.5
"""A word of which more than this share lies in a line belongs to it."""
HIGHER = 2.0
"""A line so many times as high as the highest word in it is none: on a canvas the edge of a turned picture looks like a
text to the detector of lines."""


def cut_places(score: Floats, threshold: float, quads: Floats) -> Floats:
    """Where text was seen that the quads do not cover, although they cover some of the same patch.

    Args:
        score: (h, w) how surely each cell lies in text, 0..1.
        threshold: Cells above it do.
        quads: (N, 4, 2) in cells.

    Returns:
        (M, 2) centres of what is left over, in cells. The three thresholds of this module were chosen on
        icdar2015_train, img_N.jpg with N % 10 == 0, by the F of the page's words.
    """
    text = (score > threshold).astype(np.uint8)
    covered = np.zeros_like(text)
    centres = quads.mean(axis=1, keepdims=True)
    for quad in centres + MARGIN * (quads - centres):
        cv2.fillPoly(covered, [(quad * 16).round().astype(np.int32)], 1, shift=4)
    _, patches, sizes, _ = cv2.connectedComponentsWithStats(text, connectivity=4)
    known = np.bincount(patches[covered > 0], minlength=len(sizes)) > 0
    _, parts, areas, middles = cv2.connectedComponentsWithStats(text & (1 - covered), connectivity=4)
    patch = np.zeros(len(areas), np.intp)
    patch[parts] = patches  # all cells of a part lie in one patch
    left = areas[:, cv2.CC_STAT_AREA]
    cut = known[patch] & (left >= np.maximum(CELLS, SHARE * sizes[patch, cv2.CC_STAT_AREA]))
    cut[0] = False  # the background
    return np.asarray(middles[cut] + 0.5, np.float32)


def mend(words: Detection, lines: Detection) -> Detection:
    """The words, but where one of them was cut, the line that runs there instead of all words in it."""
    places = np.asarray(shapely.points(words.cut))
    old, new = _areas(words.quads), _areas(lines.quads)
    inside = shapely.area(shapely.intersection(new[:, None], old[None])) > INSIDE * shapely.area(old)
    highest = (inside * _heights(words.quads)).max(axis=1, initial=0)
    whole = shapely.intersects(new[:, None], places[None]).any(axis=1) & (_heights(lines.quads) < HIGHER * highest)
    if not whole.any():
        return words
    inside = inside[whole].any(axis=0)
    return replace(
        words,
        quads=np.concatenate([words.quads[~inside], lines.quads[whole]]),
        scores=np.concatenate([words.scores[~inside], lines.scores[whole]]),
        cut=np.zeros((0, 2), np.float32),
    )


def _heights(quads: Floats) -> Floats:
    """The shorter sides of quads (N, 4, 2)."""
    return np.asarray(np.minimum(*geometry.sides(quads)), np.float32)


def _areas(quads: Floats) -> NDArray[np.object_]:
    """The polygons of quads (N, 4, 2)."""
    return np.asarray(shapely.make_valid(shapely.polygons(quads)), object).reshape(len(quads))
