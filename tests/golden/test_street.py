"""The example picture, read with the real weights: the words that anybody can read are read, where they stand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from wordsight import geometry
from wordsight.config import MIN_CONFIDENCE
from wordsight.data.manifest import Manifest
from wordsight.page import Page
from wordsight.reader import Reader
from wordsight.types import Quad

# Read with a confidence above 0.95 each by the default quality, which finds the small print only roughly. Level,
# leaning by -27..14 degrees, running upwards.
MAIN = [
    "MORNING",
    "BREAD",
    "Bakery",
    "FRESH",
    "OPEN",
    "SUMMER",
    "FAIR",
    "JULY",
    "HOTEL",
    "HARBOUR",
    "Today",
    "soup",
    "5.50",
    "Apple",
    "pie",
    "4.20",
    "Flat",
    "white",
    "3.40",
    "Iced",
    "tea",
    "2.90",
    "482",
    "K",
    "JAZZ",
    "NIGHTS",
]


@pytest.fixture
def page(street_page: Page) -> Page:
    return street_page


@pytest.fixture(scope="module")
def best(example: Path) -> Page:
    return Reader(quality="best").read(example)


@pytest.fixture(scope="module")
def truth(example: Path) -> dict[str, list[Quad]]:
    found: dict[str, list[Quad]] = {}
    for word in Manifest.open(example.parents[1]).samples[0].words or ():
        found.setdefault(word.text or "", []).append(Quad(np.array(word.quad)))
    return found


def is_there(word: Quad, wanted: Quad) -> bool:
    """Whether a word stands where it should: much in common, about the same centre and direction.

    The detector marks lines with a margin, from which words are cut, so a found quad may be half as high again.
    """
    overlap = geometry.overlaps(np.stack([word.points, wanted.points]))
    (_, height) = geometry.sides(wanted.points[None])
    distance = np.linalg.norm(word.points.mean(axis=0) - wanted.points.mean(axis=0))
    lean = abs((word.angle - wanted.angle + 180) % 360 - 180)
    return bool(overlap and overlap[0][3] > 0.35 and distance < 0.5 * height[0] and lean < 8)


@pytest.mark.parametrize("text", MAIN)
def test_the_main_words(page: Page, truth: dict[str, list[Quad]], text: str) -> None:
    found = [word.quad for word in page.words if word.text == text]
    assert any(is_there(word, wanted) for word in found for wanted in truth[text])


@pytest.mark.parametrize("text", [*MAIN, "Tomato", "open", "daily"])
def test_best_reads_small_print_too(best: Page, truth: dict[str, list[Quad]], text: str) -> None:
    test_the_main_words(best, truth, text)


def test_few_words_are_invented(page: Page, truth: dict[str, list[Quad]]) -> None:
    everywhere = np.array([quad.points for quads in truth.values() for quad in quads])
    for word in page.words:
        touched = geometry.overlaps(np.concatenate([word.quad.points[None], everywhere]))
        assert any(i == 0 for i, *_ in touched), f"{word.text} stands where no text is"


def test_the_page_is_consistent(page: Page) -> None:
    assert (page.width, page.height, page.page) == (1280, 853, 0)
    assert 0 < page.scale <= 1.5
    assert [i for line in page.lines for i in line.words] == list(range(len(page.words)))
    for number, line in enumerate(page.lines):
        words = [page.words[i] for i in line.words]
        assert [word.line for word in words] == [number] * len(words)
        assert line.text == " ".join(word.text for word in words)
        confidences = [word.confidence for word in words]
        assert min(confidences) - 1e-9 <= line.confidence <= max(confidences) + 1e-9
    for word in page.words:
        assert word.text == "".join(char.text for char in word.chars)
        assert word.text.strip() == word.text != ""
        assert MIN_CONFIDENCE <= word.confidence <= 1
        assert 0 < word.detection_score <= 1
        assert all(0 <= char.probability <= 1 for char in word.chars)
    assert {"load", "detect", "recognize", "layout"} <= set(page.seconds)
    assert all(seconds >= 0 for seconds in page.seconds.values())


def test_characters_stand_in_a_row_inside_their_words(page: Page) -> None:
    for word in page.words:
        (along,) = geometry.directions(word.quad.points[None])
        (width,), (height,) = geometry.sides(word.quad.points[None])
        starts = [float((char.quad.points.mean(axis=0) - word.quad.points[0]) @ along) for char in word.chars]
        assert starts == sorted(starts)
        assert -0.2 * height <= starts[0]
        assert starts[-1] <= width + 0.2 * height


def test_the_menu_is_read_row_by_row(page: Page) -> None:
    rows = ["Tomato soup 5.50", "Apple pie 4.20", "Flat white 3.40", "Iced tea 2.90"]
    lines = page.text.splitlines()
    at = lines.index(rows[0])
    assert lines[at : at + 4] == rows


def test_reading_again_gives_the_same(reader: Reader, page: Page, example: Path) -> None:
    again = reader.read(example)
    assert again.words == page.words
    assert again.lines == page.lines
