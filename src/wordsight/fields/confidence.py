"""How sure a field's value is: signals of the stages, turned into a probability that was fitted on held-out values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Doubles = NDArray[np.float64]

NAMES = ("found", "read", "margin", "familiar")
DEFAULT = (0.0, 0.4, 0.6, 0.2, 0.6)
"""Weights where there is nothing to fit them on: constant, then one for each signal."""
PRIOR = 0.15
"""How strongly fitted weights are held to the default ones."""
LARGEST = 8.0


@dataclass(frozen=True, slots=True)
class Signals:
    """What is known about a value besides its text.

    Attributes:
        found: Log-odds that this is the place.
        read: Log-odds that the text is what stands there.
        margin: By how much the next best value is worse; 0 where there is only one way to read.
        familiar: 1 where the value has a form that training values have, else 0, in between where forms differ.
    """

    found: float
    read: float
    margin: float
    familiar: float

    def row(self) -> list[float]:
        """Constant and signals, each within bounds."""
        values = (self.found, self.read, self.margin, self.familiar)
        return [1.0, *(float(np.clip(value, -LARGEST, LARGEST)) for value in values)]


def logit(probability: float) -> float:
    """Log-odds of a probability, kept finite."""
    p = min(max(probability, 1e-4), 1 - 1e-4)
    return float(np.log(p / (1 - p)))


def chance(log_odds: float) -> float:
    """Probability of log-odds."""
    return float(1 / (1 + np.exp(-np.clip(log_odds, -30, 30))))


def probability(signals: Signals, weights: Sequence[float]) -> float:
    """Probability that a value is right; ``weights`` are fitted ones, or empty for the default ones."""
    used = np.array(weights if len(weights) == len(DEFAULT) else DEFAULT)
    return chance(float(used @ np.array(signals.row())))


def fit(signals: Sequence[Signals], right: ArrayLike) -> tuple[float, ...]:
    """Weights fitted to held-out values by logistic regression, drawn to the default ones; Newton's method.

    Args:
        signals: Of each value.
        right: (N,) whether it was right.
    """
    truth = np.asarray(right, dtype=np.float64)
    weights = np.array(DEFAULT)
    if len(truth) == 0:
        return DEFAULT
    rows = np.array([one.row() for one in signals])
    held = np.diag([0.05, *[PRIOR * 10] * 4])  # the constant is nearly free
    for _ in range(50):
        likely = 1 / (1 + np.exp(-np.clip(rows @ weights, -30, 30)))
        slope = rows.T @ (likely - truth) + held @ (weights - DEFAULT)
        bend = (rows * (likely * (1 - likely))[:, None]).T @ rows + held
        step, size = np.linalg.solve(bend, slope), 1.0
        while _loss(weights - size * step, rows, truth, held) > _loss(weights, rows, truth, held) and size > 1e-4:
            size /= 2  # a full step of Newton may overshoot where the probabilities are near 0 and 1
        weights = weights - size * step
        if np.abs(step).max() < 1e-6:
            break
    return tuple(float(round(weight, 5)) for weight in weights)


def _loss(weights: Doubles, rows: Doubles, truth: Doubles, held: Doubles) -> float:
    logits = rows @ weights
    away = weights - DEFAULT
    return float((np.logaddexp(0, logits) - truth * logits).sum() + away @ held @ away / 2)
