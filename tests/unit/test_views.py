"""Doubtful crops seen from other sides: the geometry of the views, and how their readings vote."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import pytest

from wordsight.config import Quality
from wordsight.pipeline import Pipeline
from wordsight.recognition.views import views, vote
from wordsight.types import Picture, Reading, Span
from wordsight.vocabulary import Vocabulary


def reading(text: str, confidence: float) -> Reading:
    return Reading(tuple(Span(one, 0.0, 1.0, confidence) for one in text), confidence)


def bar(width: int = 200, height: int = 60, slope: float = 0.0, thick: float = 12) -> Picture:
    """A white bar on black, from the left edge to the right one, that falls by ``slope`` pixels a pixel."""
    picture = np.zeros((height, width, 3), np.uint8)
    fall = slope * width / 2
    middle = height / 2
    corners = [(0, middle - fall - thick / 2), (width, middle + fall - thick / 2)]
    corners += [(width, middle + fall + thick / 2), (0, middle - fall + thick / 2)]
    cv2.fillPoly(picture, [np.array(corners, np.int32)], (255, 255, 255))
    return picture


def slope_of(picture: Picture) -> float:
    """Pixels by which the white of a picture falls for each pixel across."""
    y, x = np.nonzero(picture[..., 0] > 127)
    return float(np.polyfit(x, y, 1)[0])


@pytest.mark.parametrize("slope", [-0.2, 0.2])
def test_text_that_climbs_or_falls_stands_level_in_one_view(slope: float) -> None:
    seen = views(bar(slope=slope))
    slopes = [slope_of(view) for view in seen]
    assert min(map(abs, slopes)) < 0.01
    level = seen[int(np.argmin(np.abs(slopes)))]
    assert (level[..., 0] > 127).any(axis=1).sum() == pytest.approx(12, abs=2)  # its height has not changed


@pytest.mark.parametrize("degrees", [-6, 6])
def test_turned_text_stands_level_in_one_view(degrees: float) -> None:
    seen = views(bar(slope=np.tan(np.radians(degrees))))
    assert min(abs(slope_of(view)) for view in seen) < 0.01


def test_a_crop_that_is_too_long_or_too_tall_for_a_view_has_fewer() -> None:
    assert [len(views(bar(width, 60))) for width in (20, 100, 200, 400, 900)] == [2, 4, 4, 2, 0]
    assert all(min(view.shape[:2]) >= 8 for size in ((1, 1), (3, 2), (2, 9)) for view in views(bar(*size)))


def test_the_text_with_most_confidence_in_all_views_is_answered() -> None:
    found = vote(reading("GITY", 0.5), [reading("CITY", 0.4), reading("City", 0.45), reading("OIY", 0.3)])
    assert found.text == "City"
    assert found.confidence == pytest.approx((0.45 + (0.4 + 0.45) / 4) / 2)


def test_the_crop_as_it_is_counts_a_little_more() -> None:
    first, other = reading("GITY", 0.5), reading("CITY", 0.55)
    assert vote(first, [other]).text == "GITY"
    assert vote(first, [reading("CITY", 0.65)]).text == "CITY"
    assert vote(first, []) == first


def test_nothing_read_anywhere_stays_nothing() -> None:
    assert vote(Reading((), 0.0), [Reading((), 0.0)] * 4) == Reading((), 0.0)


class Eyes:
    """Reads every crop of the given size with little confidence, and every other one with much."""

    def __init__(self, doubted: tuple[int, int]) -> None:
        self.doubted = doubted
        self.seen: list[tuple[int, int]] = []

    def recognize(self, crops: Sequence[Picture]) -> list[Reading]:
        return self.recognize_with(crops, [None] * len(crops))

    def recognize_with(self, crops: Sequence[Picture], vocabularies: Sequence[Vocabulary | None]) -> list[Reading]:
        assert len(crops) == len(vocabularies)
        self.seen += [crop.shape[:2] for crop in crops]
        return [reading("GITY", 0.6) if crop.shape[:2] == self.doubted else reading("CITY", 0.7) for crop in crops]


@pytest.mark.parametrize(("quality", "said", "looks"), [("balanced", "CITY", 7), ("fast", "GITY", 3)])
def test_the_reader_looks_again_at_doubtful_crops_alone(quality: Quality, said: str, looks: int) -> None:
    eyes = Eyes((60, 200))
    crops = [bar(300, 40), bar(200, 60), bar(500, 40)]
    found = Pipeline(None, eyes, 0.3, None, quality).recognize(crops, [Vocabulary(("CITY",)), None, None])
    assert [one.text for one in found] == ["CITY", said, "CITY"]
    assert len(eyes.seen) == looks
