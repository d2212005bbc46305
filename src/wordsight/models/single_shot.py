"""The single-shot detector of taught objects: an anchor-free, YOLO-style head on the text detector's backbone and neck.

Every cell of three grids says whether the middle of an object is here, which label it has, how far its sides are
away, and where its four corners stand. Objectness and box as in FCOS (Tian et al., ICCV 2019), one head for all grids,
so that an object seen at one size teaches how it looks at all sizes: with a few dozen pictures that counts.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wordsight.models.heads import stock_detector
from wordsight.models.lcnet import FEATURES, DetectionBody

STRIDES = (8, 16, 32)
"""Pixels of the network's input per cell of each grid."""

RARE = -4.0
"""Logit of objectness to start from: one cell in fifty."""

LARGEST = 6.0
"""e^6 strides are more than a picture has cells; keeps exp() finite early in training."""

LEAST = 1e-4
"""Scores are kept this far from 0 and 1 before their logit is taken."""


class CellMaps(NamedTuple):
    """What the head predicts at the cells of one grid.

    Attributes:
        objectness: (N, 1, h, w) logit that a good box comes from this cell.
        classes: (N, C, h, w) logits of the labels, which exclude each other.
        sides: (N, 4, h, w) distances from the cell's centre to the left, top, right and bottom side, pixels, above 0.
        shifts: (N, 8, h, w) of the corners TL TR BR BL: x, y of each minus the box's own, in shares of its width and
            height.
    """

    objectness: Tensor
    classes: Tensor
    sides: Tensor
    shifts: Tensor


class Pyramid(nn.Module):
    """The neck's coarser levels, added from coarse to fine: (N, 96, H / s, W / s) for every stride s, finest first."""

    def __init__(self, body: DetectionBody | None = None) -> None:
        super().__init__()
        body = body or DetectionBody()
        self.backbone = body.backbone
        self.laterals = nn.ModuleList(list(body.neck.laterals)[: len(STRIDES)])

    def forward(self, x: Tensor) -> list[Tensor]:
        """Take (N, 3, H, W), H and W multiples of 32, as ``DetectionBody`` does."""
        levels = self.backbone(x)[-len(STRIDES) :]
        merged: list[Tensor] = []
        for level, lateral in zip(reversed(levels), self.laterals, strict=True):
            own = lateral(level)
            merged.insert(0, own + F.interpolate(merged[0], scale_factor=2.0, mode="nearest") if merged else own)
        return merged


class SingleShotHead(nn.Module):
    """Two short towers, shared by all grids: what is here, and where are its sides and corners.

    Args:
        classes: Number of labels, at least 1.
        features: Channels of the pyramid's levels.
        hidden: Width of the towers.
    """

    def __init__(self, classes: int, features: int = FEATURES, hidden: int = 64) -> None:
        super().__init__()
        self.classes = classes
        self.what = nn.Sequential(*_layer(features, hidden), *_layer(hidden, hidden))
        self.where = nn.Sequential(*_layer(features, hidden), *_layer(hidden, hidden))
        self.score = nn.Conv2d(hidden, 1 + classes, 1)
        self.place = nn.Conv2d(hidden, 12, 1)
        with torch.no_grad():
            self.score.weight *= 0.1
            self.place.weight *= 0.1
            self.score.bias = nn.Parameter(torch.tensor([RARE] + [0.0] * classes))
        self.expect(3.0)

    def expect(self, aspect: float) -> None:
        """Start from boxes of this width over height: the nearer the first guesses, the sooner they are right."""
        wide, high = (math.log(2.5) + math.log(aspect) / 2 * sign for sign in (1, -1))
        with torch.no_grad():
            self.place.bias = nn.Parameter(torch.tensor([wide, high, wide, high] + [0.0] * 8))

    def forward(self, levels: list[Tensor]) -> list[CellMaps]:
        """Take the pyramid's levels; give what is predicted on each."""
        return [self._cells(level, stride) for level, stride in zip(levels, STRIDES, strict=True)]

    def _cells(self, features: Tensor, stride: int) -> CellMaps:
        what, where = self.what(features), self.where(features)
        with torch.autocast(features.device.type, enabled=False):  # bfloat16 would round a box by up to 2 %
            score, place = self.score(what.float()), self.place(where.float())
        sides = torch.exp(place[:, :4].clamp(-LARGEST, LARGEST)) * stride
        return CellMaps(score[:, :1], score[:, 1:], sides, place[:, 4:])


class SingleShotNetwork(nn.Module):
    """Pyramid and head; ``forward`` gives the maps for training, ``decoded`` those that are exported.

    Args:
        classes: Number of labels.
        pyramid: What the head stands on.
    """

    calibration: Tensor

    def __init__(self, classes: int, pyramid: Pyramid | None = None) -> None:
        super().__init__()
        self.pyramid = pyramid or Pyramid()
        self.head = SingleShotHead(classes)
        # Slope and offset between the logit of a score and that of the share of right boxes. Not learnt by gradient:
        # it is fitted on held-out pictures, and stands in the weights so that it always belongs to them.
        self.register_buffer("calibration", torch.tensor([1.0, 0.0]))

    def forward(self, x: Tensor) -> list[CellMaps]:
        """Take (N, 3, H, W), as ``DetectionBody`` does; give the cells of every stride."""
        cells: list[CellMaps] = self.head(self.pyramid(x))
        return cells

    def decoded(self, x: Tensor) -> tuple[Tensor, ...]:
        """One map (N, C + 12, H / s, W / s) for every stride s.

        Channels: C scores in 0..1 (calibrated probabilities), the four sides as in ``CellMaps``, and x, y of the four
        corners minus the cell's centre, pixels.
        """
        return tuple(self._decoded(cells) for cells in self.forward(x))

    def _decoded(self, cells: CellMaps) -> Tensor:
        score = torch.sigmoid(cells.objectness) * torch.softmax(cells.classes, 1)
        slope, offset = self.calibration.unbind()
        score = torch.sigmoid(torch.logit(score, LEAST) * slope + offset)
        return torch.cat([score, cells.sides, corners(cells.sides, cells.shifts, 1)], 1)


def corners(sides: Tensor, shifts: Tensor, axis: int) -> Tensor:
    """Corners TL TR BR BL as x, y minus the cell's centre, pixels: 8 along ``axis``, where sides are 4, shifts 8."""
    left, top, right, bottom = sides.unbind(axis)
    width, height = left + right, top + bottom
    box = torch.stack([-left, -top, right, -top, right, bottom, -left, bottom], axis)
    return box + shifts * torch.stack([width, height] * 4, axis)


def stock_single_shot(classes: int, path: Path | None = None) -> SingleShotNetwork:
    """A network to start training from: the published text detector's backbone and neck, and a new head.

    Args:
        classes: Number of labels.
        path: PP-OCRv6_det_small.onnx; default: the file in the ``rapidocr`` package.

    Raises:
        WeightsMissing: The file is not there.
        WeightsCorrupt: The package has another file.
        ModelError: The file holds another network.
    """
    body, _ = stock_detector(path)
    return SingleShotNetwork(classes, Pyramid(body))


def _layer(inputs: int, outputs: int) -> tuple[nn.Module, ...]:
    return nn.Conv2d(inputs, outputs, 3, padding=1), nn.GroupNorm(8, outputs), nn.ReLU()
