from __future__ import annotations

import cv2
import numpy as np
import pytest

from shapes import box, turned
from wordsight import geometry
from wordsight.rectify.crop import Pyramid
from wordsight.types import Floats, Picture


def gradient(height: int = 200, width: int = 300) -> Picture:
    """Red grows to the right, green downwards, so that a pixel tells where it came from."""
    picture = np.zeros((height, width, 3), np.uint8)
    picture[..., 0] = np.linspace(0, 255, width)[None]
    picture[..., 1] = np.linspace(0, 255, height)[:, None]
    return picture


def test_an_upright_quad_is_copied() -> None:
    picture = np.random.default_rng(1).integers(0, 256, (60, 80, 3), np.uint8)
    crop = Pyramid(picture).crop(box(10, 20, 40, 30), 10)
    np.testing.assert_array_equal(crop, picture[20:30, 10:40])


@pytest.mark.parametrize("height", [16, 32, 48])
@pytest.mark.parametrize("degrees", [0, 17, 90, 180, -45])
def test_proportions_are_kept(degrees: float, height: int) -> None:
    quad = turned(box(100, 80, 200, 105), degrees, (150, 92))
    crop = Pyramid(gradient()).crop(quad, height)
    assert crop.dtype == np.uint8
    assert crop.shape == (height, height * 4, 3)


def source(picture: Picture, crop: Picture, quad: Floats) -> float:
    """Mean difference between the corners' surroundings of a crop and the picture's pixels there."""
    height, width = crop.shape[:2]
    matrix = geometry.map_to(quad, width, height)
    inside = np.array([[x, y] for x in (4, width - 5) for y in (4, height - 5)], np.float32)
    places = np.round(geometry.apply(matrix, inside + 0.5) - 0.5).astype(int)
    found = crop[inside[:, 1].astype(int), inside[:, 0].astype(int)].astype(int)
    return float(np.abs(found - picture[places[:, 1], places[:, 0]]).max())


@pytest.mark.parametrize("degrees", [0, 30, 90, 150, 180, -90, -20])
def test_pixels_come_from_where_the_quad_says(degrees: float) -> None:
    picture = gradient()
    quad = turned(box(110, 80, 190, 120), degrees, (150, 100))
    assert source(picture, Pyramid(picture).crop(quad, 40), quad) <= 3


def test_the_first_corner_is_the_crops_top_left() -> None:
    picture = gradient()
    quad = box(50, 50, 150, 90)
    upright, flipped = (Pyramid(picture).crop(q, 40) for q in (quad, geometry.turn(quad[None], 2)[0]))
    difference = np.abs(upright[::-1, ::-1].astype(int) - flipped.astype(int))
    assert difference.mean() < 2


def test_perspective_is_undone() -> None:
    board = np.zeros((80, 160, 3), np.uint8)
    board[::16] = 255
    board[:, ::16] = 255
    quad = np.array([[40, 60], [250, 20], [260, 180], [30, 130]], np.float32)
    matrix = geometry.map_to(quad, 160, 80)
    photo = np.asarray(cv2.warpPerspective(board, matrix, (300, 200), flags=cv2.INTER_LINEAR), np.uint8)
    crop = Pyramid(photo).crop(quad, 80).astype(float)
    again = cv2.resize(board, (crop.shape[1], 80), interpolation=cv2.INTER_AREA).astype(float)
    flat, wanted = crop[8:-8, 8:-8].ravel(), again[8:-8, 8:-8].ravel()
    assert np.corrcoef(flat, wanted)[0, 1] > 0.75


def test_outside_of_the_picture_is_its_border() -> None:
    picture = np.full((40, 60, 3), 7, np.uint8)
    picture[:, 0] = 200
    crop = Pyramid(picture).crop(box(-20, 5, 20, 15), 10)
    assert (crop[:, :20] == 200).all()
    assert (crop[:, 21:] == 7).all()
    assert (Pyramid(picture).crop(box(-90, -90, -50, -80), 10) == 200).all()


def test_large_text_is_averaged_not_sampled() -> None:
    # Columns of black and white, one pixel wide: skipping pixels would show stripes, averaging shows grey.
    stripes = np.zeros((400, 800, 3), np.uint8)
    stripes[:, ::2] = 255
    crop = Pyramid(stripes).crop(box(0, 0, 800, 400), 48)
    assert crop.shape == (48, 96, 3)
    assert 120 <= crop.mean() <= 135
    assert crop.std() < 20


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (3, 5)])
def test_tiny_pictures(size: tuple[int, int]) -> None:
    picture = np.full((*size, 3), 90, np.uint8)
    crop = Pyramid(picture).crop(box(0, 0, size[1], size[0]), 48)
    assert crop.shape[0] == 48
    assert (crop == 90).all()


def test_the_width_has_a_bound() -> None:
    picture = np.zeros((10, 4000, 3), np.uint8)
    assert Pyramid(picture).crop(box(0, 0, 4000, 2), 48).shape == (48, 3200, 3)
    assert Pyramid(picture).crop(box(0, 0, 4000, 2), 48, max_width=100).shape == (48, 100, 3)


def test_degenerate_quads_give_a_crop() -> None:
    pyramid = Pyramid(gradient())
    for quad in (np.full((4, 2), 5, np.float32), box(5, 5, 5, 50), box(5, 5, 50, 5)):
        crop = pyramid.crop(quad, 48)
        assert crop.shape[0] == 48
        assert crop.shape[1] >= 1
