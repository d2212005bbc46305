"""What EAST learns from: target maps and losses (Zhou et al., CVPR 2017, sections 3.3 and 3.4)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from wordsight.detection.lanms import CORE
from wordsight.models.heads import CUT, RboxMaps
from wordsight.types import Floats

STRIDE = 4

TINY = 5.0
"""Words lower or narrower than this in the view, pixels, count as "don't care"."""

VISIBLE = 0.6
"""Words of which less than this share lies inside the view count as "don't care": their ends cannot be known."""


@dataclass(frozen=True, slots=True)
class TargetMaps:
    """The truth of one view, at a quarter of its size.

    Attributes:
        score: (h, w) uint8: 1 in the shrunk core of a word.
        rim: (h, w) uint8: 1 inside a word but outside its core, where a detector may say either.
        care: (h, w) uint8: 0 where nothing counts.
        weight: (h, w) float32, over cores: small words weigh more per cell, so that large ones do not rule the loss.
        box: (5, h, w) float32, over cores: distances from the anchor (4 x, 4 y) to the top, right, bottom and left
            side, pixels, at least 1, and the angle in radians, clockwise, in (CUT, CUT + pi].
        owner: (h, w) int16: number of the word in whose core a cell lies, -1 elsewhere.
    """

    score: NDArray[np.uint8]
    rim: NDArray[np.uint8]
    care: NDArray[np.uint8]
    weight: Floats
    box: Floats
    owner: NDArray[np.int16]


def fit_rects(quads: Floats) -> Floats:
    """The rectangles that overlap quads best: (N, 5) centre x, y, width, height, angle (radians, clockwise).

    Not the smallest rectangle around a quad: on text seen from the side that is much larger than the quad.
    Direction and width are those of the text's middle line, the height gives the rectangle the quad's area.
    """
    along = (quads[:, 1] - quads[:, 0] + quads[:, 2] - quads[:, 3]) / 2
    width = np.linalg.norm(along, axis=1)
    x, y = quads[..., 0], quads[..., 1]
    area = np.abs((x * np.roll(y, -1, 1) - y * np.roll(x, -1, 1)).sum(1)) / 2
    height = area / np.maximum(width, 1e-3)
    centre = quads.mean(axis=1)
    return np.column_stack([centre, width, height, np.arctan2(along[:, 1], along[:, 0])]).astype(np.float32)


def shrink(quads: Floats, share: float = CORE) -> Floats:
    """The cores of quads: the ends of each edge move inwards along it, first of the longer pair of edges.

    Args:
        quads: (N, 4, 2).
        share: Part of the corner's shorter edge by which an end moves (the paper's 0.3 r).
    """
    edges = np.linalg.norm(np.roll(quads, -1, axis=1) - quads, axis=2)  # (N, 4), edge i from corner i to i + 1
    reach = share * np.minimum(edges, np.roll(edges, 1, axis=1))
    flat = edges[:, 0] + edges[:, 2] >= edges[:, 1] + edges[:, 3]
    horizontal, vertical = ((0, 1), (3, 2)), ((0, 3), (1, 2))
    wide = _pull(_pull(quads, reach, horizontal), reach, vertical)
    tall = _pull(_pull(quads, reach, vertical), reach, horizontal)
    return np.where(flat[:, None, None], wide, tall).astype(np.float32)


def _pull(quads: Floats, reach: Floats, edges: tuple[tuple[int, int], ...]) -> Floats:
    moved = quads.copy()
    for i, j in edges:
        edge = quads[:, j] - quads[:, i]
        edge = edge / np.maximum(np.linalg.norm(edge, axis=1, keepdims=True), 1e-6)
        moved[:, i] += edge * reach[:, i, None]
        moved[:, j] -= edge * reach[:, j, None]
    return moved


def make_targets(quads: Floats, ignore: NDArray[np.bool_], size: int) -> TargetMaps:
    """Target maps of a square view.

    Args:
        quads: (N, 4, 2) in the view's pixels; parts may lie outside.
        ignore: (N,) True for places that count neither way.
        size: Side of the view, pixels, a multiple of 32.
    """
    side = size // STRIDE
    score, rim = np.zeros((side, side), np.uint8), np.zeros((side, side), np.uint8)
    care, weight = np.ones((side, side), np.uint8), np.zeros((side, side), np.float32)
    box, owner = np.zeros((5, side, side), np.float32), np.full((side, side), -1, np.int16)
    rects = fit_rects(quads)
    skip = ignore | (rects[:, 2:4].min(axis=1) < TINY) | (visible_share(quads, size) < VISIBLE)
    for i in np.flatnonzero(skip):
        _fill(care, quads[i], 0)
    cores = shrink(quads)
    for i in sorted(np.flatnonzero(~skip), key=lambda i: -float(rects[i, 2] * rects[i, 3])):  # small ones on top
        core = np.zeros_like(score)
        _fill(core, cores[i], 1)
        ys, xs = np.nonzero(core)
        _fill(rim, quads[i], 1)
        score[ys, xs], care[ys, xs], owner[ys, xs] = 1, 1, i
        weight[ys, xs] = 1 / np.sqrt(max(len(ys), 1))
        box[:, ys, xs] = _votes(rects[i], STRIDE * xs, STRIDE * ys)
    rim[score > 0] = 0
    return TargetMaps(score, rim, care, weight, box, owner)


def _votes(rect: Floats, x: NDArray[np.intp], y: NDArray[np.intp]) -> Floats:
    """Distances from points to the four sides of a rectangle, and its angle: (5, M)."""
    cx, cy, width, height, angle = (float(value) for value in rect)
    angle = CUT + math.pi - (CUT + math.pi - angle) % math.pi
    cos, sin = math.cos(angle), math.sin(angle)
    along, across = (x - cx) * cos + (y - cy) * sin, (y - cy) * cos - (x - cx) * sin
    sides = [height / 2 + across, width / 2 - along, height / 2 - across, width / 2 + along]
    return np.stack([*np.maximum(sides, 1), np.full(len(x), angle)]).astype(np.float32)


def visible_share(quads: Floats, size: int) -> Floats:
    """Share of each quad's area that lies inside a square view: (N,)."""
    square = np.array([[0, 0], [size, 0], [size, size], [0, size]], np.float32)
    shares = np.zeros(len(quads), np.float32)
    low, high = quads.min(axis=1), quads.max(axis=1)
    shares[(low >= 0).all(1) & (high <= size).all(1)] = 1
    cut = ~((low >= 0) & (high <= size)).all(1) & (high > 0).all(1) & (low < size).all(1)
    for i in np.flatnonzero(cut):
        hull = cv2.convexHull(quads[i])
        common, _ = cv2.intersectConvexConvex(hull, square)
        shares[i] = common / max(cv2.contourArea(hull), 1e-3)
    return shares


def _fill(target: NDArray[np.uint8], quad: Floats, value: int) -> None:
    """Fill the cells whose centres lie in a quad (and those its edges touch), with 4 bits of subpixels."""
    cells = ((quad / STRIDE - 0.5).clip(-4096, 4096) * 16).round().astype(np.int32)
    cv2.fillPoly(target, [cells], value, shift=4)


@dataclass(frozen=True, slots=True)
class LossConfig:
    """Weights of EAST's loss.

    Attributes:
        negatives: Hard negative cells per positive one in the cross-entropy.
        floor: Hard negative cells of a batch that count even where there is no text.
        place: Weight of the plain distances between predicted and true sides, in shares of the box, beside the
            paper's IoU, whose gradient fades where boxes hardly overlap.
        angle: Weight of the angle's loss, as 1 - cos of the doubled angle (the paper's 10 on the single angle is 2.5).
    """

    negatives: float = 3.0
    floor: int = 512
    place: float = 0.5
    angle: float = 5.0


def east_loss(maps: RboxMaps, target: dict[str, Tensor], config: LossConfig) -> dict[str, Tensor]:
    """EAST's losses over a batch; their sum is what to minimise.

    Args:
        maps: The head's output.
        target: ``TargetMaps`` as tensors with a leading batch axis.
        config: Weights.

    Returns:
        Scalars: ``dice`` and ``entropy`` of the score, ``box`` (-log IoU in the true box's frame, and
        distance), ``angle``.
    """
    weight = target["weight"] * target["care"].float()
    total = weight.sum().clamp(min=1e-3)
    place = box_loss(maps, target["box"]) + config.place * place_loss(maps, target["box"])
    angle = 2 * target["box"][:, 4]
    straight = maps.direction[:, 0] * torch.cos(angle) + maps.direction[:, 1] * torch.sin(angle)
    turn = ((1 - straight) * weight).sum() / total
    return {
        **score_losses(maps.score, target, config),
        "box": (place * weight).sum() / total,
        "angle": config.angle * turn,
    }


def score_losses(score: Tensor, target: dict[str, Tensor], config: LossConfig) -> dict[str, Tensor]:
    """``dice`` and ``entropy`` of score logits (N, 1, H, W); see ``east_loss``."""
    logit = score[:, 0].float()
    truth, care = target["score"].float(), target["care"].float()
    weight = target["weight"] * care
    probability = torch.sigmoid(logit) * care
    dice = 1 - 2 * (probability * truth).sum() / (probability.sum() + (truth * care).sum() + 1)
    return {"dice": dice, "entropy": _hard_entropy(logit, target, weight / weight.sum().clamp(min=1e-3), config)}


def _hard_entropy(logit: Tensor, target: dict[str, Tensor], weight: Tensor, config: LossConfig) -> Tensor:
    """Cross-entropy over the cores and the hardest background cells; the rim, where truth is vague, is left out."""
    positive = (F.softplus(-logit) * weight).sum()
    background = (1 - target["score"].float()) * (1 - target["rim"].float()) * target["care"].float()
    count = int(config.negatives * float((target["score"] * target["care"]).sum())) + config.floor
    hard = (F.softplus(logit) * background).flatten()
    return positive + hard.topk(min(count, hard.numel())).values.mean()


def box_loss(maps: RboxMaps, box: Tensor) -> Tensor:
    """-log IoU of predicted and true boxes at every cell, (N, H, W), as if both had the same angle (section 3.4.2)."""
    top, right, bottom, left = torch.minimum(maps.sides, box[:, :4]).unbind(1)
    common = (top + bottom) * (right + left)
    area = sum((sides[:, 0] + sides[:, 2]) * (sides[:, 1] + sides[:, 3]) for sides in (maps.sides, box))
    return torch.log(area - common + 1) - torch.log(common + 1)


def place_loss(maps: RboxMaps, box: Tensor) -> Tensor:
    """Mean distance between predicted and true sides in shares of the true box's height and width: (N, H, W)."""
    size = (box[:, :2] + box[:, 2:4]).clamp(min=1).repeat(1, 2, 1, 1)
    return F.smooth_l1_loss(maps.sides / size, box[:, :4] / size, reduction="none", beta=0.05).sum(1)
