"""How right the values of fields are: figures with intervals, and whether one model is better than another."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from wordsight.evaluation.calibration import coverage_at, expected_calibration_error
from wordsight.evaluation.protocols import Counts

Points = tuple[tuple[float, float], ...]
RESAMPLES = 1000
SURE = 0.98
"""Accuracy at which coverage is told."""
OVERLAP = 0.5


@dataclass(frozen=True, slots=True)
class Said:
    """A value that a model gave, its confidence, and where it stands."""

    text: str
    confidence: float
    quad: Points | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One field of one picture.

    Attributes:
        image: The picture.
        label: The field.
        wanted: The texts that are right; empty where the field is absent.
        said: What was found.
        boxes: Of a label without texts: where it stands. None: texts are compared.
        ignored: Boxes in which finding something counts neither way.
        letters: Whether only letters and digits are compared.
    """

    image: str
    label: str
    wanted: tuple[str, ...]
    said: tuple[Said, ...]
    boxes: tuple[Points, ...] | None = None
    ignored: tuple[Points, ...] = ()
    letters: bool = False

    def verdicts(self, letters: bool = False) -> list[bool]:
        """For each value that counts whether it is right; ``letters`` compares letters and digits only."""
        if self.boxes is not None:
            return _boxes_right(self.boxes, [s.quad for s in self.counted])
        letters = letters or self.letters
        left = Counter(folded(text, letters) for text in self.wanted)
        right = []
        for said in self.counted:
            key = folded(said.text, letters)
            right.append(bool(key) and left[key] > 0)
            left[key] -= right[-1]
        return right

    @property
    def counted(self) -> list[Said]:
        """What was said outside of ignored boxes, the surest first."""
        said = sorted(self.said, key=lambda one: -one.confidence)
        if not self.ignored:
            return said
        return [one for one in said if one.quad is None or not _inside(one.quad, self.ignored)]

    def counts(self, letters: bool = False) -> Counts:
        """Hits, values found, values wanted."""
        wanted = len(self.boxes) if self.boxes is not None else len(self.wanted)
        verdicts = self.verdicts(letters)
        return Counts(sum(verdicts), len(verdicts), wanted)

    def right(self, letters: bool = False) -> bool:
        """Whether everything that was wanted was found, and nothing else."""
        counts = self.counts(letters)
        return counts.hits == counts.detected == counts.wanted


@dataclass(frozen=True, slots=True)
class Change:
    """Before and after on the same cases.

    Attributes:
        fixed: Cases that are right only afterwards.
        broken: Cases that were right only before.
    """

    fixed: int
    broken: int

    @property
    def chance(self) -> float:
        """Probability of a change at least as good, were both equally good: the one-sided sign test."""
        count = self.fixed + self.broken
        return float(sum(math.comb(count, k) for k in range(self.fixed, count + 1)) / 2**count)

    @property
    def better(self) -> bool:
        """Whether the change is for the better, and hardly by chance."""
        return self.fixed > self.broken and self.chance <= BY_CHANCE


BY_CHANCE = 0.25
"""A gain that luck alone would bring more often than this is not believed."""


def folded(text: str, letters: bool = False) -> str:
    """A value as it is compared: case and white space folded; with ``letters`` also without signs and spaces."""
    if letters:
        return "".join(c for c in text.casefold() if c.isalnum())
    return " ".join(text.split()).casefold()


def compare_cases(before: Sequence[Case], after: Sequence[Case], letters: bool = False) -> Change:
    """Count the cases that changed; both lists have the same cases in the same order."""
    pairs = [(a.right(letters), b.right(letters)) for a, b in zip(before, after, strict=True)]
    return Change(sum(new and not old for old, new in pairs), sum(old and not new for old, new in pairs))


def figures(cases: Sequence[Case], seed: int = 0) -> dict[str, Any]:
    """Figures over all cases and by label.

    Returns:
        ``precision``, ``recall``, ``f``, ``exact`` (share of cases in which all is right), each of the last two with
        an interval of 95 % (bootstrap over pictures); ``letters_exact`` compares letters and digits only; ``coverage``
        at an accuracy of 98 % and ``ece`` of the confidences, None where nothing was said; ``by_label`` the same.
    """
    if not cases:
        return {"cases": 0, "by_label": {}}
    labels = sorted({case.label for case in cases})
    total = _figures(cases, seed)
    total["by_label"] = {name: _figures([case for case in cases if case.label == name], seed) for name in labels}
    return total


def _figures(cases: Sequence[Case], seed: int) -> dict[str, Any]:
    counts = [case.counts() for case in cases]
    total = sum(counts, Counts())
    right = [case.right() for case in cases]
    sure = [said.confidence for case in cases for said in case.counted]
    good = [verdict for case in cases for verdict in case.verdicts()]
    low_high = _intervals(cases, counts, right, seed)
    return {
        "cases": len(cases),
        "precision": round(total.precision, 4),
        "recall": round(total.recall, 4),
        "f": round(total.f, 4),
        "f_interval": low_high[0],
        "exact": round(sum(right) / len(right), 4),
        "exact_interval": low_high[1],
        "letters_exact": round(sum(case.right(letters=True) for case in cases) / len(cases), 4),
        "letters_f": round(sum((case.counts(letters=True) for case in cases), Counts()).f, 4),
        "coverage": round(coverage_at(sure, good, SURE), 4) if sure else None,
        "ece": round(expected_calibration_error(sure, good), 4) if sure else None,
    }


def _intervals(
    cases: Sequence[Case], counts: Sequence[Counts], right: Sequence[bool], seed: int
) -> tuple[list[float], list[float]]:
    """Intervals of 95 % of F and of the exact share, by drawing pictures with replacement."""
    images = {image: i for i, image in enumerate(dict.fromkeys(case.image for case in cases))}
    table = np.zeros((len(images), 5))
    for case, count, whole in zip(cases, counts, right, strict=True):
        table[images[case.image]] += (count.hits, count.detected, count.wanted, whole, 1)
    drawn = np.random.default_rng(seed).integers(len(images), size=(RESAMPLES, len(images)))
    hits, detected, wanted, whole_, all_ = table[drawn].sum(axis=1).T
    f = 2 * hits / np.maximum(detected + wanted, 1)
    exact = whole_ / np.maximum(all_, 1)
    spans = [np.round(np.percentile(values, (2.5, 97.5)), 4).tolist() for values in (f, exact)]
    return spans[0], spans[1]


def _boxes_right(true: Sequence[Points], found: Sequence[Points | None]) -> list[bool]:
    """For each box, the surest first, whether it meets a true one that no other has met."""
    shapes = [shapely.convex_hull(shapely.multipoints(points)) for points in true]
    free = set(range(len(shapes)))
    right = []
    for points in found:
        shape = shapely.convex_hull(shapely.multipoints(points)) if points else None
        best = max(free, key=lambda i: _iou(shape, shapes[i]), default=None) if shape is not None else None
        hit = best is not None and _iou(shape, shapes[best]) > OVERLAP
        if hit and best is not None:
            free.discard(best)
        right.append(hit)
    return right


def _iou(a: Any, b: Any) -> float:
    common = shapely.area(shapely.intersection(a, b))
    return float(common / max(shapely.area(a) + shapely.area(b) - common, 1e-9))


def _inside(quad: Points, regions: Sequence[Points]) -> bool:
    shape = shapely.convex_hull(shapely.multipoints(quad))
    for region in regions:
        common = shapely.area(shapely.intersection(shape, shapely.convex_hull(shapely.multipoints(region))))
        if common > OVERLAP * max(shapely.area(shape), 1e-9):
            return True
    return False
