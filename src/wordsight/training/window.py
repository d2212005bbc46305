"""What the sliding window's classifier learns: which windows stand on text of the height that it answers for."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from wordsight.models.windows import STRIDE, TEXT
from wordsight.training.east import VISIBLE, fit_rects, shrink, visible_share
from wordsight.types import Floats

FITS = 1.26
"""Text up to so many times as high or as low is found by it; the sizes of the pyramid overlap a little."""
VAGUE = 1.6
"""Up to so many times it counts neither way."""


def window_targets(quads: Floats, ignore: NDArray[np.bool_], size: int) -> dict[str, NDArray[np.generic]]:
    """Target maps of a square view, all (size / 4, size / 4); a cell stands for the window around its centre.

    Args:
        quads: (N, 4, 2) in the view's pixels; parts may lie outside.
        ignore: (N,) True for places that count neither way.
        size: Side of the view, pixels.

    Returns:
        As ``score_losses`` takes them: ``score`` uint8, 1 in the middle parts of words of the right height; ``rim``
        uint8, all 0, because what is beside the middle part of a word is what keeps words apart; ``care`` uint8, 0
        where nothing counts; ``weight`` float32.
    """
    side = size // STRIDE
    score, care = np.zeros((side, side), np.uint8), np.ones((side, side), np.uint8)
    ratio = np.maximum(fit_rects(quads)[:, 2:4].min(axis=1), 1e-3) / TEXT
    away = np.maximum(ratio, 1 / ratio)
    partly = visible_share(quads, size) < VISIBLE
    cores = shrink(quads)
    for i in np.flatnonzero((ignore | partly | (away > FITS)) & (away <= VAGUE)):
        _fill(care, quads[i], 0)
    for i in np.flatnonzero(~ignore & ~partly & (away <= FITS)):
        _fill(score, cores[i], 1)
        _fill(care, cores[i], 1)
    return {"score": score, "rim": np.zeros_like(score), "care": care, "weight": score.astype(np.float32)}


def _fill(map_: NDArray[np.uint8], quad: Floats, value: int) -> None:
    points = np.round(16 * (quad / STRIDE - 0.5)).astype(np.int32)
    cv2.fillPoly(map_, [points], value, shift=4)
