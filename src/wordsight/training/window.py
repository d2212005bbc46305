"""What the sliding window's classifier learns: which windows stand on text of the height that it answers for."""

from __future__ import annotations

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from wordsight.models.windows import STRIDE, TEXT
from wordsight.training.east import VISIBLE, fit_rects, shrink, visible_share
from wordsight.types import Floats

FITS = 1.26
"""Text up to so many times as high or as low is found by it; the sizes of the pyramid overlap a little."""
VAGUE = 1.6
"""Up to so many times it counts neither way."""


def window_losses(logit: Tensor, target: dict[str, Tensor]) -> dict[str, Tensor]:
    """What to minimise, of logits (N, 1, H, W): their sum.

    One window in a thousand stands on text, and those just beside a word's middle part cannot be told from it. Only the
    hardest windows, as EAST takes them, would all be of these, and the answer to them is "perhaps"; so all windows
    count, each by the square of its error (focal loss, Lin et al., ICCV 2017).

    Returns:
        Scalars: ``focal`` over all windows, a windowful of text each, and ``dice`` of the whole map.
    """
    score, truth, care = logit[:, 0].float(), target["score"].float(), target["care"].float()
    probability = torch.sigmoid(score)
    text = (truth * care).sum()
    entropy = F.binary_cross_entropy_with_logits(score, truth, reduction="none")
    focal = ((truth - probability) ** 2 * entropy * care).sum() / text.clamp(min=1)
    common = (probability * truth * care).sum()
    return {"focal": focal, "dice": 1 - 2 * common / ((probability * care).sum() + text + 1)}


def window_targets(quads: Floats, ignore: NDArray[np.bool_], size: int) -> dict[str, NDArray[np.generic]]:
    """Target maps of a square view, all (size / 4, size / 4); a cell stands for the window around its centre.

    Args:
        quads: (N, 4, 2) in the view's pixels; parts may lie outside.
        ignore: (N,) True for places that count neither way.
        size: Side of the view, pixels.

    Returns:
        ``score`` uint8, 1 in the middle parts of words of the right height, and ``care`` uint8, 0 where nothing counts.
        What is beside the middle part of a word counts: it keeps words apart.
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
    return {"score": score, "care": care}


def _fill(map_: NDArray[np.uint8], quad: Floats, value: int) -> None:
    points = np.round(16 * (quad / STRIDE - 0.5)).astype(np.int32)
    cv2.fillPoly(map_, [points], value, shift=4)
