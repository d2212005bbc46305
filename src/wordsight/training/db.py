"""What DB learns: probability, threshold and binary maps (Liao et al., AAAI 2020, sections 3.4 and 3.5)."""

from __future__ import annotations

import cv2
import numpy as np
import pyclipper
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from wordsight.models.heads import DbMaps
from wordsight.training.east import TINY, VISIBLE, LossConfig, fit_rects, visible_share
from wordsight.types import Floats

RATIO = 0.4
"""r of the paper: cores are quads shrunk by ``area * (1 - r ** 2) / perimeter``."""
LOW, HIGH = 0.3, 0.7
"""The threshold map's value far from a border and on it."""
BORDER_WEIGHT = 10.0
"""beta of the paper's equation 4."""


def db_targets(quads: Floats, ignore: NDArray[np.bool_], size: int) -> dict[str, NDArray[np.generic]]:
    """Target maps of a square view, all (size, size).

    Args:
        quads: (N, 4, 2) in the view's pixels; parts may lie outside.
        ignore: (N,) True for places that count neither way.
        size: Side of the view, pixels.

    Returns:
        ``core`` uint8, 1 in shrunk texts; ``care`` uint8, 0 where nothing counts; ``threshold`` float32, LOW to HIGH;
        ``border`` uint8, 1 where the threshold counts.
    """
    core, care = np.zeros((size, size), np.uint8), np.ones((size, size), np.uint8)
    nearness = np.zeros((size, size), np.float32)
    border = np.zeros((size, size), np.uint8)
    skip = ignore | (fit_rects(quads)[:, 2:4].min(axis=1) < TINY) | (visible_share(quads, size) < VISIBLE)
    for i in np.flatnonzero(skip):
        _fill(care, quads[i], 0)
    for i in np.flatnonzero(~skip):
        reach = _reach(quads[i])
        _fill(core, _moved(quads[i], -reach), 1)
        _fill(care, quads[i], 1)
        _near(nearness, border, quads[i], reach)
    return {"core": core, "care": care, "threshold": LOW + (HIGH - LOW) * nearness, "border": border & care}


def db_loss(maps: DbMaps, target: dict[str, Tensor], config: LossConfig) -> dict[str, Tensor]:
    """DB's losses over a batch (equation 4); their sum is what to minimise.

    Args:
        maps: The network's output.
        target: ``db_targets`` as tensors with a leading batch axis.
        config: Its ``negatives`` and ``floor`` bound the background pixels that count.

    Returns:
        Scalars: ``entropy`` of the probability (with its hardest negatives), ``dice`` of the binary map, ``border``.
    """
    probability, threshold, binary = (one[:, 0].float() for one in maps)
    truth, care = target["core"].float(), target["care"].float()
    entropy = F.binary_cross_entropy(probability.clamp(1e-6, 1 - 1e-6), truth, reduction="none") * care
    positive = truth * care
    count = int(config.negatives * float(positive.sum())) + config.floor
    hard = (entropy * (1 - truth)).flatten()
    negatives = hard.topk(min(count, hard.numel())).values
    total = positive.sum() + len(negatives)
    edge = target["border"].float()
    off = ((threshold - target["threshold"]).abs() * edge).sum() / edge.sum().clamp(min=1)
    overlap = 2 * (binary * truth * care).sum() / ((binary * care).sum() + positive.sum() + 1)
    return {
        "entropy": 5 * ((entropy * truth).sum() + negatives.sum()) / total,
        "dice": 1 - overlap,
        "border": BORDER_WEIGHT * off,
    }


def _reach(quad: Floats) -> float:
    """D of the paper's equation 9: by how much a quad shrinks, pixels."""
    perimeter = float(np.linalg.norm(np.roll(quad, -1, axis=0) - quad, axis=1).sum())
    return cv2.contourArea(quad) * (1 - RATIO**2) / max(perimeter, 1e-3)


def _moved(quad: Floats, reach: float) -> Floats:
    """A quad whose border moved outwards by ``reach`` pixels (inwards below 0): (K, 2), possibly empty."""
    scale = 16
    clipper = pyclipper.PyclipperOffset()
    corners = (quad.clip(-4096, 4096) * scale).astype(int).tolist()
    clipper.AddPath(corners, pyclipper.JT_MITER, pyclipper.ET_CLOSEDPOLYGON)
    paths = clipper.Execute(reach * scale)
    longest = max(paths, key=len) if paths else np.zeros((0, 2))
    return np.asarray(np.array(longest, np.float64) / scale, np.float32)


def _near(nearness: Floats, border: NDArray[np.uint8], quad: Floats, reach: float) -> None:
    """Mark the band within ``reach`` of a quad's outline: 1 on it, falling to 0 at the band's edge."""
    outer = _moved(quad, reach)
    if not len(outer) or reach < 1:
        return
    size = border.shape[0]
    left, top = np.clip(np.floor(outer.min(axis=0)).astype(int), 0, size)
    right, bottom = np.clip(np.ceil(outer.max(axis=0)).astype(int) + 1, 0, size)
    if left >= right or top >= bottom:
        return
    away = np.ones((bottom - top, right - left), np.uint8)
    outline = np.round((quad - (left, top)).clip(-4096, 4096) * 16).astype(np.int32)
    cv2.polylines(away, [outline], True, 0, 1, shift=4)
    distance = cv2.distanceTransform(away, cv2.DIST_L2, 3)
    value = (1 - distance / reach).clip(0)
    part = (slice(top, bottom), slice(left, right))
    nearness[part] = np.maximum(nearness[part], value)
    band = np.zeros_like(away)
    _fill(band, outer - (left, top), 1)
    inner = _moved(quad, -reach)
    if len(inner):
        _fill(band, inner - (left, top), 0)
    border[part] |= band


def _fill(target: NDArray[np.uint8], polygon: Floats, value: int) -> None:
    if len(polygon):
        cv2.fillPoly(target, [np.round(polygon.clip(-4096, 4096) * 16).astype(np.int32)], value, shift=4)
