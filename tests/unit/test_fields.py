"""Parts of a taught model that need no training: tokens, forms, confidence, figures, suggestions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wordsight.evaluation.calibration import expected_calibration_error
from wordsight.evaluation.fields import Case, Change, Said, compare_cases, figures
from wordsight.fields import look
from wordsight.fields.confidence import DEFAULT, Signals, fit, probability
from wordsight.fields.suggest import Looked, rank
from wordsight.fields.tokens import join, tokens_of
from wordsight.fields.values import correct, form, forms_of, names_of, plain
from wordsight.page import Page
from wordsight.types import Line, Quad, Word

SQUARE = ((0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0))


def page(rows: list[list[tuple[str, float]]], turn: float = 0.0) -> Page:
    """A page of lines with words at given places: each character 10 pixels wide, a line 30 pixels high."""
    cos, sin = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    matrix = np.array([[cos, sin], [-sin, cos]], np.float32)
    words, lines = [], []
    for number, row in enumerate(rows):
        start = len(words)
        for text, left in row:
            box = Quad.from_box(left, 30 * number, left + 10 * len(text), 30 * number + 20).points
            words.append(Word(Quad(box @ matrix), text, 0.9, 0.9, number))
        quad = words[start].quad
        lines.append(Line(quad, " ".join(text for text, _ in row), 0.9, tuple(range(start, len(words)))))
    return Page("a.png", 0, 600, 800, 1.0, tuple(words), tuple(lines), {})


def test_words_fall_into_tokens() -> None:
    tokens = tokens_of(page([[("Date:25/12/2018", 0), ("RM9.00", 200)], [("81-B,", 0)]]))
    assert [t.text for t in tokens] == ["Date", ":", "25/12/2018", "RM", "9.00", "81", "-", "B", ","]
    assert [t.line for t in tokens] == [0, 0, 0, 0, 0, 1, 1, 1, 1]
    assert join(tokens[:5]) == "Date:25/12/2018 RM9.00"
    assert tokens[2].box[0] == pytest.approx(50, abs=1)
    assert tokens[2].box[2] == pytest.approx(150, abs=1)


@pytest.mark.parametrize("turn", [0, 4, -7])
def test_rows_run_over_the_whole_page_however_it_is_turned(turn: float) -> None:
    tokens = tokens_of(page([[("Total", 0), ("9.00", 500)], [("Cash", 0), ("10.00", 500)], [("Thanks", 200)]], turn))
    assert [t.row for t in tokens] == [0, 0, 1, 1, 2]


def test_no_words_no_tokens() -> None:
    assert tokens_of(page([])) == []
    assert look.Seen.of([]).numbers.shape == (0, look.NUMBERS)


def test_what_is_seen_of_a_token() -> None:
    tokens = tokens_of(page([[("Total", 0), ("9.00", 500)], [("Cash", 0), ("10.00", 500)]]))
    seen = look.Seen.of(tokens)
    assert seen.numbers.shape == (4, look.NUMBERS)
    assert np.isfinite(seen.numbers).all()
    assert "left=total" in seen.names[1]
    assert "9.99|left=total" in seen.names[1]
    assert "up=0.00" in seen.names[3]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("12.50", "9.99"),
        ("1,234.50", "9.99"),
        ("25/12/2018", "9/9/9"),
        ("12:30", "9:99"),
        ("Abc", "Aa"),
        ("May", "MON"),
    ],
)
def test_shapes(text: str, said: str) -> None:
    assert look.shape(text) == said


def test_forms() -> None:
    assert form("MH 15 TC-554") == "AA 99 AA-999"
    assert forms_of(["MH15", "KA 99", "K-9", ""]) == {"AA99": 2, "A9": 1}


def test_known_names_are_corrected_and_numbers_are_not() -> None:
    names = names_of(["LIAN HING STATIONERY SDN BHD"] * 2 + ["12/03/2018", "112.45", "ACME"])
    assert names == ("LIAN HING STATIONERY SDN BHD",)
    assert correct("LJAN HING STATIONERY SDN.BHD", names) == "LIAN HING STATIONERY SDN BHD"
    assert correct("GUARDIAN HEALTH SDN BHD", names) is None
    assert correct("LIAN", names) is None


@given(st.text(max_size=30))
def test_plain_has_letters_and_digits_only(text: str) -> None:
    assert all(c.isalnum() for c in plain(text))


def test_confidence_follows_the_signals() -> None:
    low, high = Signals(-2, 0, 0, 0), Signals(4, 3, 2, 1)
    assert probability(low, ()) < 0.5 < probability(high, ())
    assert probability(high, DEFAULT) == probability(high, ())


def test_fitted_confidence_is_calibrated() -> None:
    rng = np.random.default_rng(0)
    found = rng.normal(1, 2, 3000)
    right = rng.random(3000) < 1 / (1 + np.exp(-(0.7 * found - 1)))
    signals = [Signals(float(f), float(rng.normal()), 0, 0) for f in found]
    before = expected_calibration_error([probability(s, ()) for s in signals], right)
    weights = fit(signals, right)
    after = expected_calibration_error([probability(s, weights) for s in signals], right)
    assert after < 0.03 < before


@pytest.mark.parametrize("right", [[], [True] * 4, [False] * 4])
def test_a_fit_with_little_to_go_by_stays_finite(right: list[bool]) -> None:
    weights = fit([Signals(8, 8, 8, 1)] * len(right), right)
    assert np.isfinite(weights).all()
    if right:
        assert (probability(Signals(8, 8, 8, 1), weights) > 0.5) == right[0]


def test_figures_of_fields() -> None:
    cases = [
        Case("a", "total", ("9.00",), (Said("9.00", 0.9),)),
        Case("a", "shop", ("Acme  Tools",), (Said("ACME tools", 0.8),)),
        Case("b", "total", ("9.50",), (Said("9.00", 0.4),)),
        Case("b", "shop", ("Acme",), ()),
    ]
    told = figures(cases)
    assert (told["precision"], told["recall"], told["exact"]) == (0.6667, 0.5, 0.5)
    assert told["f"] == pytest.approx(2 * 2 / 7, abs=1e-4)
    assert told["by_label"]["shop"]["recall"] == 0.5
    assert told["f_interval"][0] <= told["f"] <= told["f_interval"][1]
    assert told["coverage"] == pytest.approx(2 / 3, abs=1e-4)
    assert figures([])["cases"] == 0


def test_letters_and_digits_alone() -> None:
    case = Case("a", "plate", ("MH 15-TC",), (Said("MH15TC", 0.9),))
    assert not case.right()
    assert case.right(letters=True)


def test_a_value_that_is_wanted_once_is_right_once() -> None:
    case = Case("a", "plate", ("A1", "B2"), (Said("A1", 0.9), Said("A1", 0.8), Said("B2", 0.1)))
    assert case.verdicts() == [True, False, True]


def test_boxes_without_texts() -> None:
    near = tuple((x + 2, y) for x, y in SQUARE)
    far = tuple((x + 50, y) for x, y in SQUARE)
    case = Case("a", "logo", (), (Said("", 0.9, near), Said("", 0.8, near), Said("", 0.7, far)), (SQUARE,), (far,))
    assert case.verdicts() == [True, False]
    assert (case.counts().hits, case.counts().detected, case.counts().wanted) == (1, 2, 1)


def test_before_and_after() -> None:
    before = [Case(str(i), "t", ("x",), (Said("x" if i < 2 else "y", 0.5),)) for i in range(8)]
    after = [Case(str(i), "t", ("x",), (Said("x" if i > 0 else "y", 0.5),)) for i in range(8)]
    change = compare_cases(before, after)
    assert (change.fixed, change.broken) == (6, 1)
    assert change.chance == pytest.approx(8 / 128)
    assert change.better


@pytest.mark.parametrize(("fixed", "broken", "better"), [(0, 0, False), (1, 0, False), (2, 0, True), (3, 2, False)])
def test_a_gain_that_can_be_chance_is_none(fixed: int, broken: int, better: bool) -> None:
    assert Change(fixed, broken).better is better


def looked(name: str, doubt: float, place: float) -> Looked:
    return Looked(name, doubt, {}, np.array([place, 0.0], np.float32))


def test_suggestions_are_doubtful_and_different() -> None:
    some = [looked("a", 0.9, 0.0), looked("b", 0.89, 0.001), looked("c", 0.6, 1.0), looked("d", 0.01, 2.0)]
    assert [one.image for one in rank(some, 2)] == ["a", "c"]
    assert sorted(one.image for one in rank(some, 10)) == ["a", "b", "c", "d"]
    assert rank([], 3) == []
    like_a = [np.array([0.0, 0.0], np.float32)]
    assert [one.image for one in rank(some, 2, like_a)] == ["c", "d"]  # one like a is labelled already
