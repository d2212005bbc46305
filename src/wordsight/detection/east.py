"""EAST: words at any angle (Zhou et al., "EAST: An Efficient and Accurate Scene Text Detector", CVPR 2017).

One pass of a network gives every cell of the picture a score and a box; :mod:`wordsight.detection.lanms` makes words
of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from wordsight.config import Quality
from wordsight.detection.lanms import STRIDE, decode
from wordsight.detection.mend import cut_places
from wordsight.image.scale import SIZINGS, Size, Sizing, look, network_input, run_tiled, size_for, to_picture
from wordsight.models import cards
from wordsight.models.runtime import Network, compile_network
from wordsight.stages import StageOptions
from wordsight.types import Detection, Floats, Maps, Picture

Decoder = Callable[[Floats, Floats, float, float | None], tuple[Floats, Floats]]
"""From a score map, another map, a threshold and ``nms`` to quads and scores: see ``decode``."""
BELIEF = "belief"
"""What a file of ``wordsight train detector`` says whose threshold is a :func:`wordsight.detection.lanms.belief`."""

SURE = 0.8
"""Cells above this score lie in text for sure: where no word covers them, one was cut."""
DOUBTFUL = 0.6
"""Words with a lower score may have been cut as well: where there is a line, it is the better guess. Chosen on
icdar2015_train, img_N.jpg with N % 10 == 0, by the F of the page's words."""


@dataclass(frozen=True, slots=True)
class EastDetector:
    """Finds words. Immutable; safe to call from many threads.

    Attributes:
        network: Takes (1, 3, H, W) float32, H and W multiples of 32; gives scores (1, 1, H / 4, W / 4) and the
            decoder's other map (1, C, H / 4, W / 4).
        sizing: How the working size is chosen.
        cell: Cells vote above this score.
        min_score: Words with a lower score are left out.
        nms: See the decoder.
        decoder: Makes words of the two maps.
        prepare: Makes the network's input of an RGB picture.
    """

    network: Network
    sizing: Sizing = SIZINGS["balanced"]
    cell: float = 0.5
    min_score: float = 0.4
    nms: float | None = None
    decoder: Decoder = decode
    prepare: Callable[[Picture], Floats] = network_input

    def detect(self, picture: Picture, scale: float | None = None) -> Detection:
        """Words of a picture; see :class:`wordsight.stages.Detector`."""
        return look(picture, self.sizing, partial(self._detect, picture), scale)

    def maps(self, picture: Picture, scale: float) -> Maps:
        """Score and angle at every cell, where the decoder's other map has one; see :class:`wordsight.types.Maps`."""
        found = self._run(picture, size_for(picture, self.sizing, scale))
        return Maps(found[0], -found[5] if len(found) == 6 else None)

    def _detect(self, picture: Picture, size: Size, scale: float) -> Detection:
        maps = self._run(picture, size)
        quads, scores = self.decoder(maps[0], maps[1:], self.cell, self.nms)
        sure = scores >= self.min_score
        stretch = to_picture(picture, size)
        quads, scores = quads[sure], scores[sure]
        cut = cut_places(maps[0], SURE, quads / np.float32(STRIDE)) * STRIDE
        cut = np.concatenate([cut, quads[scores < DOUBTFUL].mean(axis=1)])
        return Detection(quads * stretch, scores, scale, cut * stretch)

    def _run(self, picture: Picture, size: Size) -> Floats:
        """Scores and the other map as one, (1 + C, h, w)."""
        return run_tiled(picture, size, lambda batch: self.network.run(batch, _stacked), self.prepare)


# As chosen on icdar2015_train, img_N.jpg with N % 10 == 0, by the F of what a Reader detects and reads there.
_SCORES: dict[Quality, float] = {"fast": 0.2, "balanced": 0.36, "best": 0.36}


def create(options: StageOptions) -> EastDetector:
    """The word detector that the project trained."""
    network = compile_network(cards.locate(cards.EAST_DETECTOR), options.engine, options.precision, options.threads)
    return believing(network, options, _SCORES[options.quality])


def believing(network: Network, options: StageOptions, min_score: float) -> EastDetector:
    """A detector with a network trained here, whose words' scores are probabilities.

    Args:
        network: The network.
        options: What the user chose.
        min_score: Words count from this probability on, unless the user asks for another one.
    """
    score = options.detection.least(min_score)
    return EastDetector(network, sizing_of(options), min_score=score, nms=options.detection.nms)


def sizing_of(options: StageOptions) -> Sizing:
    """The working size as the quality has it, or as the user asks."""
    return SIZINGS[options.quality].of(options.detection)


def _stacked(outputs: list[Floats]) -> Floats:
    return np.concatenate([outputs[0][0], outputs[1][0]])
