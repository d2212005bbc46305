"""What EAST's QUAD head learns: offsets to four corners (Zhou et al., CVPR 2017, sections 3.3.2 and 3.4.2)."""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from wordsight import geometry
from wordsight.models.heads import CUT
from wordsight.training.east import STRIDE, LossConfig, TargetMaps, score_losses
from wordsight.types import Floats


def corner_targets(quads: Floats, target: TargetMaps) -> Floats:
    """Offsets from every anchor to its word's corners: (8, h, w), x and y of each corner, pixels; 0 outside of cores.

    The first corner is the one at which a text whose angle lies in (CUT, CUT + pi] would begin: what stands on its
    head starts where it would if it stood upright, because the network cannot know better.

    Args:
        quads: (N, 4, 2) the words that ``target`` was made from.
        target: Their score maps.
    """
    right = geometry.directions(quads)
    angle = np.arctan2(right[:, 1], right[:, 0])
    flipped = (angle - CUT) % (2 * math.pi) > math.pi
    ordered = np.where(flipped[:, None, None], geometry.turn(quads, 2), quads)
    side = target.score.shape[0]
    ys, xs = np.nonzero(target.owner >= 0)
    corners = np.zeros((8, side, side), np.float32)
    anchors = STRIDE * np.stack([xs, ys], 1)[:, None]
    corners[:, ys, xs] = (ordered[target.owner[ys, xs]] - anchors).reshape(-1, 8).T
    return corners


def corner_sizes(quads: Floats, target: TargetMaps) -> Floats:
    """Length of the shortest edge of every core cell's word: (h, w), pixels, at least 1; 1 outside of cores."""
    edges = np.linalg.norm(np.roll(quads, -1, axis=1) - quads, axis=2)
    sizes = np.append(np.maximum(edges.min(axis=1), 1), 1).astype(np.float32)  # owner -1 takes the last
    return sizes[target.owner]


def quad_targets(quads: Floats, target: TargetMaps) -> dict[str, NDArray[np.generic]]:
    """All that ``quad_loss`` takes, for one view."""
    maps: dict[str, NDArray[np.generic]] = {name: getattr(target, name) for name in ("score", "rim", "care", "weight")}
    return {**maps, "corners": corner_targets(quads, target), "shortest": corner_sizes(quads, target)}


def quad_loss(maps: tuple[Tensor, Tensor], target: dict[str, Tensor], config: LossConfig) -> dict[str, Tensor]:
    """Losses of the score and of the corners over a batch; their sum is what to minimise.

    The corners' is the paper's equation 10: smooth L1 of all eight offsets over the word's shortest edge, the least
    over the orders in which the corners may be counted. Of those only the two that begin a text at either end are
    allowed here: a word's own direction is known.

    Args:
        maps: The head's output: score logits (N, 1, H, W) and corners (N, 8, H, W).
        target: ``quad_targets`` as tensors with a leading batch axis.
        config: Weights.
    """
    score, corners = maps
    weight = target["weight"] * target["care"].float()
    size = target["shortest"][:, None]
    distances = [
        F.smooth_l1_loss(corners / size, truth / size, reduction="none", beta=0.2).sum(1) / 8
        for truth in (target["corners"], torch.roll(target["corners"], 4, dims=1))
    ]
    place = torch.minimum(*distances)
    place = (place * weight).sum() / weight.sum().clamp(min=1e-3)
    return {**score_losses(score, target, config), "corners": 4 * place}
