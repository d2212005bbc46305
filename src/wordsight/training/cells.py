"""What the single-shot detector learns from: which cells answer for which object, and losses.

An object is learnt by the few cells whose boxes fit it best and which are surest of it, on whichever grid they are, as
in TOOD (Feng et al., "Task-aligned One-stage Object Detection", ICCV 2021). Objectness learns how well the box of a
cell fits (quality focal loss, Li et al., NeurIPS 2020), the box by GIoU (Rezatofighi et al., CVPR 2019).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from wordsight.models.single_shot import STRIDES, CellMaps, corners

NOTHING = -1
"""Label of a row without an object: rows fill up so that the pictures of a batch have equally many."""
IGNORED = -2
"""Label of a region that counts neither way."""


@dataclass(frozen=True, slots=True)
class CellLossConfig:
    """How cells are chosen, and weights of the losses.

    Attributes:
        cells: So many cells learn an object.
        central: They lie in this central share of its box's width and height.
        fit: Exponent of the IoU against that of the score (0.5) in the choice of cells.
        soft: Exponent of the IoU in what objectness should be: 0 asks for 1 whatever the box, 1 for the IoU.
        box: Weight of the box's loss.
        quad: Weight of the corners' loss.
        label: Weight of the label's loss.
    """

    cells: int = 9
    central: float = 0.8
    fit: float = 4.0
    soft: float = 0.25
    box: float = 2.0
    quad: float = 2.0
    label: float = 1.0


class Cells(NamedTuple):
    """The cells of all grids in one row of M.

    Attributes:
        centres: (M, 2) x, y, pixels of the view.
        objectness: (N, M) logits.
        classes: (N, M, C) logits.
        boxes: (N, M, 4) left, top, right, bottom, pixels.
        quads: (N, M, 4, 2) corners, pixels.
    """

    centres: Tensor
    objectness: Tensor
    classes: Tensor
    boxes: Tensor
    quads: Tensor


class Truth(NamedTuple):
    """The objects of a batch of views, T rows each.

    Attributes:
        quads: (N, T, 4, 2) corners, pixels.
        boxes: (N, T, 4) left, top, right, bottom.
        labels: (N, T) index of the label, ``NOTHING`` or ``IGNORED``.
    """

    quads: Tensor
    boxes: Tensor
    labels: Tensor

    @classmethod
    def of(cls, quads: Tensor, labels: Tensor) -> Truth:
        """From quads and labels; rows that no picture needs are cut off."""
        rows = max(1, int((labels != NOTHING).sum(1).max()))
        quads, labels = quads[:, :rows].float(), labels[:, :rows]
        return cls(quads, torch.cat([quads.amin(2), quads.amax(2)], -1), labels)


class Choice(NamedTuple):
    """What each cell answers for.

    Attributes:
        truth: (N, M) row of the object; any where ``quality`` is 0.
        quality: (N, M) how well the cell does it, 0..1; 0 where it answers for nothing.
        care: (N, M) False in ignored regions.
    """

    truth: Tensor
    quality: Tensor
    care: Tensor


def in_a_row(maps: Sequence[CellMaps]) -> Cells:
    """The cells of all grids one after the other."""
    centres, objectness, classes, boxes, quads = [], [], [], [], []
    for cells, stride in zip(maps, STRIDES, strict=True):
        height, width = cells.sides.shape[2:]
        y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
        centre = (torch.stack([x, y], -1).reshape(-1, 2).float() + 0.5) * stride
        sides, shifts = (part.float().flatten(2).transpose(1, 2) for part in (cells.sides, cells.shifts))
        centres.append(centre)
        objectness.append(cells.objectness.float().flatten(1))
        classes.append(cells.classes.float().flatten(2).transpose(1, 2))
        boxes.append(torch.cat([centre - sides[..., :2], centre + sides[..., 2:]], -1))
        # The box has a loss of its own; the corners only learn what to add to it.
        quads.append(centre[:, None] + torch.unflatten(corners(sides.detach(), shifts, 2), 2, (4, 2)))
    return Cells(torch.cat(centres), *(torch.cat(part, 1) for part in (objectness, classes, boxes, quads)))


@torch.no_grad()
def choose(cells: Cells, truth: Truth, config: CellLossConfig) -> Choice:
    """The cells that learn each object, and how much."""
    wanted = truth.labels >= 0
    iou = pairwise_iou(truth.boxes, cells.boxes)  # (N, T, M)
    label = truth.labels.clamp(min=0)[..., None].expand(-1, -1, cells.objectness.shape[1])
    sure = torch.sigmoid(cells.objectness)[:, None] * cells.classes.softmax(-1).transpose(1, 2).gather(1, label)
    candidate = inside(cells.centres, truth.boxes, config.central) & wanted[..., None]
    fit = (sure.sqrt() * (iou + 1e-4) ** config.fit) * candidate
    best = fit.topk(min(config.cells, fit.shape[2]), dim=2)
    chosen = torch.zeros_like(fit).scatter_(2, best.indices, (best.values > 0).float()) > 0
    quality, row = ((iou + 1e-4) ** config.soft * chosen).max(1)  # a cell answers for one object only
    ignored = inside(cells.centres, truth.boxes, 1.0) & (truth.labels == IGNORED)[..., None]
    return Choice(row, quality, ~ignored.any(1) | (quality > 0))


def inside(centres: Tensor, boxes: Tensor, share: float) -> Tensor:
    """Whether cells lie in the central part of boxes, (N, T, M); the smallest box has at least one of the finest grid.

    Args:
        centres: (M, 2).
        boxes: (N, T, 4).
        share: Of width and height.
    """
    middle = (boxes[..., :2] + boxes[..., 2:]) / 2
    reach = ((boxes[..., 2:] - boxes[..., :2]) / 2 * share).clamp(min=0.6 * STRIDES[0])
    near = (centres - middle[..., None, :]).abs() <= reach[..., None, :]
    return near.all(-1)


def pairwise_iou(truth: Tensor, boxes: Tensor) -> Tensor:
    """Intersection over union of boxes (N, T, 4) and (N, M, 4): (N, T, M)."""
    a, b = truth[:, :, None], boxes[:, None]
    shared = (torch.minimum(a[..., 2:], b[..., 2:]) - torch.maximum(a[..., :2], b[..., :2])).clamp(min=0).prod(-1)
    return shared / (_area(a) + _area(b) - shared).clamp(min=1e-6)


def giou(a: Tensor, b: Tensor) -> Tensor:
    """Generalised intersection over union, -1..1, of boxes (K, 4) row by row."""
    shared = (torch.minimum(a[:, 2:], b[:, 2:]) - torch.maximum(a[:, :2], b[:, :2])).clamp(min=0).prod(-1)
    union = (_area(a) + _area(b) - shared).clamp(min=1e-6)
    hull = (torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])).prod(-1).clamp(min=1e-6)
    return shared / union - (hull - union) / hull


def cell_losses(maps: Sequence[CellMaps], truth: Truth, config: CellLossConfig) -> dict[str, Tensor]:
    """The losses over a batch; their sum is what to minimise.

    Args:
        maps: The network's output.
        truth: What is in the views.
        config: Weights.

    Returns:
        Scalars: ``object`` (quality focal loss over all cells), ``box`` (1 - GIoU), ``quad`` (distance of the corners
        in shares of the box) and ``label`` (cross-entropy) over the chosen cells, weighted by their quality.
    """
    cells = in_a_row(maps)
    choice = choose(cells, truth, config)
    total = choice.quality.sum().clamp(min=1.0)
    gap = (choice.quality - torch.sigmoid(cells.objectness)).abs().detach() ** 2
    entropy = F.binary_cross_entropy_with_logits(cells.objectness, choice.quality, reduction="none")
    losses = {"object": (gap * entropy * choice.care).sum() / total}
    picture, cell = choice.quality.nonzero(as_tuple=True)
    row, weight = choice.truth[picture, cell], choice.quality[picture, cell] / total
    box = truth.boxes[picture, row]
    size = (box[:, 2:] - box[:, :2]).clamp(min=1)[:, None]
    away = F.smooth_l1_loss(
        cells.quads[picture, cell] / size, truth.quads[picture, row] / size, reduction="none", beta=0.05
    )
    named = F.cross_entropy(cells.classes[picture, cell], truth.labels[picture, row].clamp(min=0), reduction="none")
    losses["box"] = config.box * ((1 - giou(cells.boxes[picture, cell], box)) * weight).sum()
    losses["quad"] = config.quad * (away.mean((1, 2)) * weight).sum()
    losses["label"] = config.label * (named * weight).sum()
    return losses


def _area(boxes: Tensor) -> Tensor:
    return (boxes[..., 2:] - boxes[..., :2]).clamp(min=0).prod(-1)
