"""The three detection heads as the training task needs them: network, targets, loss, decoder and exported form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wordsight.config import check_choice
from wordsight.detection import lanms, quad
from wordsight.detection.dbnet import rects_of
from wordsight.geometry import from_rects
from wordsight.models import heads
from wordsight.models.heads import DetectionNetwork
from wordsight.training.db import db_loss, db_targets
from wordsight.training.east import LossConfig, east_loss, make_targets
from wordsight.training.quad import quad_loss, quad_targets
from wordsight.types import Floats

HeadName = Literal["rbox", "quad", "db"]
"""EAST with rotated boxes, EAST with quads, DB."""

Batch = dict[str, Tensor]


class Head(Protocol):
    """One way of finding text. Objects hold nothing and may be sent to other processes."""

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the exported maps."""

    def network(self) -> DetectionNetwork:
        """A network to start training from."""

    def targets(self, quads: Floats, ignore: NDArray[np.bool_], size: int) -> dict[str, NDArray[Any]]:
        """The truth of a square view as maps."""

    def losses(self, outputs: Any, batch: Batch, config: LossConfig) -> Mapping[str, Tensor]:
        """Scalars by name whose sum is minimised."""

    def decode(self, maps: Sequence[Floats], threshold: float) -> tuple[Floats, Floats]:
        """Quads (N, 4, 2) in pixels of the network's input, and scores (N,), from the maps of one picture."""


class Rbox:
    """EAST with rotated boxes."""

    outputs = ("scores", "geometry")

    def network(self) -> DetectionNetwork:
        """See :class:`Head`."""
        return heads.stock_east()

    def targets(self, quads: Floats, ignore: NDArray[np.bool_], size: int) -> dict[str, NDArray[Any]]:
        """See :class:`Head`."""
        target = make_targets(quads, ignore, size)
        return {name: getattr(target, name) for name in ("score", "rim", "care", "weight", "box")}

    def losses(self, outputs: Any, batch: Batch, config: LossConfig) -> Mapping[str, Tensor]:
        """See :class:`Head`."""
        return east_loss(outputs, batch, config)

    def decode(self, maps: Sequence[Floats], threshold: float) -> tuple[Floats, Floats]:
        """See :class:`Head`."""
        return lanms.decode(maps[0], maps[1], threshold)


class QuadHead:
    """EAST with quads."""

    outputs = ("scores", "corners")

    def network(self) -> DetectionNetwork:
        """See :class:`Head`."""
        return heads.stock_quad()

    def targets(self, quads: Floats, ignore: NDArray[np.bool_], size: int) -> dict[str, NDArray[Any]]:
        """See :class:`Head`."""
        return quad_targets(quads, make_targets(quads, ignore, size))

    def losses(self, outputs: Any, batch: Batch, config: LossConfig) -> Mapping[str, Tensor]:
        """See :class:`Head`."""
        return quad_loss(outputs, batch, config)

    def decode(self, maps: Sequence[Floats], threshold: float) -> tuple[Floats, Floats]:
        """See :class:`Head`."""
        return quad.decode_quads(maps[0], maps[1], threshold)


class Db:
    """Differentiable binarization."""

    outputs = ("probabilities",)

    def network(self) -> DetectionNetwork:
        """See :class:`Head`."""
        return heads.stock_db()

    def targets(self, quads: Floats, ignore: NDArray[np.bool_], size: int) -> dict[str, NDArray[Any]]:
        """See :class:`Head`."""
        return db_targets(quads, ignore, size)

    def losses(self, outputs: Any, batch: Batch, config: LossConfig) -> Mapping[str, Tensor]:
        """See :class:`Head`."""
        return db_loss(outputs, batch, config)

    def decode(self, maps: Sequence[Floats], threshold: float) -> tuple[Floats, Floats]:
        """See :class:`Head`; texts of all scores, because the threshold says what belongs to a core."""
        rects, scores = rects_of(maps[0][0, 0], min_score=threshold)
        return from_rects(rects), scores


HEADS: Mapping[str, Head] = {"rbox": Rbox(), "quad": QuadHead(), "db": Db()}


def head_by_name(name: str) -> Head:
    """The head of a name.

    Raises:
        ConfigError: There is none of that name.
    """
    return HEADS[check_choice("head", name, get_args(HeadName))]


def run(network: DetectionNetwork, x: Tensor) -> list[Floats]:
    """The exported maps of a batch (N, 3, H, W), computed in bfloat16 where that is safe."""
    network.eval()
    with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
        return [one.float().numpy() for one in network.decoded(x)]
