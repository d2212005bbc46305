"""The families of detectors as the training task needs them: network, targets, loss, decoder and exported form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from wordsight.config import check_choice
from wordsight.detection import lanms, quad, sliding_window, text_single_shot
from wordsight.detection import region as regions
from wordsight.detection.dbnet import rects_of
from wordsight.geometry import from_rects
from wordsight.models import heads
from wordsight.models.heads import DetectionNetwork
from wordsight.models.region import stock_region
from wordsight.models.sliding_window import stock_window
from wordsight.models.text_single_shot import stock_text_single_shot
from wordsight.training import region
from wordsight.training.cells import IGNORED, CellLossConfig, Truth, cell_losses
from wordsight.training.db import db_loss, db_targets
from wordsight.training.east import LossConfig, east_loss, make_targets
from wordsight.training.objects import packed, seen
from wordsight.training.quad import quad_loss, quad_targets
from wordsight.training.window import window_losses, window_targets
from wordsight.types import Floats

HeadName = Literal["rbox", "quad", "db", "sliding-window", "single-shot", "region"]
"""EAST with rotated boxes, EAST with quads, DB, and the other families."""

HIGH = (0.6, 0.7, 0.8, 0.85, 0.9, 0.95)
LOW = (0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.7)
EVERY = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)

Batch = dict[str, Tensor]


class Head(Protocol):
    """One way of finding text. Objects hold nothing and may be sent to other processes."""

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the exported maps."""

    @property
    def fixed(self) -> int:
        """So many of them, the last ones, are weights, of the same shape whatever the input."""

    @property
    def tries(self) -> tuple[float, ...]:
        """Scores that a validation tries, rising; the last word is spoken on other pictures."""

    def network(self) -> DetectionNetwork:
        """A network to start training from."""

    def targets(self, quads: Floats, ignore: NDArray[np.bool_], size: int) -> dict[str, NDArray[Any]]:
        """The truth of a square view as maps."""

    def losses(self, network: nn.Module, outputs: Any, batch: Batch, config: LossConfig) -> Mapping[str, Tensor]:
        """Scalars by name whose sum is minimised, of what the network gave for a batch."""

    def decode(self, maps: Sequence[Floats], threshold: float) -> tuple[Floats, Floats]:
        """Quads (N, 4, 2) in pixels of the network's input, and scores (N,), from the maps of one picture."""


class Rbox:
    """EAST with rotated boxes."""

    outputs: tuple[str, ...] = ("scores", "geometry")
    fixed = 0
    tries = LOW

    def network(self) -> DetectionNetwork:
        """See :class:`Head`."""
        return heads.stock_east()

    def targets(self, quads: Floats, ignore: NDArray[np.bool_], size: int) -> dict[str, NDArray[Any]]:
        """See :class:`Head`."""
        target = make_targets(quads, ignore, size)
        return {name: getattr(target, name) for name in ("score", "rim", "care", "weight", "box")}

    def losses(self, network: nn.Module, outputs: Any, batch: Batch, config: LossConfig) -> Mapping[str, Tensor]:
        """See :class:`Head`."""
        return east_loss(outputs, batch, config)

    def decode(self, maps: Sequence[Floats], threshold: float) -> tuple[Floats, Floats]:
        """See :class:`Head`."""
        quads, scores = lanms.decode(maps[0], maps[1])
        sure = scores >= threshold
        return quads[sure], scores[sure]


class QuadHead:
    """EAST with quads."""

    outputs: tuple[str, ...] = ("scores", "corners")
    fixed = 0
    tries = HIGH

    def network(self) -> DetectionNetwork:
        """See :class:`Head`."""
        return heads.stock_quad()

    def targets(self, quads: Floats, ignore: NDArray[np.bool_], size: int) -> dict[str, NDArray[Any]]:
        """See :class:`Head`."""
        return quad_targets(quads, make_targets(quads, ignore, size))

    def losses(self, network: nn.Module, outputs: Any, batch: Batch, config: LossConfig) -> Mapping[str, Tensor]:
        """See :class:`Head`."""
        return quad_loss(outputs, batch, config)

    def decode(self, maps: Sequence[Floats], threshold: float) -> tuple[Floats, Floats]:
        """See :class:`Head`."""
        return quad.decode_quads(maps[0], maps[1], threshold)


class Db:
    """Differentiable binarization."""

    outputs: tuple[str, ...] = ("probabilities",)
    fixed = 0
    tries = HIGH

    def network(self) -> DetectionNetwork:
        """See :class:`Head`."""
        return heads.stock_db()

    def targets(self, quads: Floats, ignore: NDArray[np.bool_], size: int) -> dict[str, NDArray[Any]]:
        """See :class:`Head`."""
        return db_targets(quads, ignore, size)

    def losses(self, network: nn.Module, outputs: Any, batch: Batch, config: LossConfig) -> Mapping[str, Tensor]:
        """See :class:`Head`."""
        return db_loss(outputs, batch, config)

    def decode(self, maps: Sequence[Floats], threshold: float) -> tuple[Floats, Floats]:
        """See :class:`Head`; texts of all scores, because the threshold says what belongs to a core."""
        rects, scores = rects_of(maps[0][0, 0], min_score=threshold)
        return from_rects(rects), scores


class SlidingWindow:
    """A classifier of windows."""

    outputs: tuple[str, ...] = ("scores",)
    fixed = 0
    tries = EVERY

    def network(self) -> DetectionNetwork:
        """See :class:`Head`."""
        return stock_window()

    def targets(self, quads: Floats, ignore: NDArray[np.bool_], size: int) -> dict[str, NDArray[Any]]:
        """See :class:`Head`."""
        return window_targets(quads, ignore, size)

    def losses(self, network: nn.Module, outputs: Any, batch: Batch, config: LossConfig) -> Mapping[str, Tensor]:
        """See :class:`Head`."""
        return window_losses(outputs, batch)

    def decode(self, maps: Sequence[Floats], threshold: float) -> tuple[Floats, Floats]:
        """See :class:`Head`."""
        return sliding_window.words_of([level[0, 0] for level in maps])


class SingleShot:
    """The single-shot detector with the class "text"."""

    outputs: tuple[str, ...] = tuple(f"{w}{s}" for w in ("scores", "places") for s in text_single_shot.STRIDES)
    fixed = 0
    tries = LOW

    def network(self) -> DetectionNetwork:
        """See :class:`Head`."""
        return stock_text_single_shot()

    def targets(self, quads: Floats, ignore: NDArray[np.bool_], size: int) -> dict[str, NDArray[Any]]:
        """See :class:`Head`."""
        shown = seen(region.upright(quads), np.where(ignore, IGNORED, 0).astype(np.int64), size)
        return {name: rows for name, rows in packed(np.empty(0, np.uint8), *shown).items() if name != "view"}

    def losses(self, network: nn.Module, outputs: Any, batch: Batch, config: LossConfig) -> Mapping[str, Tensor]:
        """See :class:`Head`."""
        return cell_losses(outputs, Truth.of(batch["quads"], batch["labels"]), CellLossConfig())

    def decode(self, maps: Sequence[Floats], threshold: float) -> tuple[Floats, Floats]:
        """See :class:`Head`."""
        return text_single_shot.decode([one[0] for one in maps], threshold)


class Region:
    """Proposals and a judge."""

    outputs: tuple[str, ...] = ("scores", "sides", "features", "judge1", "judge1_bias", "judge2", "judge2_bias")
    fixed = 4
    tries = EVERY

    def network(self) -> DetectionNetwork:
        """See :class:`Head`."""
        return stock_region()

    def targets(self, quads: Floats, ignore: NDArray[np.bool_], size: int) -> dict[str, NDArray[Any]]:
        """See :class:`Head`."""
        return region.region_targets(quads, ignore, size)

    def losses(self, network: nn.Module, outputs: Any, batch: Batch, config: LossConfig) -> Mapping[str, Tensor]:
        """See :class:`Head`."""
        return region.region_losses(network, outputs, batch)

    def decode(self, maps: Sequence[Floats], threshold: float) -> tuple[Floats, Floats]:
        """See :class:`Head`; texts of all scores, because a proposal has another score than its text."""
        return regions.decode(maps)


HEADS: Mapping[str, Head] = {
    "rbox": Rbox(),
    "quad": QuadHead(),
    "db": Db(),
    "sliding-window": SlidingWindow(),
    "single-shot": SingleShot(),
    "region": Region(),
}


def head_by_name(name: str) -> Head:
    """The head of a name.

    Raises:
        ConfigError: There is none of that name.
    """
    return HEADS[check_choice("head", name, get_args(HeadName))]


def run(network: DetectionNetwork, x: Tensor) -> list[Floats]:
    """The maps that text is made of, of a batch (N, 3, H, W), computed in bfloat16 where that is safe."""
    network.eval()
    with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
        return [one.float().numpy() for one in network.seen(x)]
