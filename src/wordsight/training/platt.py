"""Scores to probabilities: Platt's logistic fit, held to the scores as they are while there is little to fit it on."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

PRIOR = 5.0
"""Weighs like so many answers for scores being probabilities already (slope 1, offset 0)."""
LEAST = 1e-4
"""Scores are kept this far from 0 and 1."""
SLOPES = (0.2, 5.0)
"""Bounds of the slope: it must not turn the order around, nor make certainty of a few answers."""
STEPS = 50


def fit(scores: ArrayLike, right: ArrayLike) -> tuple[float, float]:
    """Slope a and offset b so that ``1 / (1 + exp(-(a logit(score) + b)))`` is the probability of being right.

    Source: Platt, "Probabilistic outputs for support vector machines" (1999); by Newton's method, with a normal prior
    around (1, 0).

    Args:
        scores: (K,) in 0..1.
        right: (K,) whether each answer is right.
    """
    sure = np.clip(np.asarray(scores, np.float64), LEAST, 1 - LEAST)
    x = np.stack([np.log(sure / (1 - sure)), np.ones(len(sure))], 1)
    target, start = np.asarray(right, np.float64), np.array([1.0, 0.0])
    weights = start.copy()
    for _ in range(STEPS):
        p = 1 / (1 + np.exp(-(x @ weights).clip(-30, 30)))
        gradient = x.T @ (p - target) + PRIOR * (weights - start)
        curvature = (x * (p * (1 - p))[:, None]).T @ x + PRIOR * np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        weights = weights - step
        weights[0] = np.clip(weights[0], *SLOPES)
        if np.abs(step).max() < 1e-6:
            break
    return float(weights[0]), float(weights[1])
