"""Entities in lines of text, and where they stand on a page."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wordsight.fields.presets.entities import entities_of
from wordsight.fields.presets.spot import iban, spot
from wordsight.page import Page
from wordsight.types import Line, Quad, Word


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Date: 25/12/2018 8:13:39 PM", [("date", "25/12/2018", "2018-12-25")]),
        ("2016/05/01", [("date", "2016/05/01", "2016-05-01")]),
        ("12 MAR 2018 19:20", [("date", "12 MAR 2018", "2018-03-12")]),
        ("OCT 3, 2016", [("date", "OCT 3, 2016", "2016-10-03")]),
        ("14/MAY/2017", [("date", "14/MAY/2017", "2017-05-14")]),
        ("am 3. Mai 2021", [("date", "3. Mai 2021", "2021-05-03")]),
        ("Total RM 1,234.50", [("amount", "RM 1,234.50", "RM 1234.50")]),
        ("1.234,56 €", [("amount", "1.234,56 €", "€ 1234.56")]),
        ("-1.73", [("amount", "-1.73", "-1.73")]),
        ("EUR 12", [("amount", "EUR 12", "EUR 12")]),
        ("GST 6% 1.05", [("amount", "1.05", "1.05")]),
        ("DE89 3704 0044 0532 0130 00 BIC", [("iban", "DE89 3704 0044 0532 0130 00", "DE89370400440532013000")]),
        ("call +44 20 7946 0958", [("phone", "+44 20 7946 0958", "+442079460958")]),
        ("Tel: 03-7725 4188", [("phone", "03-7725 4188", "0377254188")]),
        ("mail Info@Example.co.uk.", [("email", "Info@Example.co.uk", "info@example.co.uk")]),
        ("see www.example.com/path, or", [("url", "www.example.com/path", "www.example.com/path")]),
        ("Version 1.2.3 of 10.50% at 17:45", []),
        ("(CO REG : 750441-W) 6942131718178", []),
        ("DE88 3704 0044 0532 0130 00", []),
        ("31/31/2018", []),
    ],
)
def test_spotted(text: str, found: list[tuple[str, str, str]]) -> None:
    assert [(one.label, one.text, one.value) for one in spot(text)] == found


@given(st.text("0123456789.,-/ €$@aEDwRM:+()", max_size=60))
def test_nothing_is_spotted_twice(text: str) -> None:
    found = spot(text)
    assert all(text[one.start : one.end] == one.text and one.value for one in found)
    assert all(one.end <= other.start for one, other in pairwise(found))


@given(st.integers(4, 21), st.integers(0, 9))
def test_a_wrong_digit_of_an_iban_is_noticed(place: int, digit: int) -> None:
    good = "DE89370400440532013000"
    said = good[:place] + str(digit) + good[place + 1 :]
    assert (iban(said) == said) == (said == good)


def test_places_on_a_page() -> None:
    words = (
        Word(Quad.from_box(0, 0, 60, 20), "Total:", 0.9, 1.0),
        Word(Quad.from_box(70, 0, 150, 20), "RM9.00", 0.7, 1.0),
    )
    line = Line(Quad.from_box(0, 0, 150, 20), "Total: RM9.00", 0.8, (0, 1))
    made = entities_of(Page("a.png", 0, 200, 100, 1.0, words, (line,), {}))
    assert made.fields == {"amount": ("RM9.00",)}
    (value,) = made.details
    assert (value.confidence, value.quad) == (0.7, Quad.from_box(70, 0, 150, 20))
    assert made.to_dict()["entities"] == [{"label": "amount", "text": "RM9.00", "value": "RM 9.00"}]
