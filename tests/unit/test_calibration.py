from __future__ import annotations

import pytest

from wordsight.evaluation.calibration import Bin, coverage_at, expected_calibration_error, reliability


def test_reliability_by_hand() -> None:
    rows = reliability([0.0, 0.1, 0.2, 0.9, 1.0], [False, True, False, True, True], bins=5)
    assert rows == [
        Bin(low=0.0, high=0.2, count=3, confidence=pytest.approx(0.1), accuracy=pytest.approx(1 / 3)),
        Bin(low=0.8, high=1.0, count=2, confidence=pytest.approx(0.95), accuracy=1.0),
    ]


def test_expected_calibration_error_by_hand() -> None:
    # 3/5 * |1/3 - 0.1| + 2/5 * |1 - 0.95|
    assert expected_calibration_error([0.0, 0.1, 0.2, 0.9, 1.0], [0, 1, 0, 1, 1], bins=5) == pytest.approx(0.16)


def test_perfect_and_worst_calibration() -> None:
    assert expected_calibration_error([0.75] * 4, [1, 1, 1, 0]) == 0
    assert expected_calibration_error([1.0] * 4, [0] * 4) == 1


@pytest.mark.parametrize("tenths", range(1, 11))
def test_an_upper_edge_belongs_to_its_bin(tenths: int) -> None:
    (row,) = reliability([tenths / 10], [True], bins=10)
    assert (row.low, row.high) == ((tenths - 1) / 10, tenths / 10)


def test_coverage_by_hand() -> None:
    confidences = [0.9, 0.8, 0.7, 0.6, 0.5]
    correct = [True, False, True, True, False]
    # accuracy after 1, 2, .. answers: 1, 1/2, 2/3, 3/4, 3/5
    assert coverage_at(confidences, correct, 1.0) == 1 / 5
    assert coverage_at(confidences, correct, 0.75) == 4 / 5
    assert coverage_at(confidences, correct, 0.6) == 1
    assert coverage_at(confidences[::-1], correct[::-1], 0.75) == 4 / 5
    assert coverage_at([0.9], [False], 0.5) == 0


def test_coverage_takes_equal_confidences_together() -> None:
    assert coverage_at([0.9, 0.9, 0.5], [True, False, True], 1.0) == 0
    assert coverage_at([0.9, 0.9, 0.5], [False, True, True], 2 / 3) == 1


def test_coverage_meets_its_target_exactly() -> None:
    assert coverage_at([0.9] * 50 + [0.1], [True] * 49 + [False] * 2, 0.98) == 50 / 51


@pytest.mark.parametrize(
    ("confidences", "correct"),
    [
        ([], []),
        ([0.5], [True, False]),
        ([[0.5]], [[True]]),
        ([1.01], [True]),
        ([-0.01], [True]),
        ([float("nan")], [True]),
    ],
)
def test_hopeless_answers_are_refused(confidences: list[float], correct: list[bool]) -> None:
    for statistic in (reliability, expected_calibration_error, coverage_at):
        with pytest.raises(ValueError, match="confidence"):
            statistic(confidences, correct)
