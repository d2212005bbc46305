"""Average precision against figures worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from wordsight.evaluation.average_precision import Scene, average_precision, judged


def boxes(*sides):
    """Quads of boxes (left, top, right, bottom)."""
    table = np.array(sides, np.float32).reshape(-1, 4)
    return table[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 4, 2)


ONE, TWO, FAR = (0, 0, 10, 10), (20, 0, 30, 10), (50, 50, 60, 60)
NONE = boxes()


def scene(wanted, found, scores, ignored=NONE):
    return Scene(wanted, ignored, found, np.array(scores, np.float32))


def test_all_right_and_nothing_right():
    assert average_precision([scene(boxes(ONE, TWO), boxes(TWO, ONE), [0.4, 0.9])]) == 1
    assert average_precision([scene(boxes(ONE), boxes(FAR), [0.9])]) == 0
    assert average_precision([scene(boxes(ONE), NONE, [])]) == 0
    assert average_precision([scene(NONE, boxes(FAR), [0.9])]) == 0
    assert average_precision([]) == 0


def test_a_wrong_one_between_two_right_ones():
    # Right, wrong, right: precision 1 up to recall 1/2 (51 of the 101 points), then 2/3.
    wanted = [scene(boxes(ONE), boxes(ONE, FAR), [0.9, 0.8]), scene(boxes(TWO), boxes(TWO), [0.7])]
    assert average_precision(wanted) == pytest.approx((51 + 50 * 2 / 3) / 101)


def test_half_is_missed():
    assert average_precision([scene(boxes(ONE, TWO), boxes(ONE), [0.9])]) == pytest.approx(51 / 101)


def test_a_true_box_is_found_once():
    scores, right = judged([scene(boxes(ONE), boxes(ONE, (0, 0, 10, 9)), [0.6, 0.9])])
    assert dict(zip(scores.round(3).tolist(), right.tolist(), strict=True)) == {0.9: True, 0.6: False}


def test_what_lies_in_ignored_regions_does_not_count():
    scores, _ = judged([scene(boxes(ONE), boxes(ONE, TWO), [0.5, 0.9], boxes(TWO))])
    assert scores.tolist() == [0.5]
    assert average_precision([scene(boxes(ONE), boxes(ONE, TWO), [0.5, 0.9], boxes(TWO))]) == 1
    # An ignored region around a true box does not hide it.
    assert average_precision([scene(boxes(ONE), boxes(ONE), [0.5], boxes((0, 0, 40, 40)))]) == 1


def test_the_overlap_that_is_asked_for():
    found = scene(boxes((0, 0, 10, 10)), boxes((0, 0, 10, 7)), [0.9])  # IoU 0.7
    assert [average_precision([found], overlap) for overlap in (0.5, 0.69, 0.71)] == [1, 1, 0]


def test_quads_are_compared_as_they_stand():
    turned = np.array([[[5, -2], [12, 5], [5, 12], [-2, 5]]], np.float32)
    assert average_precision([scene(turned, turned, [0.5])], 0.99) == 1
    crossed = turned[:, [0, 2, 1, 3]]
    assert average_precision([scene(turned, crossed, [0.5])], 0.99) == 1
