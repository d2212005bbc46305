"""Regions: boxes that may hold text are proposed, then each is judged by what is in it, and its corners are corrected.

Faster R-CNN in small, see :mod:`wordsight.models.region`. The proposals are the network's own, or those of MSER (Matas
et al., "Robust Wide Baseline Stereo from Maximally Stable Extremal Regions", BMVC 2002), the classical source: letters
are blobs that stay the same over many brightness thresholds, and letters in a row make a word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal, NamedTuple

import cv2
import numpy as np

from wordsight.detection.lanms import best_of
from wordsight.errors import ModelError
from wordsight.image.scale import SIZINGS, Size, Sizing, look, resized, run_tiled, size_for, to_picture
from wordsight.models.runtime import Network
from wordsight.models.windows import MARGIN, POOLED, STRIDE
from wordsight.types import Detection, Floats, Maps, Picture

Source = Literal["network", "mser"]
"""Where proposals come from."""

PROPOSED = 0.05
"""Peaks of the network's score below this are no proposals."""
SAME_BOX = 0.7
"""Of two proposals whose intersection over union is above this, the less sure goes."""
MOST = 300
"""Most proposals of a picture."""
SAME = 0.3
"""Of two words that have more than this share of the smaller one in common, the surer stays."""
LETTER = (6, 0.5)
"""Letters are at least so many pixels high, and at most this share of the picture's height."""
GAPS = (0.3, 0.6)
"""Letters in a row whose gap is below this share of their height belong together; each width makes proposals."""
MOST_LETTERS = 1200


class Judge(NamedTuple):
    """The two layers that judge a region.

    Attributes:
        hidden: (D, 128) weights and (1, 128) bias.
        out: (128, 9) weights and (1, 9) bias: score logit, then x and y of the corners TL TR BR BL minus the region's
            own, in shares of its width and height.
    """

    hidden: tuple[Floats, Floats]
    out: tuple[Floats, Floats]

    @classmethod
    def of(cls, weights: Sequence[Floats]) -> Judge:
        """From the last four outputs of the network, which have two leading axes of length 1."""
        a, b, c, d = (np.array(part[0, 0], np.float32) for part in weights)
        return cls((a, b), (c, d))

    def scores(self, pooled: Floats) -> tuple[Floats, Floats]:
        """Scores (R,) in 0..1 and shifts (R, 4, 2) of regions by their features (R, D)."""
        out = _layer(np.maximum(_layer(pooled, *self.hidden), 0), *self.out)
        return np.asarray(1 / (1 + np.exp(-out[:, 0])), np.float32), out[:, 1:].reshape(-1, 4, 2)


@dataclass(frozen=True, slots=True)
class RegionDetector:
    """Finds words. Immutable; safe to call from many threads.

    Attributes:
        network: Takes (1, 3, H, W) float32, H and W multiples of 32; gives scores (1, 1, H / 4, W / 4), sides
            (1, 4, ...), features (1, C, ...) and the judge's weights.
        judge: Those weights.
        sizing: How the working size is chosen.
        min_score: Words with a lower score are left out.
        nms: Intersection over union above which the less sure of two words goes; None: see :data:`SAME`.
        source: Where proposals come from.
    """

    network: Network
    judge: Judge
    sizing: Sizing = SIZINGS["balanced"]
    min_score: float = 0.5
    nms: float | None = None
    source: Source = "network"

    @classmethod
    def open(cls, network: Network) -> RegionDetector:
        """A detector on a network.

        Raises:
            ModelError: Its outputs are not those of a region-based detector.
        """
        weights = network.run(np.zeros((1, 3, 64, 64), np.float32), lambda outputs: [w.copy() for w in outputs[3:]])
        if [w.ndim for w in weights] != [4] * 4 or weights[2].shape[3] != 9 or weights[0].shape[2] % np.prod(POOLED):
            raise ModelError("the network's outputs are not those of a region-based detector; export it again")
        return cls(network, Judge.of(weights))

    def detect(self, picture: Picture, scale: float | None = None) -> Detection:
        """Words of a picture; see :class:`wordsight.stages.Detector`."""
        return look(picture, self.sizing, partial(self._detect, picture), scale)

    def maps(self, picture: Picture, scale: float) -> Maps:
        """How surely the middle of a word is at every place; see :class:`wordsight.types.Maps`."""
        return Maps(self._run(picture, size_for(picture, self.sizing, scale))[0])

    def propose(self, picture: Picture, size: Size) -> Floats:
        """The regions (R, 4) that are judged at a working size: left, top, right, bottom, its pixels."""
        return self._propose(picture, size, self._run(picture, size))

    def _propose(self, picture: Picture, size: Size, maps: Floats) -> Floats:
        return mser(resized(picture, size)) if self.source == "mser" else proposals(maps[0], maps[1:5])

    def _detect(self, picture: Picture, size: Size, scale: float) -> Detection:
        maps = self._run(picture, size)
        quads, scores = judged(maps[5:], self._propose(picture, size, maps), self.judge, self.nms)
        sure = scores >= self.min_score
        stretch = to_picture(picture, size)
        return Detection(quads[sure] * stretch, scores[sure], scale)

    def _run(self, picture: Picture, size: Size) -> Floats:
        """Scores, sides and features as one, (5 + C, h, w)."""
        return run_tiled(picture, size, lambda batch: self.network.run(batch, _stacked))


def proposals(score: Floats, sides: Floats) -> Floats:
    """The network's proposals.

    Args:
        score: (h, w) how surely the cell is in the middle of a word, 0..1.
        sides: (4, h, w) distances from the cell's centre to the left, top, right and bottom, pixels.

    Returns:
        (R, 4) left, top, right, bottom, pixels, the surest first.
    """
    peak = (score >= cv2.dilate(score, np.ones((3, 3), np.uint8))) & (score >= PROPOSED)
    rows, columns = np.nonzero(peak)
    centre = (np.stack([columns, rows], 1).astype(np.float32) + 0.5) * STRIDE
    reach = sides[:, rows, columns].T
    boxes = np.concatenate([centre - reach[:, :2], centre + reach[:, 2:]], 1)
    return _distinct(boxes, score[rows, columns])[:MOST]


def mser(picture: Picture) -> Floats:
    """Words by the classical way: stable blobs of the size of letters, and rows of them.

    Args:
        picture: (H, W, 3) uint8 RGB.

    Returns:
        (R, 4) left, top, right, bottom, pixels.
    """
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    low, high = LETTER[0], LETTER[1] * picture.shape[0]
    # Nothing is dropped for being much like another blob: in OpenCV's order that can lose all sizes of a letter.
    _, boxes = cv2.MSER.create(5, 20, max(100, grey.size // 20), 0.5, 0.0).detectRegions(grey)
    letters = np.array(boxes, np.float32).reshape(-1, 4)
    letters[:, 2:] += letters[:, :2]
    width, height = (letters[:, 2:] - letters[:, :2]).T
    fit = (height >= low) & (height <= high) & (width <= 3 * height) & (height <= 8 * width)
    letters = _distinct(letters[fit], height[fit])[:MOST_LETTERS]
    words = [letters, *(_rows_of(letters, gap) for gap in GAPS)]
    return _distinct(
        np.concatenate(words), np.concatenate([np.full(len(part), i, np.float32) for i, part in enumerate(words)])
    )


def _rows_of(letters: Floats, gap: float) -> Floats:
    """Boxes around letters (N, 4) that stand in a row, with gaps below this share of their height."""
    height = letters[:, 3] - letters[:, 1]
    middle = (letters[:, 1] + letters[:, 3]) / 2
    smaller, larger = np.minimum.outer(height, height), np.maximum.outer(height, height)
    level = np.abs(np.subtract.outer(middle, middle)) < 0.4 * smaller
    apart = np.maximum.outer(letters[:, 0], letters[:, 0]) - np.minimum.outer(letters[:, 2], letters[:, 2])
    linked = level & (larger < 1.8 * smaller) & (apart < gap * smaller)
    group = np.arange(len(letters))
    while True:  # every letter takes the least number among its neighbours until all of a row have one
        least = np.where(linked, group, len(letters)).min(axis=1, initial=len(letters))
        if (least >= group).all():
            break
        group = np.minimum(group, least)
    rows = [letters[group == number] for number in np.unique(group)]
    return np.array([[*row[:, :2].min(axis=0), *row[:, 2:].max(axis=0)] for row in rows], np.float32).reshape(-1, 4)


def _distinct(boxes: Floats, scores: Floats) -> Floats:
    """Boxes (N, 4) of which no two are nearly the same, the best first."""
    corner_and_size = np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], 1)
    kept = cv2.dnn.NMSBoxes(corner_and_size.tolist(), scores.tolist(), 0.0, SAME_BOX)
    return boxes[np.asarray(kept, np.intp).reshape(-1)]


def judged(features: Floats, boxes: Floats, judge: Judge, nms: float | None = None) -> tuple[Floats, Floats]:
    """What the judge says of regions.

    Args:
        features: (C, h, w) at a quarter of the picture.
        boxes: (R, 4) left, top, right, bottom, pixels.
        judge: Who judges.
        nms: See :class:`RegionDetector`.

    Returns:
        Quads (N, 4, 2), pixels, and scores (N,) of all that differ, the best first.
    """
    if not len(boxes):
        return np.zeros((0, 4, 2), np.float32), np.zeros(0, np.float32)
    scores, shifts = judge.scores(roi_align(features, widened(boxes)).reshape(len(boxes), -1))
    size = boxes[:, None, 2:] - boxes[:, None, :2]
    quads = (boxes[:, [[0, 1], [2, 1], [2, 3], [0, 3]]] + shifts * size).astype(np.float32)
    return best_of(quads, scores.astype(np.float32), scores, nms, SAME)


def decode(maps: Sequence[Floats], nms: float | None = None) -> tuple[Floats, Floats]:
    """Words out of all outputs of the network for one picture; see :func:`judged`."""
    score, sides, features, *weights = maps
    return judged(features[0], proposals(score[0, 0], sides[0]), Judge.of(weights), nms)


def widened(boxes: Floats) -> Floats:
    """Boxes (R, 4) with the margin with which they are judged."""
    margin = MARGIN * (boxes[:, 3:] - boxes[:, 1:2])
    return np.asarray(boxes + margin * np.array([-1, -1, 1, 1], np.float32), np.float32)


def roi_align(features: Floats, boxes: Floats) -> Floats:
    """Features of boxes, brought to one size: bilinear samples at the middles of 4 x 12 equal parts of each.

    Args:
        features: (C, h, w) at a quarter of the picture.
        boxes: (R, 4) left, top, right, bottom, pixels of the picture.

    Returns:
        (R, C, 4, 12) float32; outside of the picture the nearest features count.
    """
    axes = []
    for axis, (parts, cells) in enumerate(zip(POOLED[::-1], features.shape[:0:-1], strict=True)):
        start, end = boxes[:, [axis]], boxes[:, [axis + 2]]
        at = (start + (end - start) * (np.arange(parts, dtype=np.float32) + 0.5) / parts) / STRIDE - 0.5
        at = at.clip(0, cells - 1)
        before = np.floor(at).astype(np.intp)
        axes.append((before, np.minimum(before + 1, cells - 1), (at - before).astype(np.float32)))
    (left, right, x), (top, bottom, y) = axes
    x, y = x[:, None, :, None], y[:, :, None, None]
    last = np.ascontiguousarray(features.transpose(1, 2, 0))
    upper = last[top[:, :, None], left[:, None]] * (1 - x) + last[top[:, :, None], right[:, None]] * x
    lower = last[bottom[:, :, None], left[:, None]] * (1 - x) + last[bottom[:, :, None], right[:, None]] * x
    return np.ascontiguousarray((upper * (1 - y) + lower * y).transpose(0, 3, 1, 2))


def _layer(x: Floats, weights: Floats, bias: Floats) -> Floats:
    # OpenCV's product keeps to one thread, which numpy's does not.
    return np.asarray(cv2.gemm(x, weights, 1.0, np.repeat(bias, len(x), axis=0), 1.0), np.float32)


def _stacked(outputs: list[Floats]) -> Floats:
    return np.concatenate([output[0] for output in outputs[:3]])
