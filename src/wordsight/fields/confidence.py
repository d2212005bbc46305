"""How sure a field's value is: signals of the stages, turned into a probability that was fitted on held-out values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Doubles = NDArray[np.float64]

NAMES = ("found", "read", "margin", "familiar", "weakest", "known", "clear")
DEFAULT = (0.0, 0.4, 0.6, 0.2, 0.6, 0.0, 0.0, 0.0)
"""Weights where there is nothing to fit them on: constant, then one for each signal."""
PRIOR = 1.5
"""How strongly fitted weights are held to those that they start from."""
LARGEST = 8.0


@dataclass(frozen=True, slots=True)
class Signals:
    """What is known about a value besides its text.

    Attributes:
        found: Log-odds that this is the place.
        read: Log-odds that the text is what stands there.
        margin: By how much the next best value is worse; 0 where there is only one way to read.
        familiar: 1 where the value has a form that training values have, else 0, in between where forms differ.
        weakest: Log-odds of the part of it that belongs to it least; 0 where it has no parts.
        known: 1 where it is a value that a label had; else 0.
        clear: Log of the probability that all its parts were read right; 0 where that is not known.
    """

    found: float
    read: float
    margin: float
    familiar: float
    weakest: float = 0.0
    known: float = 0.0
    clear: float = 0.0

    def row(self) -> list[float]:
        """Constant and signals, each within bounds."""
        values = (self.found, self.read, self.margin, self.familiar, self.weakest, self.known, self.clear)
        return [1.0, *(float(np.clip(value, -LARGEST, LARGEST)) for value in values)]


def logit(probability: float) -> float:
    """Log-odds of a probability, kept finite."""
    p = min(max(probability, 1e-4), 1 - 1e-4)
    return float(np.log(p / (1 - p)))


def chance(log_odds: float) -> float:
    """Probability of log-odds."""
    return float(1 / (1 + np.exp(-np.clip(log_odds, -30, 30))))


def probability(signals: Signals, weights: Sequence[float]) -> float:
    """Probability that a value is right; ``weights`` are fitted ones, or empty for the default ones.

    Models of an older version have weights for the first signals only; what came later says nothing there.
    """
    used = weights or DEFAULT
    return chance(sum(weight * value for weight, value in zip(used, signals.row(), strict=False)))


def fit(
    signals: Sequence[Signals], right: ArrayLike, start: Sequence[float] = DEFAULT, hold: float = PRIOR
) -> tuple[float, ...]:
    """Weights fitted to held-out values by logistic regression, drawn to others; Newton's method.

    Args:
        signals: Of each value.
        right: (N,) whether it was right.
        start: The weights that they are drawn to, such as those fitted to the values of all fields.
        hold: How strongly: 1 / variance of a weight around its start.
    """
    truth = np.asarray(right, dtype=np.float64)
    weights = np.array(start)
    if len(truth) == 0:
        return tuple(start)
    rows = np.array([one.row() for one in signals])
    held = np.diag([hold / 5, *[hold] * len(NAMES)])  # the constant is freer

    def loss(tried: Doubles) -> float:
        logits, away = rows @ tried, tried - start
        return float((np.logaddexp(0, logits) - truth * logits).sum() + away @ held @ away / 2)

    for _ in range(50):
        likely = 1 / (1 + np.exp(-np.clip(rows @ weights, -30, 30)))
        slope = rows.T @ (likely - truth) + held @ (weights - start)
        bend = (rows * (likely * (1 - likely))[:, None]).T @ rows + held
        step, size = np.linalg.solve(bend, slope), 1.0
        while loss(weights - size * step) > loss(weights) and size > 1e-4:
            size /= 2  # a full step of Newton may overshoot where the probabilities are near 0 and 1
        weights = weights - size * step
        if np.abs(step).max() < 1e-6:
            break
    return tuple(float(round(weight, 5)) for weight in weights)
