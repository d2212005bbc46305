"""A photograph that lies on its side is read as well as the upright one: words of the example, real weights."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import cache

import pytest

from wordsight import Page, Reader
from wordsight.image.turn import rotate
from wordsight.types import Picture


@pytest.fixture(scope="module", params=["dbnet", "auto"])
def at(request: pytest.FixtureRequest, street: Picture) -> Callable[[float], Page]:
    """Gives the page of the street turned by an angle, which is read once."""
    reader = Reader(detector=request.param)
    return cache(lambda angle: reader.read(rotate(street, angle)[0]))


@pytest.mark.parametrize("angle", [90, 180, 270])
def test_a_quarter_turn_costs_hardly_a_word(at: Callable[[float], Page], angle: float) -> None:
    upright = Counter(word.text for word in at(0).words if word.confidence > 0.9)
    # Without spaces: where a word ends ("Mon-Fr", "Mon- Fr") depends on the last bit of the processor's arithmetic.
    turned = "".join(word.text for word in at(angle).words)
    found = sum(min(number, turned.count(text)) for text, number in upright.items())
    assert upright.total() > 20
    assert found >= 0.85 * upright.total()


def test_where_the_words_stand_is_told_in_the_turned_picture(at: Callable[[float], Page]) -> None:
    page = at(90)
    words = page.words
    assert (page.width, page.height) == (853, 1280)
    assert all(-20 <= x <= 873 and -20 <= y <= 1300 for word in words for x, y in word.quad.points)
    assert sum(abs(abs(word.quad.angle) - 90) < 35 for word in words) > 0.6 * len(words)
