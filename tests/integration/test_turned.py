"""A photograph that lies on its side is read as well as the upright one: words of the example, real weights."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from wordsight import Reader
from wordsight.image.load import load
from wordsight.image.turn import rotate
from wordsight.types import Picture


@pytest.fixture(scope="module")
def street(example: Path) -> Picture:
    return load(example)


@pytest.fixture(scope="module", params=["dbnet", "auto"])
def reader(request: pytest.FixtureRequest) -> Reader:
    return Reader(detector=request.param)


@pytest.mark.parametrize("angle", [90, 180, 270])
def test_a_quarter_turn_costs_hardly_a_word(reader: Reader, street: Picture, angle: float) -> None:
    upright = Counter(word.text for word in reader.read(street).words if word.confidence > 0.9)
    turned = Counter(word.text for word in reader.read(rotate(street, angle)[0]).words)
    assert (upright & turned).total() >= 0.85 * upright.total()


def test_where_the_words_stand_is_told_in_the_turned_picture(reader: Reader, street: Picture) -> None:
    turned, _ = rotate(street, 90)
    height, width = turned.shape[:2]
    words = reader.read(turned).words
    assert all(-20 <= x <= width + 20 and -20 <= y <= height + 20 for word in words for x, y in word.quad.points)
    assert sum(abs(abs(word.quad.angle) - 90) < 35 for word in words) > 0.6 * len(words)
