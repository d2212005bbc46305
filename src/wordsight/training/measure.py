"""A detection network on whole pictures: what it finds, and how well that agrees with the truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wordsight.data.manifest import Sample
from wordsight.data.transform import undo_squash
from wordsight.evaluation.protocols import DONT_CARE, Counts, count_boxes
from wordsight.image.load import load
from wordsight.models.heads import DetectionNetwork
from wordsight.models.lcnet import MEAN, STD
from wordsight.training.head import HEADS, Head, run
from wordsight.types import Floats, Picture

STEP = 32
"""Height and width of the network's input are multiples of this."""


@dataclass(frozen=True, slots=True)
class Marked:
    """A picture in memory with its truth.

    Attributes:
        picture: (H, W, 3) uint8, RGB, at its original size.
        sample: The truth in that size.
        quads: (N, 4, 2) of the words that have a place.
        ignore: (N,) True for "don't care".
    """

    picture: Picture
    sample: Sample
    quads: Floats
    ignore: NDArray[np.bool_]

    @classmethod
    def open(cls, sample: Sample) -> Marked:
        """Read a sample's picture and undo its squash.

        Raises:
            ImageError: The picture cannot be read.
            ManifestError: Its size is not the one in the manifest.
        """
        picture, sample = undo_squash(load(sample.path), sample)
        words = [word for word in sample.words or () if word.quad is not None]
        quads = np.array([word.quad for word in words], np.float32).reshape(-1, 4, 2)
        return cls(picture, sample, quads, np.array([word.ignore or word.text == DONT_CARE for word in words], bool))


def to_input(pictures: Tensor) -> Tensor:
    """RGB pictures (N, H, W, 3) uint8 to what the network takes: (N, 3, H, W) float32, BGR, normalised."""
    x = pictures.flip(-1).float() / 255
    x = (x - torch.tensor(MEAN)) / torch.tensor(STD)
    return x.permute(0, 3, 1, 2)  # a view: the memory stays in channels-last order, which convolutions like


def detect(
    model: DetectionNetwork, picture: Picture, longest: int, threshold: float = 0.5, head: Head = HEADS["rbox"]
) -> list[dict[str, Any]]:
    """A network's words in one picture, as ``count_boxes`` takes them.

    Args:
        model: The network; it is put into evaluation mode.
        picture: (H, W, 3) uint8, RGB.
        longest: The picture's longer side is brought to this length, pixels.
        threshold: Words below this score are of no use; heads whose words are scored by their cells let them vote above
            it.
        head: What the network's maps mean.
    """
    height, width = picture.shape[:2]
    x = resized_input(picture, longest)
    quads, scores = head.decode(run(model, x), threshold)
    quads = quads * np.array([width / x.shape[3], height / x.shape[2]], np.float32)
    return [{"quad": quad.tolist(), "detection_score": float(s)} for quad, s in zip(quads, scores, strict=True)]


def resized_input(picture: Picture, longest: int) -> Tensor:
    """A picture (H, W, 3) as the network takes it, (1, 3, h, w), its longer side brought to about ``longest``."""
    height, width = picture.shape[:2]
    scale = longest / max(height, width)
    across, down = (max(STEP, round(side * scale / STEP) * STEP) for side in (width, height))
    resized = cv2.resize(picture, (across, down), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    return to_input(torch.from_numpy(resized)[None])


def measure(network: DetectionNetwork, head: Head, samples: Sequence[Sample], longest: int) -> Mapping[str, float]:
    """Precision, recall and F (ICDAR 2015 protocol) at the best of a few thresholds, F first.

    Args:
        network: What finds.
        head: What its maps mean.
        samples: Pictures and their truth.
        longest: Longer side at which they are looked at, pixels.
    """
    best: dict[str, float] = {"f": 0.0, "precision": 0.0, "recall": 0.0, "threshold": head.tries[-1]}
    found = []
    for sample in samples:
        marked = Marked.open(sample)
        words = detect(network, marked.picture, longest, min(0.5, head.tries[0]), head)
        found.append((marked.sample, {"words": words}))
    for threshold in head.tries:
        counts = [count_boxes(sample, words, with_text=False, min_score=threshold) for sample, words in found]
        total = sum(counts, start=Counts())
        if total.f >= best["f"]:
            best = {"f": total.f, "precision": total.precision, "recall": total.recall, "threshold": threshold}
    return best
