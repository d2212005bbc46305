"""Reading with enhancement, by the real networks: what is read after a step stands where it is in the picture."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from wordsight.reader import Reader
from wordsight.types import Picture

WORDS = ("harbour", "lantern", "workshop", "station", "museum", "village")


@pytest.fixture(scope="module")
def curled() -> Picture:
    """Six words a line on a curled sheet on a dark table, 1040 x 840."""
    sheet = np.full((600, 800, 3), 245, np.uint8)
    for row in range(60, 580, 40):
        cv2.putText(sheet, " ".join(WORDS[:5]), (40, row), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (20, 20, 20), 2)
    x, y = np.meshgrid(np.arange(1040, dtype=np.float32), np.arange(840, dtype=np.float32))
    shift = 30 * np.sin(2 * np.pi * (x - 120) / 800)
    return np.asarray(
        cv2.remap(sheet, x - 120, (y - 120 + shift).astype(np.float32), cv2.INTER_CUBIC, borderValue=(45, 40, 35)),
        np.uint8,
    )


def test_a_curled_sheet_is_read_and_its_words_stand_where_they_are(curled: Picture) -> None:
    page = Reader(enhance="auto").read(curled)
    assert page.notes == ("enhanced: sheet",)
    found = [word for word in page.words if word.text == "lantern"]
    assert len(found) >= 11
    assert (page.width, page.height) == (1040, 840)
    for word in found:
        left, top, right, bottom = (round(value) for value in word.quad.bounds)
        part = curled[top:bottom, left:right]
        assert 60 < right - left < 200
        assert (part.min(), part.max()) < (60, 256)
        assert (part.mean(axis=2) < 100).mean() > 0.08  # there is ink in it
    assert "enhance" in page.seconds


def test_none_takes_no_step(curled: Picture) -> None:
    assert Reader(enhance="none").read(curled).notes == ()


def test_enlarging_keeps_places(curled: Picture) -> None:
    flat = np.ascontiguousarray(curled[300:400, 150:900])
    plain, large = Reader(enhance="none").read(flat), Reader(enhance="enlarge").read(flat)
    assert large.notes == ("enhanced: enlarge",)
    pairs = [(a, b) for a in plain.words for b in large.words if a.text == b.text and a.text in WORDS]
    nearest = [min(np.abs(a.quad.points - b.quad.points).max() for c, b in pairs if c is a) for a, _ in pairs]
    assert all(distance < 12 for distance in nearest)
