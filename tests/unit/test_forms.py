"""Patterns and forms of a field's values, and boxes of several lines put side by side."""

from __future__ import annotations

import re

import numpy as np
import pytest

from wordsight.errors import WeightsCorrupt
from wordsight.fields.crops import BoxReader, side_by_side
from wordsight.fields.forms import even_pattern, familiar, likelihood, pattern_of
from wordsight.fields.model import LabelCard, ModelCard, ModelFile, pack
from wordsight.fields.values import forms_of
from wordsight.rectify.crop import Pyramid
from wordsight.types import Detection, Reading, Span

PLATES = [f"MH {n} BN {1000 + n}" for n in range(10, 20)] + [f"KA-{n} C {2000 + n}" for n in range(10, 14)]


def test_a_pattern_has_the_forms_that_repeat_themselves():
    pattern = pattern_of([*PLATES, "TN 7"])
    assert pattern.split("|") == [
        "[A-Z]{2}[ .-]?[0-9]{2}[ .-]?[A-Z]{2}[ .-]?[0-9]{4}",
        "[A-Z]{2}[ .-]?[0-9]{2}[ .-]?[A-Z][ .-]?[0-9]{4}",
    ]
    for text in ("MH 20 BN 3525", "MH20BN3525", "DL-10-C-0169"):
        assert re.fullmatch(pattern, text)
    assert not re.fullmatch(pattern, "FOR SALE")


@pytest.mark.parametrize(
    ("values", "letters"),
    [(["ab 12"] * 10, "[a-z]{2}"), (["Ab 12", "aB 13"] * 5, "[A-Za-z]{2}"), (["AB 12"] * 10, "[A-Z]{2}")],
)
def test_the_case_is_that_of_the_values(values, letters):
    assert pattern_of(values) == f"{letters}[ .-]?[0-9]{{2}}"


def test_no_pattern_where_there_is_none():
    assert pattern_of(PLATES[:5]) == ""  # too few
    assert pattern_of(["one two", "a", "bcd", "nobody", "the end", "x y z", "ten", "12 b", "c3", "zz9a", "k"]) == ""
    assert pattern_of(["Ключ 12"] * 20) == ""
    assert len(pattern_of([("A1" * n)[:40] for n in range(1, 40) for _ in range(2)])) <= 900


def test_codes_of_one_length():
    assert even_pattern(["a2b", "bb3", "2ab"] * 4, "23ab") == "[23ab]{3}"
    assert even_pattern(["a2b", "bb3", "2abb"] * 4, "23ab") == ""
    assert even_pattern(["a2b", "bb3", "2ab"] * 4, "") == ""
    assert even_pattern(["a2b", "bb-"] * 6, "2ab-") == ""
    assert even_pattern(["a2b"], "2ab") == ""


def test_known_forms_are_likelier_than_unknown_ones():
    forms = forms_of(PLATES)
    known, rare, as_long, other = (likelihood(t, forms) for t in ("MH20BN3525", "KA11C1234", "1234567890", "SALE"))
    assert known > rare > as_long > other > 0
    assert likelihood("anything", {}) == 1.0
    assert 1 > familiar("MH20BN3525", forms) > familiar("KA11C1234", forms) > 0.25 > familiar("SALE", forms) >= -1


class Lines:
    """Sees two lines, one above the other."""

    def detect(self, picture, scale=None):
        height, width = picture.shape[:2]
        boxes = [(0.1, 0.1, 0.9, 0.45), (0.1, 0.55, 0.9, 0.9)]
        quads = [[[a, b], [c, b], [c, d], [a, d]] for a, b, c, d in boxes]
        points = np.array(quads, np.float32) * np.array([width, height], np.float32)
        return Detection(points, np.ones(2, np.float32), 1.0)


WORDS = {200: "MH 20", 80: "BN 3525"}


WORDS = {200: "MH 20", 80: "BN 3525"}


class Teller:
    """Says what a crop's brightness stands for; two halves of different brightness are two lines side by side."""

    def recognize(self, crops):
        return self.recognize_with(crops, [None] * len(crops))

    def recognize_with(self, crops, vocabularies):
        return [self._read(crop) for crop in crops]

    def _read(self, crop):
        middle = crop[crop.shape[0] // 2]
        kinds = [min(WORDS, key=lambda k: abs(k - int(v))) for v in middle[[len(middle) // 4, -len(middle) // 4], 0]]
        text = " ".join(WORDS[kind] for kind in dict.fromkeys(kinds))
        return Reading((Span(text, 0.9, 0.0, 1.0),), 0.9)


def test_a_box_of_two_lines_is_read_as_the_values_are_formed():
    picture = np.full((200, 200, 3), 200, np.uint8)
    picture[100:] = 80
    quad = np.array([[0, 0], [200, 0], [200, 200], [0, 200]], np.float32)
    label = LabelCard("plate", "object", forms=forms_of(PLATES), pattern=pattern_of(PLATES), reading="lines")
    reader = BoxReader(Lines(), Teller())
    assert reader.read(Pyramid(picture), quad, label).text == "MH 20 BN 3525"


def test_side_by_side():
    joined = side_by_side([np.full((24, 50, 3), 10, np.uint8), np.full((96, 100, 3), 90, np.uint8)])
    assert joined.shape == (48, 150, 3) and joined.dtype == np.uint8
    assert (joined[:, :100] == 10).all() and (joined[:, 100:] == 90).all()


@pytest.mark.parametrize("pattern", ["(a+)+b", "[A-Z]{999}", "[A-Z]*", "." * 10, "[A-Z]" * 300])
def test_a_card_with_a_pattern_that_no_model_has_is_refused(pattern):
    card = ModelCard("plates", (LabelCard("plate", "object", pattern=pattern),), "2026-11-23T00:00:00+00:00", "0")
    with pytest.raises(WeightsCorrupt, match="pattern"):
        ModelFile.parse(pack(card, {}))


def test_a_card_keeps_its_pattern():
    label = LabelCard("plate", "object", pattern=pattern_of(PLATES), forms=forms_of(PLATES))
    card = ModelCard("plates", (label,), "2026-11-23T00:00:00+00:00", "0")
    assert ModelFile.parse(pack(card, {})).card.labels == (label,)
