"""The region-based detector: where might text be, and then, place by place, is it text and where exactly does it end.

Faster R-CNN in small (Ren et al., NeurIPS 2015). Its two parts are the :class:`Proposer`, which marks boxes, here
without anchors (one box for a cell, as in FCOS, Tian et al., ICCV 2019), and the :class:`Judge`, which looks at the
features inside of each box, brought to one size by RoI align (He et al., "Mask R-CNN", ICCV 2017), and gives a score
and the text's four corners.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wordsight.models.heads import MAX_LOG_SIDE, DetectionNetwork, start_from, stock_detector
from wordsight.models.lcnet import FEATURES, DetectionBody
from wordsight.models.windows import MARGIN, POOLED, STRIDE

NARROW = 16
"""Channels of the features that are pooled."""
HIDDEN = 128
"""Width of the judge's layer."""


class RegionMaps(NamedTuple):
    """What is known of a picture before regions are judged.

    Attributes:
        score: (N, 1, H / 4, W / 4) logit that the cell lies in the middle of a word.
        sides: (N, 4, H / 4, W / 4) distances from the cell's centre to the left, top, right and bottom of the box
            around that word, pixels, above 0.
        features: (N, 16, H / 4, W / 4) what regions are judged by.
    """

    score: Tensor
    sides: Tensor
    features: Tensor


class Proposer(nn.Module):
    """A small region proposal network: score and box at every cell of (N, C, h, w)."""

    def __init__(self, features: int = FEATURES, hidden: int = 48) -> None:
        super().__init__()
        self.hidden = nn.Conv2d(features, hidden, 3, padding=1)
        self.out = nn.Conv2d(hidden, 5, 1)
        with torch.no_grad():
            self.out.weight[1:] *= 0.5
            self.out.bias = nn.Parameter(torch.tensor([-4.0, 3.3, 2.3, 3.3, 2.3]))  # rare, and 54 x 20

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Score logits (N, 1, h, w) and sides (N, 4, h, w), pixels."""
        hidden = F.relu(self.hidden(features))
        with torch.autocast(hidden.device.type, enabled=False):
            raw = self.out(hidden.float())
        return raw[:, :1], torch.exp(raw[:, 1:].clamp(-2, MAX_LOG_SIDE))

    def take_east(self, tensors: Mapping[str, Tensor]) -> None:
        """Start from EAST's RBOX head, whose box of level text is what is to be proposed.

        Args:
            tensors: ``head.hidden`` and ``head.out`` of an ``EastDetector``, weight and bias of each.
        """
        rows = [0, 4, 1, 2, 3]  # EAST tells top, right, bottom, left
        with torch.no_grad():
            self.hidden.weight.copy_(tensors["head.hidden.weight"])
            self.out.weight.copy_(tensors["head.out.weight"][rows])
            for layer, bias in ((self.hidden, tensors["head.hidden.bias"]), (self.out, tensors["head.out.bias"][rows])):
                if layer.bias is not None:
                    layer.bias.copy_(bias)


class Judge(nn.Module):
    """Two layers on pooled features: score, and the four corners in shares of the region."""

    def __init__(self) -> None:
        super().__init__()
        rows, columns = POOLED
        self.hidden = nn.Linear(NARROW * rows * columns, HIDDEN)
        self.out = nn.Linear(HIDDEN, 9)
        with torch.no_grad():
            self.out.weight *= 0.2
            self.out.bias.zero_()

    def forward(self, pooled: Tensor) -> tuple[Tensor, Tensor]:
        """Take (R, 16, 4, 12); give score logits (R,) and corners (R, 4, 2) minus the region's own, in shares of it."""
        with torch.autocast(pooled.device.type, enabled=False):
            out = self.out(F.relu(self.hidden(pooled.float().flatten(1))))
        return out[:, 0], out[:, 1:].unflatten(1, (4, 2))


class RegionNetwork(DetectionNetwork):
    """Body, proposer and judge.

    What is exported ends before the judge: how many regions there are is no matter of a graph, and they may also come
    from elsewhere (MSER). The judge's few weights are exported as outputs, so that one file holds all.
    """

    def __init__(self, body: DetectionBody | None = None) -> None:
        super().__init__()
        self.body = body or DetectionBody()
        self.proposer = Proposer()
        self.narrow = nn.Conv2d(FEATURES, NARROW, 3, padding=1)
        self.judge = Judge()

    def forward(self, x: Tensor) -> RegionMaps:
        """Take (N, 3, H, W), as ``DetectionBody`` does."""
        features = self.body(x)
        score, sides = self.proposer(features)
        return RegionMaps(score, sides, F.relu(self.narrow(features)).float())

    def decoded(self, x: Tensor) -> tuple[Tensor, ...]:
        """Scores in 0..1, sides and features, then the judge: (1, 1, 768, 128), (1, 1, 1, 128), (1, 1, 128, 9), ..."""
        maps = self.forward(x)
        layers = (self.judge.hidden, self.judge.out)
        weights = [part for layer in layers for part in (layer.weight.t(), layer.bias[None])]
        return torch.sigmoid(maps.score), maps.sides, maps.features, *(part[None, None] + 0 for part in weights)


def roi_align(features: Tensor, boxes: Tensor, picture: Tensor) -> Tensor:
    """Features of boxes, brought to one size: bilinear samples at the middles of 4 x 12 equal parts of each.

    Args:
        features: (N, C, h, w) at a quarter of the picture.
        boxes: (R, 4) left, top, right, bottom, pixels of the picture.
        picture: (R,) which of the N each box lies in.

    Returns:
        (R, C, 4, 12); outside of the picture the nearest features count.
    """
    rows, columns = POOLED
    y = (torch.arange(rows, dtype=boxes.dtype) + 0.5) / rows
    x = (torch.arange(columns, dtype=boxes.dtype) + 0.5) / columns
    size = boxes[:, 2:] - boxes[:, :2]
    xs = boxes[:, :1] + size[:, :1] * x
    ys = boxes[:, 1:2] + size[:, 1:] * y
    grid = torch.stack([xs[:, None].expand(-1, rows, -1), ys[:, :, None].expand(-1, -1, columns)], -1)
    high, wide = features.shape[2:]
    grid = grid / (STRIDE * torch.tensor([wide, high], dtype=boxes.dtype)) * 2 - 1
    pooled = torch.zeros(len(boxes), features.shape[1], rows, columns, dtype=features.dtype)
    for number in range(len(features)):
        own = (picture == number).nonzero(as_tuple=True)[0]
        if len(own):  # one picture after the other: the boxes of each make one tall grid
            tall = grid[own].reshape(1, -1, columns, 2)
            sampled = F.grid_sample(features[number : number + 1], tall, padding_mode="border", align_corners=False)
            pooled = pooled.index_copy(0, own, torch.unflatten(sampled[0], 1, (len(own), rows)).transpose(0, 1))
    return pooled


def widened(boxes: Tensor) -> Tensor:
    """Boxes (R, 4) with the margin with which they are judged."""
    margin = MARGIN * (boxes[:, 3:] - boxes[:, 1:2]) * torch.tensor([-1.0, -1.0, 1.0, 1.0])
    return boxes + margin


def stock_region() -> RegionNetwork:
    """A network to start training from: the published body, and a proposer whose first filters are DB's."""
    body, db = stock_detector()
    network = RegionNetwork(body)
    start_from(db, network.proposer.hidden)
    return network
