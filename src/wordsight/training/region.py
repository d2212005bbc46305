"""What the region-based detector learns: to propose boxes, and to judge and correct them.

The proposer learns how central a cell is to a word (FCOS, Tian et al., ICCV 2019) by the quality focal loss, so that
its score has one peak a word; the judge learns from the regions that the proposer offers at that moment, and from true
boxes moved a little (Ren et al., "Faster R-CNN", NeurIPS 2015, section 3.2).
"""

from __future__ import annotations

import math

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from wordsight import geometry
from wordsight.detection.region import proposals
from wordsight.models.heads import CUT
from wordsight.models.region import Judge, RegionMaps, RegionNetwork, roi_align, widened
from wordsight.models.windows import STRIDE
from wordsight.training.cells import giou, pairwise_iou
from wordsight.training.east import TINY, VISIBLE, fit_rects, shrink, visible_share
from wordsight.types import Floats

MOST = 64
"""Most words of a view that are learnt, the largest of them."""
REGIONS = 64
"""Most proposals of a view that are judged in a step."""
RIGHT, WRONG = 0.5, 0.4
"""Regions are text from this IoU with a word's box on, and none below that one."""
MOVED = 0.12
"""True boxes are moved by so much, in shares of their height and width (standard deviation)."""


def region_targets(quads: Floats, ignore: NDArray[np.bool_], size: int) -> dict[str, NDArray[np.generic]]:
    """The truth of a square view.

    Args:
        quads: (N, 4, 2) in the view's pixels; parts may lie outside.
        ignore: (N,) True for places that count neither way.
        size: Side of the view, pixels.

    Returns:
        At a quarter of the size: ``centre`` float32, how central a cell is to a word, 0..1; ``sides`` (4, h, w)
        float32, distances to its box's left, top, right and bottom, pixels; ``care`` uint8. In rows: ``quads``
        (64, 4, 2) float32 and ``kind`` (64,) uint8: 1 a word, 2 a place that counts neither way, 0 nothing.
    """
    side = size // STRIDE
    centre, care = np.zeros((side, side), np.float32), np.ones((side, side), np.uint8)
    reach = np.ones((4, side, side), np.float32)
    vague = ignore | (fit_rects(quads)[:, 2:4].min(axis=1) < TINY) | (visible_share(quads, size) < VISIBLE)
    for i in np.flatnonzero(vague):
        _mask(care, quads[i], 0)
    cores = shrink(quads)
    y, x = (np.mgrid[:side, :side].astype(np.float32) + 0.5) * STRIDE
    area = np.ptp(quads, axis=1).prod(axis=1)
    for i in sorted(np.flatnonzero(~vague), key=lambda i: -area[i]):  # of two on one cell, the smaller
        core = np.zeros((side, side), np.uint8)
        _mask(core, cores[i], 1)
        inside = core > 0
        (left, top), (right, bottom) = quads[i].min(axis=0), quads[i].max(axis=0)
        sides = np.stack([x - left, y - top, right - x, bottom - y])[:, inside].clip(1)
        across, down = (np.minimum(a, b) / np.maximum(a, b) for a, b in ((sides[0], sides[2]), (sides[1], sides[3])))
        centre[inside], care[inside], reach[:, inside] = np.sqrt(across * down), 1, sides
    order = np.argsort(-area, kind="stable")[:MOST]
    rows, kind = np.zeros((MOST, 4, 2), np.float32), np.zeros(MOST, np.uint8)
    rows[: len(order)], kind[: len(order)] = upright(quads)[order], np.where(vague, 2, 1)[order]
    return {"centre": centre, "sides": reach, "care": care, "quads": rows, "kind": kind}


def upright(quads: Floats) -> Floats:
    """Quads whose first corner is where the text would begin if it did not stand on its head: nobody can see that."""
    right = geometry.directions(quads)
    flipped = (np.arctan2(right[:, 1], right[:, 0]) - CUT) % (2 * math.pi) > math.pi
    return np.where(flipped[:, None, None], geometry.turn(quads, 2), quads).astype(np.float32)


def region_losses(network: nn.Module, maps: RegionMaps, target: dict[str, Tensor]) -> dict[str, Tensor]:
    """The losses over a batch; their sum is what to minimise.

    Args:
        network: Its judge is asked.
        maps: What it gave.
        target: ``region_targets`` as tensors with a leading batch axis.

    Returns:
        Scalars: ``propose`` (quality focal loss of the score), ``box`` (1 - GIoU of the proposer's boxes), ``judge``
        (cross-entropy over regions) and ``corners`` (smooth L1 in shares of the region).
    """
    if not isinstance(network, RegionNetwork):
        raise TypeError(f"regions are judged by a RegionNetwork, not by a {type(network).__name__}")
    return {**proposer_losses(maps, target), **judge_losses(network.judge, maps, target)}


def proposer_losses(maps: RegionMaps, target: dict[str, Tensor]) -> dict[str, Tensor]:
    """``propose`` and ``box``; see :func:`region_losses`."""
    logit, centre, care = maps.score[:, 0].float(), target["centre"], target["care"].float()
    weight = centre * care
    total = weight.sum().clamp(min=1.0)
    gap = (centre - torch.sigmoid(logit)).abs().detach() ** 2
    score = (gap * F.binary_cross_entropy_with_logits(logit, centre, reduction="none") * care).sum() / total
    where = (weight > 0).nonzero(as_tuple=True)
    given, wanted = (sides.permute(0, 2, 3, 1)[where] for sides in (maps.sides, target["sides"]))
    signs = torch.tensor([-1.0, -1.0, 1.0, 1.0])
    box = ((1 - giou(given * signs, wanted * signs)) * weight[where]).sum() / total
    return {"propose": score, "box": 2 * box}


def judge_losses(judge: Judge, maps: RegionMaps, target: dict[str, Tensor]) -> dict[str, Tensor]:
    """``judge`` and ``corners``; see :func:`region_losses`."""
    words = target["quads"]
    truth = torch.cat([words.amin(2), words.amax(2)], -1)  # (N, 64, 4)
    boxes, picture = regions(maps, truth, target["kind"])
    if not len(boxes):
        nothing = maps.features.sum() * 0
        return {"judge": nothing, "corners": nothing}
    logit, shifts = judge(roi_align(maps.features, widened(boxes), picture))
    iou = pairwise_iou(truth[picture], boxes[:, None])[..., 0] * (target["kind"][picture] == 1)  # (R, 64)
    best, row = iou.max(1)
    right = best >= RIGHT
    counts = right | ((best < WRONG) & ~_ignored(boxes, truth[picture], target["kind"][picture] == 2))
    entropy = F.binary_cross_entropy_with_logits(logit, right.float(), reduction="none")
    losses = {"judge": (entropy * counts).sum() / counts.sum().clamp(min=1)}
    size = (boxes[:, 2:] - boxes[:, :2])[:, None]
    own = boxes[:, [[0, 1], [2, 1], [2, 3], [0, 3]]]
    away = F.smooth_l1_loss(shifts, (words[picture, row] - own) / size, reduction="none", beta=0.05).mean((1, 2))
    losses["corners"] = 5 * (away * right).sum() / right.sum().clamp(min=1)
    return losses


@torch.no_grad()
def regions(maps: RegionMaps, truth: Tensor, kind: Tensor) -> tuple[Tensor, Tensor]:
    """The regions of a batch that are judged: what is proposed, and true boxes moved a little.

    Returns:
        Boxes (R, 4), pixels, at least 2 x 2, and the picture (R,) of each.
    """
    boxes = []
    for score, sides, own, sort in zip(torch.sigmoid(maps.score[:, 0].float()), maps.sides, truth, kind, strict=True):
        offered = torch.from_numpy(proposals(score.numpy(), sides.float().numpy())[:REGIONS])
        real = own[sort == 1]
        size = (real[:, 2:] - real[:, :2]).repeat(1, 2)
        boxes.append(torch.cat([offered, real + MOVED * torch.randn_like(real) * size, real]))
    together = torch.cat(boxes)
    middle, half = (together[:, :2] + together[:, 2:]) / 2, ((together[:, 2:] - together[:, :2]) / 2).clamp(min=1)
    picture = torch.cat([torch.full((len(part),), number) for number, part in enumerate(boxes)])
    return torch.cat([middle - half, middle + half], 1), picture


def _ignored(boxes: Tensor, truth: Tensor, ignored: Tensor) -> Tensor:
    """Whether more than half of each box (R, 4) lies in a place (R, 64, 4) that does not count."""
    low, high = torch.maximum(boxes[:, None, :2], truth[..., :2]), torch.minimum(boxes[:, None, 2:], truth[..., 2:])
    shared = (high - low).clamp(min=0).prod(-1) * ignored
    return shared.amax(1) > 0.5 * (boxes[:, 2:] - boxes[:, :2]).prod(1)


def _mask(map_: NDArray[np.uint8], quad: Floats, value: int) -> None:
    cv2.fillPoly(map_, [np.round(16 * (quad / STRIDE - 0.5)).astype(np.int32)], value, shift=4)
