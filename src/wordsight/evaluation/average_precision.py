"""Average precision of boxes, as in the COCO evaluation (Lin et al., "Microsoft COCO", ECCV 2014)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from wordsight.evaluation.protocols import Shapes
from wordsight.types import Floats

RECALLS = np.linspace(0, 1, 101)
"""Precision is averaged over these."""

OVERLAPS = np.arange(0.5, 0.96, 0.05)
"""Least IoUs over which COCO's AP is a mean."""


@dataclass(frozen=True, slots=True)
class Scene:
    """Truth and findings of one label in one picture; quads (N, 4, 2), in the same pixels.

    Attributes:
        wanted: What should be found.
        ignored: Regions that do not count: what is found in them is neither right nor wrong.
        found: What was found.
        scores: (K,) how sure each of them is.
    """

    wanted: Floats
    ignored: Floats
    found: Floats
    scores: Floats


def average_precision(scenes: Sequence[Scene], overlap: float = 0.5) -> float:
    """Mean over 101 recalls of the best precision from there on; 0..1, 0 where nothing is wanted.

    Args:
        scenes: One for every picture.
        overlap: Least intersection over union of a right box.
    """
    scores, right = judged(scenes, overlap)
    wanted = sum(len(scene.wanted) for scene in scenes)
    if not wanted or not len(scores):
        return 0.0
    hits = np.cumsum(right[np.argsort(-scores, kind="stable")])
    precision = hits / np.arange(1, len(hits) + 1)
    best = np.maximum.accumulate(precision[::-1])[::-1]
    at = np.searchsorted(hits / wanted, RECALLS - 1e-9)
    return float(np.append(best, 0.0)[at].mean())


def precisions(scenes: Sequence[Sequence[Scene]]) -> dict[str, float]:
    """Means over the labels that occur: ``ap`` over IoUs from 0.5 to 0.95, ``ap50`` at 0.5.

    Args:
        scenes: For each label one scene a picture.
    """
    there = [of_label for of_label in scenes if any(len(scene.wanted) for scene in of_label)]
    table = np.array([[average_precision(of_label, float(o)) for o in OVERLAPS] for of_label in there] or [[0.0]])
    return {"ap": float(table.mean()), "ap50": float(table[:, 0].mean())}


def judged(scenes: Sequence[Scene], overlap: float = 0.5) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Scores (K,) of all that was found and counts, and whether each is right."""
    judged = [_judge(scene, overlap) for scene in scenes]
    scores = np.concatenate([np.zeros(0), *(one[0] for one in judged)])
    return scores, np.concatenate([np.zeros(0, bool), *(one[1] for one in judged)])


def _judge(scene: Scene, overlap: float) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The surest takes the true quad that it overlaps most, if no surer one has taken it."""
    order = np.argsort(-scene.scores, kind="stable")
    found, wanted, ignored = (_shapes(quads) for quads in (scene.found[order], scene.wanted, scene.ignored))
    taken = np.zeros(len(wanted), bool)
    right, counts = np.zeros(len(found), bool), np.ones(len(found), bool)
    for i, shape in enumerate(found):
        common = shapely.area(shapely.intersection(shape, wanted))
        union = np.maximum(shapely.area(shape) + shapely.area(wanted) - common, 1e-9)
        iou = np.where(taken, 0, common / union)
        if len(iou) and iou.max() >= overlap:
            taken[iou.argmax()] = right[i] = True
        elif len(ignored):
            inside = shapely.area(shapely.intersection(shape, ignored)) / max(shapely.area(shape), 1e-9)
            counts[i] = inside.max() < overlap
    return np.asarray(scene.scores[order], np.float64)[counts], right[counts]


def _shapes(quads: Floats) -> Shapes:
    """(N,) the convex hulls of quads."""
    return np.array([shapely.convex_hull(shapely.multipoints(quad)) for quad in quads], dtype=object)
