"""Which of the things that were found in a photo are told."""

from __future__ import annotations

import numpy as np

from wordsight.fields.candidate import Candidate
from wordsight.fields.confidence import Signals
from wordsight.fields.extract import judged
from wordsight.fields.forms import familiar, pattern_of
from wordsight.fields.model import LabelCard
from wordsight.fields.objects import BY_FORM, on_page
from wordsight.fields.values import forms_of
from wordsight.page import Page
from wordsight.types import Line, Quad

PLATES = [f"MH {n} BN {1000 + n}" for n in range(10, 30)]
ONE = LabelCard("plate", "object", forms=forms_of(PLATES), pattern=pattern_of(PLATES), level=True)
MANY = LabelCard("plate", "object", many=True, forms=ONE.forms, pattern=ONE.pattern, level=True)


def found(text, score, left, read=3.0, label=ONE):
    quad = Quad.from_box(left, 0, left + 100, 30)
    logit = float(np.log(score / (1 - score)))
    return Candidate("plate", text, quad, Signals(logit, read, 0.0, familiar(text, label.forms)), score)


def texts(values):
    return [value.text for value in values]


def test_what_a_thing_says_decides_between_things():
    sticker, plate = found("FOR SALE", 0.6, 0), found("MH 20 BN 3525", 0.5, 200)
    assert texts(judged([sticker, plate], ONE)) == ["MH 20 BN 3525"]
    assert texts(judged([sticker], ONE)) == ["FOR SALE"]  # nothing better is there


def test_a_second_thing_needs_a_known_form_and_a_place_of_its_own():
    things = [found("MH 20 BN 3525", 0.9, 0), found("MH 21 BN 3525", 0.8, 200), found("FOR SALE", 0.9, 400)]
    inside = found("MH 20 BN 3526", 0.7, 20)
    assert texts(judged([*things, inside], MANY)) == ["MH 20 BN 3525", "MH 21 BN 3525"]
    assert texts(judged([*things, inside], ONE)) == ["MH 20 BN 3525"]


def test_doubtful_things_are_not_told():
    assert judged([found("x", 0.1, 0, read=-6.0)], ONE) == []
    assert texts(judged([found("x", 0.25, 0, read=-6.0)], ONE)) == ["x"]  # a thing, whatever it says


def test_text_of_a_known_form_on_a_page():
    lines = [
        Line(Quad.from_box(10, 10, 110, 30), "MH 20 BN 3525", 0.9, ()),
        Line(Quad.from_box(10, 50, 110, 70), "FOR SALE", 0.95, ()),
    ]
    page = Page("x.jpg", 0, 200, 100, 1.0, (), tuple(lines), {})
    (candidate,) = on_page(page, ONE)
    assert candidate.text == "MH 20 BN 3525" and candidate.score == BY_FORM
    left, top, right, bottom = candidate.quad.bounds
    assert left < 10 and top < 10 and right > 110 and bottom > 30
