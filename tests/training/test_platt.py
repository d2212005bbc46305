"""Calibration of scores on few answers."""

from __future__ import annotations

import numpy as np
import pytest

from wordsight.training.platt import SLOPES, fit


def apply(scores, slope, offset):
    return 1 / (1 + np.exp(-(slope * np.log(scores / (1 - scores)) + offset)))


def test_without_answers_scores_stay_as_they_are():
    assert fit([], []) == (1, 0)


def test_the_true_curve_is_found():
    rng = np.random.default_rng(0)
    scores = rng.uniform(0.05, 0.95, 20_000)
    right = rng.random(20_000) < apply(scores, 2.0, 1.0)
    assert fit(scores, right) == pytest.approx((2, 1), abs=0.1)


def test_few_answers_change_little_and_certainty_never_comes():
    slope, offset = fit([0.3, 0.6, 0.5], [True, True, True])
    assert 0.7 < slope < 1.3 and 0 < offset < 1
    slope, offset = fit(np.linspace(0.1, 0.9, 500), np.linspace(0.1, 0.9, 500) > 0.5)
    assert slope <= SLOPES[1] and np.isfinite(offset)


def test_the_order_never_turns():
    scores = np.linspace(0.1, 0.9, 200)
    slope, _ = fit(scores, scores < 0.5)
    assert slope >= SLOPES[0]


@pytest.mark.parametrize("scores", [[0.0, 1.0], [1.0, 1.0, 1.0], [0.0]])
def test_certain_scores_are_no_trouble(scores):
    assert np.isfinite(fit(scores, [False] * len(scores))).all()
