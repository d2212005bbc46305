"""Rules by which files are approved or put up for review."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Any

import pytest

from wordsight.server.errors import BadRequest
from wordsight.server.services.rules import FieldRule, Rules, SumRule, amount, check_rules, judge, matches


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1,234.50", "1234.50"),
        ("1.234,50 EUR", "1234.50"),
        ("1'234.50", "1234.50"),
        ("RM 1 234,00", "1234.00"),
        ("1,234", "1234"),
        ("1.234.567", "1234567"),
        ("0.125", "0.125"),
        ("$ 9.5", "9.5"),
        ("(12)", "-12"),
        ("-3,5", "-3.5"),
        ("12-", "-12"),
        ("abc", None),
        ("", None),
        ("..", None),
        ("1-2", None),
    ],
)
def test_an_amount(text: str, number: str | None) -> None:
    assert amount(text) == (None if number is None else Decimal(number))


def box(label: str, text: str, score: float | None = 1.0) -> dict[str, Any]:
    return {"label": label, "text": text, "score": score}


def broken(rules: Rules, *boxes: dict[str, Any]) -> list[tuple[str, str]]:
    return [(problem.field, problem.rule) for problem in judge(rules, boxes)]


def test_a_required_field() -> None:
    rules = Rules(fields={"total": FieldRule(required=True), "date": FieldRule()})
    assert broken(rules, box("total", "9.00")) == []
    assert broken(rules, box("total", " ")) == [("total", "required")]
    assert broken(rules) == [("total", "required")]


def test_a_pattern_holds_for_every_value() -> None:
    rules = Rules(fields={"number": FieldRule(pattern=r"INV-\d{4}")})
    assert broken(rules, box("number", "INV-0042")) == []
    assert broken(rules, box("number", "INV-0042"), box("number", "INV-42")) == [("number", "pattern")]
    assert broken(rules) == []


def test_a_pattern_is_matched_in_linear_time() -> None:
    start = time.perf_counter()
    assert not matches("(a+)+b", "a" * 10_000)
    assert matches(".*", "日本 €5") and matches("[α-ω]+", "βγ") and not matches(r"\d+", "12x")
    assert time.perf_counter() - start < 2


def test_a_threshold() -> None:
    rules = Rules(confidence=0.8, fields={"date": FieldRule(confidence=0.5)})
    assert broken(rules, box("total", "9", 0.8), box("date", "x", 0.5), box("name", "y", None)) == []
    assert broken(rules, box("total", "9", 0.79), box("date", "x", 0.49)) == [
        ("total", "confidence"),
        ("date", "confidence"),
    ]


def test_totals_add_up() -> None:
    rules = Rules(sums=[SumRule(total="total", parts=["net", "tax"])])
    assert broken(rules, box("total", "1.190,00"), box("net", "1,000.00"), box("tax", "190")) == []
    assert broken(rules, box("total", "100"), box("net", "40"), box("net", "60.01")) == []
    assert broken(rules, box("total", "100"), box("net", "40"), box("net", "60.02")) == [("total", "sum")]
    (problem,) = judge(rules, [box("total", "119"), box("net", "100"), box("tax", "18")])
    assert problem.message == "total is 119, but net + tax is 118"


@pytest.mark.parametrize("boxes", [[], [box("total", "9")], [box("net", "9")], [box("total", "nine"), box("net", "9")]])
def test_a_sum_that_cannot_be_checked_is_not_right(boxes: list[dict[str, Any]]) -> None:
    assert broken(Rules(sums=[SumRule(total="total", parts=["net"])]), *boxes) == [("total", "sum")]


@pytest.mark.parametrize(
    "rules",
    [
        Rules(fields={"other": FieldRule()}),
        Rules(sums=[SumRule(total="total", parts=["other"])]),
        Rules(fields={"total": FieldRule(pattern="[")}),
        Rules(fields={"total": FieldRule(pattern="(?=a)b")}),
        Rules(fields={"total": FieldRule(pattern=r"(\w{1,100}){1,100}")}),
    ],
)
def test_rules_that_cannot_be_used(rules: Rules) -> None:
    with pytest.raises(BadRequest):
        check_rules(rules, ["total"])
