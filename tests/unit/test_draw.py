from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wordsight.image import glyphs
from wordsight.image.draw import confidence_colour, draw
from wordsight.image.glyphs import glyph, text_mask
from wordsight.types import Line, Picture, Quad, Word

WIDTH, HEIGHT = 400, 300


@pytest.fixture
def grey() -> Picture:
    return np.full((HEIGHT, WIDTH, 3), 200, np.uint8)


def turned(degrees: float, width: float = 160, height: float = 36, centre: tuple[float, float] = (200, 150)) -> Quad:
    a = np.deg2rad(degrees)
    corners = np.array([[-width, -height], [width, -height], [width, height], [-width, height]]) / 2
    return Quad(corners @ np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]]) + centre)


def word(quad: Quad, text: str = "Harbour", confidence: float = 1.0) -> Word:
    return Word(quad, text, confidence, 0.9)


def ink(panel: Picture) -> np.ndarray:
    """(N, 2) x and y of the letters' pixels: nothing else in a panel is as dark in all channels."""
    ys, xs = np.nonzero(panel.max(axis=2) < 70)
    return np.stack([xs, ys], axis=1).astype(np.float32)


@pytest.mark.parametrize("degrees", [0, 30, -47, 90, 180])
@pytest.mark.parametrize("confidence", [0.0, 0.6, 1.0])
def test_outline_has_the_colour_of_the_confidence(grey: Picture, degrees: float, confidence: float) -> None:
    quad = turned(degrees)
    drawn = draw(grey, [word(quad, confidence=confidence)], text=False)
    colour = np.array(confidence_colour(confidence))
    for start, end in zip(quad.points, np.roll(quad.points, -1, axis=0), strict=True):
        for t in (0.2, 0.5, 0.8):
            x, y = np.floor(start + t * (end - start)).astype(int)
            near = drawn[y - 1 : y + 2, x - 1 : x + 2].astype(int)
            assert np.abs(near - colour).max(axis=2).min() <= 12


def test_colours_are_okabe_and_ito() -> None:
    assert [confidence_colour(c) for c in (0.0, 0.6, 1.0)] == [(213, 94, 0), (230, 159, 0), (0, 114, 178)]
    assert confidence_colour(-3.0) == confidence_colour(0.0)
    assert confidence_colour(7.0) == confidence_colour(1.0)
    blues = [confidence_colour(c)[2] for c in np.linspace(0.6, 1, 9)]
    assert blues == sorted(blues)


def test_nothing_changes_far_from_words(grey: Picture) -> None:
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 256, grey.shape, np.uint8)
    before = picture.copy()
    quad = turned(25)
    drawn = draw(picture, [word(quad)])[:, :WIDTH]
    distance = np.array(
        [[cv2.pointPolygonTest(quad.points, (x + 0.5, y + 0.5), True) for x in range(WIDTH)] for y in range(HEIGHT)]
    )
    assert (drawn[np.abs(distance) > 4] == picture[np.abs(distance) > 4]).all()
    assert (drawn != picture).any()
    assert (picture == before).all()


def test_the_panel_stands_at_the_right_and_below_a_wide_picture(grey: Picture) -> None:
    assert draw(grey, [], text=True).shape == (HEIGHT, 2 * WIDTH, 3)
    assert draw(grey, [], text=False).shape == grey.shape
    assert draw(grey[:100], [], text=True).shape == (200, WIDTH, 3)
    assert draw(grey, [], text=True).dtype == np.uint8


def test_without_words_the_picture_stays(grey: Picture) -> None:
    assert (draw(grey, [])[:, :WIDTH] == grey).all()
    assert (draw(grey, [], text=False) == grey).all()


def test_a_word_without_text_gets_an_outline_only(grey: Picture) -> None:
    drawn = draw(grey, [word(turned(0), text="")])
    assert not len(ink(drawn[:, WIDTH:]))
    assert (drawn[:, :WIDTH] != grey).any()


def test_lines_are_drawn_too(grey: Picture) -> None:
    quad = Quad.from_box(20, 20, 380, 60)
    drawn = draw(grey, [], [Line(quad, "a line", 1.0, ())], text=False)
    assert (drawn[19:21, 100] < 160).all()  # half of the line in each pixel row


@pytest.mark.parametrize("degrees", [0, 33, -60, 90, 135, 180])
def test_text_stands_in_its_quad_at_its_angle(grey: Picture, degrees: float) -> None:
    quad = turned(degrees)
    points = ink(draw(grey, [word(quad, "minimum")])[:, WIDTH:])
    assert len(points) > 200
    assert all(cv2.pointPolygonTest(quad.points, (float(x), float(y)), True) > -1.5 for x, y in points)
    axis = np.linalg.svd(points - points.mean(axis=0), full_matrices=False)[2][0]
    found = np.rad2deg(np.arctan2(axis[1], axis[0]))
    assert abs((found - degrees + 90) % 180 - 90) < 3


@pytest.mark.parametrize("quarter", [1, 2, 3])
def test_text_follows_its_own_up(quarter: int) -> None:
    square = np.full((301, 301, 3), 200, np.uint8)
    upright = draw(square, [word(turned(0, centre=(150.5, 150.5)), "Largo 7")])[:, 301:]
    other = draw(square, [word(turned(90 * quarter, centre=(150.5, 150.5)), "Largo 7")])[:, 301:]
    back = np.rot90(other, quarter)
    wrong = np.rot90(other, quarter + 2)
    assert np.abs(back.astype(int) - upright).mean() < 0.3 * np.abs(wrong.astype(int) - upright).mean()


def test_a_tall_place_gets_stacked_letters(grey: Picture) -> None:
    rows = ink(draw(grey, [word(Quad.from_box(180, 20, 220, 280), "HOTEL")])[:, WIDTH:])[:, 1]
    present = np.zeros(HEIGHT, bool)
    present[rows.astype(int)] = True
    assert np.count_nonzero(np.diff(present.astype(int)) == 1) == 5
    narrow = ink(draw(grey, [word(Quad.from_box(180, 20, 220, 100), "il")])[:, WIDTH:])
    present = np.zeros(HEIGHT, bool)
    present[narrow[:, 1].astype(int)] = True
    assert np.count_nonzero(np.diff(present.astype(int)) == 1) <= 2  # the dot of the i, no stack


def test_a_narrow_place_is_no_stack(grey: Picture) -> None:
    letters = ink(draw(grey, [word(Quad.from_box(100, 100, 160, 196), "TEA")])[:, WIDTH:])
    present = np.zeros(HEIGHT, bool)
    present[letters[:, 1].astype(int)] = True
    assert np.count_nonzero(np.diff(present.astype(int)) == 1) == 1


def box() -> np.ndarray:
    return glyph("\ue000").mask


@pytest.mark.parametrize("char", ["\ue000", "\x00", "\ud800", "\U000e0fff"])
def test_what_no_font_has_is_a_box(char: str) -> None:
    assert (glyph(char).mask == box()).all()
    assert box().any()
    assert not np.array_equal(box(), glyph("?").mask)


@pytest.mark.parametrize("text", ["façade", "Grüße", "Żółć", "½€"])
def test_letters_with_accents_are_no_boxes(text: str) -> None:
    assert all(not np.array_equal(glyph(char).mask, box()) for char in text)


@pytest.mark.skipif(not hasattr(cv2, "FontFace"), reason="OpenCV 4 has no built-in fonts")
@pytest.mark.parametrize("text", ["東方明珠", "金龙茶馆", "ひらがな", "한국어", "Ελληνικά", "Привет"])
def test_scripts_of_the_built_in_fonts(text: str) -> None:
    masks = [glyph(char).mask for char in text]
    assert all(mask.any() and not np.array_equal(mask, box()) for mask in masks)
    assert not np.array_equal(masks[0], masks[1])


def test_a_letter_and_its_accent_are_one() -> None:
    assert np.array_equal(text_mask("e\u0301"), text_mask("é"))


@pytest.fixture
def opencv_4(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """OpenCV without built-in fonts, as version 4 is."""
    monkeypatch.delattr(cv2, "FontFace", raising=False)
    glyph.cache_clear()
    yield
    glyph.cache_clear()


def test_letters_without_opencv_5(opencv_4: None, grey: Picture) -> None:
    assert not np.array_equal(glyph("A").mask, box())
    assert np.array_equal(glyph("\ue000").mask, box())
    assert len(ink(draw(grey, [word(turned(20), "Harbour 7")])[:, WIDTH:])) > 200


def test_letters_without_any_font(opencv_4: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(glyphs, "_font_files", tuple)
    assert not np.array_equal(glyph("A").mask, box())  # Pillow's own
    assert np.array_equal(glyph("東").mask, box())


def test_long_texts_end() -> None:
    assert text_mask("W" * 100_000).shape[1] < 3 * 200 * glyphs.EM
    assert text_mask("").size == 0
    assert text_mask(" \t\n").size == 0


coordinates = st.one_of(st.floats(-1e30, 1e30), st.floats(-50, 450), st.integers(0, 400).map(float))
quads = st.lists(st.tuples(coordinates, coordinates), min_size=4, max_size=4)


@settings(max_examples=150, deadline=None)
@given(quads, st.text(max_size=12), st.floats(-1, 2))
def test_any_quad_and_text(corners: list[tuple[float, float]], text: str, confidence: float) -> None:
    picture = np.full((90, 120, 3), 200, np.uint8)
    drawn = draw(picture, [word(Quad(np.array(corners)), text, confidence)])
    assert drawn.shape == (90, 240, 3)
    assert (picture == 200).all()
