"""A single-shot network on whole pictures: what it finds, beside the truth."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from wordsight.data.manifest import Sample
from wordsight.detection.single_shot import Decoded, decode
from wordsight.evaluation.average_precision import Scene
from wordsight.models.single_shot import STRIDES, SingleShotNetwork
from wordsight.training.cells import IGNORED
from wordsight.training.measure import resized_input
from wordsight.training.objects import Picked, Scenery
from wordsight.types import Floats

LOWEST = 0.01
"""Things with a lower score do not change a measurement."""


def look_at(model: SingleShotNetwork, picked: Picked, side: int) -> Decoded:
    """What a network finds in one picture, in the picture's pixels.

    Args:
        model: The network; it is put into evaluation mode.
        picked: The picture.
        side: The picture's longer side is brought to this length, pixels.
    """
    x = resized_input(picked.picture, side)
    model.eval()
    with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
        maps = [map_[0].float().numpy() for map_ in model.decoded(x)]
    found = decode(maps, STRIDES, LOWEST)
    stretch = np.array([picked.picture.shape[1] / x.shape[3], picked.picture.shape[0] / x.shape[2]], np.float32)
    return Decoded(found.boxes * np.tile(stretch, 2), found.quads * stretch, found.labels, found.scores)


def measured(model: SingleShotNetwork, samples: Sequence[Sample], scenery: Scenery, side: int) -> list[list[Scene]]:
    """For each label one scene a picture: true boxes and those that were found, axis-aligned."""
    scenes: list[list[Scene]] = [[] for _ in scenery.labels]
    for sample in samples:
        picked = Picked.open(sample, scenery)
        found = look_at(model, picked, side)
        truth = np.concatenate([picked.quads.min(axis=1), picked.quads.max(axis=1)], 1)
        ignored = as_quads(truth[picked.labels == IGNORED])
        for label, of_label in enumerate(scenes):
            own = found.take(found.labels == label)
            of_label.append(Scene(as_quads(truth[picked.labels == label]), ignored, as_quads(own.boxes), own.scores))
    return scenes


def as_quads(boxes: Floats) -> Floats:
    """Quads (N, 4, 2) of boxes (N, 4): left, top, right, bottom."""
    return boxes[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 4, 2)
