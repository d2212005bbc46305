"""The single-shot detector with the one class "text": a stage that finds words.

Its network is the one of taught objects, see :mod:`wordsight.detection.single_shot`, from which this takes the decoder;
here the working size follows the picture's text, as for every detector of text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from wordsight.detection.lanms import best_of
from wordsight.detection.single_shot import Decoded
from wordsight.detection.single_shot import decode as things
from wordsight.image.scale import SIZINGS, Size, Sizing, look, network_input, resized, size_for, to_picture
from wordsight.models.runtime import Network
from wordsight.types import Detection, Floats, Maps, Picture

STRIDES = (8, 16, 32)
"""Pixels of the network's input per cell of each of its maps."""
CELL = 0.1
"""Cells with a lower score are not looked at."""
SAME = 0.3
"""Of two quads that have more than this share of the smaller one in common, the surer stays."""


@dataclass(frozen=True, slots=True)
class TextSingleShotDetector:
    """Finds words. Immutable; safe to call from many threads.

    Attributes:
        network: Takes (1, 3, H, W) float32, H and W multiples of 32; gives scores (1, 1, H / s, W / s) for every
            stride s, then places (1, 12, H / s, W / s), see :func:`decode`.
        sizing: How the working size is chosen.
        min_score: Words with a lower score are left out.
        nms: Intersection over union above which the less sure of two words goes; None: see :data:`SAME`.
    """

    network: Network
    sizing: Sizing = SIZINGS["balanced"]
    min_score: float = 0.4
    nms: float | None = None

    def detect(self, picture: Picture, scale: float | None = None) -> Detection:
        """Words of a picture; see :class:`wordsight.stages.Detector`."""
        return look(picture, self.sizing, partial(self._detect, picture), scale)

    def maps(self, picture: Picture, scale: float) -> Maps:
        """The best score of the cells over every place; see :class:`wordsight.types.Maps`."""
        grids = self.grids(picture, size_for(picture, self.sizing, scale))[: len(STRIDES)]
        fine = [
            np.kron(grid[0], np.ones((stride // 8, stride // 8))) for grid, stride in zip(grids, STRIDES, strict=True)
        ]
        return Maps(np.max(fine, axis=0).astype(np.float32))

    def grids(self, picture: Picture, size: Size) -> list[Floats]:
        """The network's maps of a picture at a working size: (1, h, w) for every stride, then (12, h, w)."""
        batch = network_input(resized(picture, size))
        return self.network.run(batch, lambda outputs: [np.array(output[0], np.float32) for output in outputs])

    def _detect(self, picture: Picture, size: Size, scale: float) -> Detection:
        quads, scores = decode(self.grids(picture, size), min(self.min_score, CELL), self.nms)
        sure = scores >= self.min_score
        stretch = to_picture(picture, size)
        return Detection(quads[sure] * stretch, scores[sure], scale)


def decode(maps: Sequence[Floats], threshold: float, nms: float | None = None) -> tuple[Floats, Floats]:
    """Words out of the network's maps.

    Args:
        maps: Scores (1, h, w) for every stride, then places (12, h, w) for every stride: sides and corners as in
            :func:`wordsight.detection.single_shot.decode`.
        threshold: Cells with a lower score are not looked at.
        nms: See :class:`TextSingleShotDetector`.

    Returns:
        Quads (N, 4, 2), pixels of the network's input, and scores (N,), the best first.
    """
    count = len(STRIDES)
    joined = [np.concatenate(pair) for pair in zip(maps[:count], maps[count:], strict=True)]
    found: Decoded = things(joined, STRIDES, threshold)
    return best_of(found.quads, found.scores, found.scores, nms, SAME)
