"""Does a confidence mean what it says? Statistics over answers with a confidence each, right or wrong."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True)
class Bin:
    """Answers whose confidences lie in (low, high]; the lowest bin also takes confidence 0.

    Attributes:
        low: Lower edge, 0..1.
        high: Upper edge, 0..1.
        count: How many answers, at least 1.
        confidence: Their mean confidence.
        accuracy: Share of them that is right.
    """

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float


def reliability(confidences: ArrayLike, correct: ArrayLike, bins: int = 15) -> list[Bin]:
    """Rows of a reliability diagram: equally wide bins from low to high, without the empty ones.

    Args:
        confidences: (N,) numbers in 0..1.
        correct: (N,) whether each answer is right.
        bins: How many, at least 1.

    Raises:
        ValueError: There is no answer, the lengths differ, or a confidence lies outside 0..1.
    """
    sure, right = _answers(confidences, correct)
    edges = np.arange(bins + 1) / bins
    which = np.searchsorted(edges[1:-1], sure, side="left")
    return [
        Bin(
            low=float(edges[i]),
            high=float(edges[i + 1]),
            count=int((which == i).sum()),
            confidence=float(sure[which == i].mean()),
            accuracy=float(right[which == i].mean()),
        )
        for i in np.unique(which)
    ]


def expected_calibration_error(confidences: ArrayLike, correct: ArrayLike, bins: int = 15) -> float:
    """Mean distance between confidence and accuracy over the bins, weighted by their counts: 0 is best, 1 worst.

    Source: Guo, Pleiss, Sun and Weinberger, "On calibration of modern neural networks", 2017, equation 3.
    Arguments and errors as in :func:`reliability`.
    """
    rows = reliability(confidences, correct, bins)
    return sum(row.count * abs(row.accuracy - row.confidence) for row in rows) / sum(row.count for row in rows)


def coverage_at(confidences: ArrayLike, correct: ArrayLike, accuracy: float = 0.98) -> float:
    """Largest share of answers that can be accepted by a threshold on confidence with at least this accuracy.

    Answers are taken in order of falling confidence. Those of equal confidence are taken together or not at all,
    because no threshold parts them. 0 where even the surest answers are not accurate enough.

    Args:
        confidences: (N,) numbers in 0..1.
        correct: (N,) whether each answer is right.
        accuracy: Least share of right ones among the accepted, 0..1.

    Raises:
        ValueError: As in :func:`reliability`.
    """
    sure, right = _answers(confidences, correct)
    order = np.argsort(-sure, kind="stable")
    taken = np.arange(1, len(sure) + 1)
    last_of_equals = np.append(np.diff(sure[order]) != 0, True)
    good = last_of_equals & (np.cumsum(right[order]) / taken >= accuracy)
    return int(taken[good].max(initial=0)) / len(sure)


def _answers(confidences: ArrayLike, correct: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    sure, right = np.asarray(confidences, dtype=np.float64), np.asarray(correct, dtype=bool)
    if sure.ndim != 1 or sure.shape != right.shape or not len(sure):
        raise ValueError(f"one confidence and one verdict for each answer, not {sure.shape} and {right.shape}")
    if not ((sure >= 0) & (sure <= 1)).all():
        raise ValueError("a confidence lies in 0..1; calibrate the scores first")
    return sure, right
