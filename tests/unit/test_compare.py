"""A child takes its parent's place only where it is better and has forgotten nothing."""

from __future__ import annotations

import numpy as np
import pytest

from wordsight.data.crops import Example
from wordsight.evaluation.compare import Row, compare, figures
from wordsight.types import Reading, Span


class Fixed:
    """Reads what it is told for a crop whose first pixel is the crop's number."""

    def __init__(self, answers):
        self.answers = answers

    def recognize(self, crops):
        texts = [self.answers[int(crop[0, 0, 0])] for crop in crops]
        return [Reading((Span(text, 0, 1, 0.9),) if text else (), 0.9) for text in texts]


def crops(*texts, first=0, silent=()):
    return [Example(np.full((8, 8, 3), first + i, np.uint8), t, frozenset(silent)) for i, t in enumerate(texts)]


def test_better_and_nothing_forgotten():
    own, general = crops("a", "b", "c"), crops("x", "y", first=10)
    parent = Fixed({0: "a", 1: "?", 2: "?", 10: "x", 11: "y"})
    child = Fixed({0: "a", 1: "b", 2: "c", 10: "x", 11: "y"})
    verdict = compare(parent, child, {"mine": own, "general": general})
    assert verdict.adopt and "33.3%" in verdict.reason and "100.0%" in verdict.reason
    assert verdict.rows[0] == Row("mine", 3, pytest.approx(1 / 3), 1.0, 2, 0)
    assert verdict.rows[0].chance == 0.5 and verdict.rows[1].chance == 1.0


def test_what_is_not_better_is_not_adopted():
    own = crops("a", "b")
    same = Fixed({0: "a", 1: "?"})
    verdict = compare(same, same, {"mine": own})
    assert not verdict.adopt and "not better" in verdict.reason


def test_what_has_forgotten_is_not_adopted():
    letters = "klmnopqrstuvwxyz"
    own, general = crops("a"), crops(*letters, first=10)
    parent = Fixed({0: "?", **{10 + i: t for i, t in enumerate(letters)}})
    child = Fixed({0: "a", **{10 + i: t if i >= 8 else "?" for i, t in enumerate(letters)}})
    verdict = compare(parent, child, {"mine": own, "general": general})
    assert not verdict.adopt and "forgotten: general 100.0% before, 50.0% now" in verdict.reason
    assert compare(parent, child, {"mine": own, "general": general}, tolerance=0.4).adopt
    one_off = Fixed({0: "a", **{10 + i: t if i else "?" for i, t in enumerate(letters)}})
    assert compare(parent, one_off, {"mine": own, "general": general}).adopt  # may be luck
    with pytest.raises(ValueError, match="at least one set"):
        compare(parent, child, {})


def test_labels_count_as_far_as_they_tell():
    some = [*crops("DONT", silent=["case", "punctuation"]), *crops("Don't", "--", first=1)]
    found = figures(some, ["Don't", "don't", "--"])
    assert found == {"right": pytest.approx(2 / 3), "folded": 1.0}
