"""Views: picture and quads move together, and the same seed gives the same view."""

from __future__ import annotations

import numpy as np
import pytest

from wordsight import geometry
from wordsight.data.augment import ViewConfig, damage, move, random_view, recolour, warp


def marked(seed: int = 0):
    """A grey picture with one white block, and the block's quad."""
    picture = np.full((300, 400, 3), 90, np.uint8)
    picture[120:160, 180:260] = 255
    quad = np.float32([[[180, 120], [260, 120], [260, 160], [180, 160]]])
    return picture, quad, np.random.default_rng(seed)


def block(view):
    """Smallest box around the bright pixels: left, top, right, bottom."""
    ys, xs = np.nonzero(view[..., 0] > 200)
    return xs.min(), ys.min(), xs.max() + 1, ys.max() + 1


@pytest.mark.parametrize(
    "matrix",
    [
        [[1, 0, 0], [0, 1, 0]],
        [[1, 0, -100.0], [0, 1, -60.0]],
        [[0, -1, 300.0], [1, 0, -100.0]],
        [[0.5, 0, 10.0], [0, 0.5, 20.0]],
        [[2, 0, -250.0], [0, 2, -200.0]],
        [[-1, 0, 300.0], [0, -1, 200.0]],
    ],
)
def test_pixels_and_quads_go_to_the_same_place(matrix):
    picture, quad, _ = marked()
    matrix = np.float32(matrix)
    moved = move(quad, matrix)[0]
    found = block(warp(picture, matrix, 320))
    np.testing.assert_allclose(found, [*moved.min(0), *moved.max(0)], atol=1.01)


def test_a_view_centred_on_a_word_shows_it_where_the_quad_says():
    picture, quad, rng = marked(3)
    config = ViewConfig(size=256, scale=(0.8, 1.2), turned=0, tilt=0, focus=1, damage=0)
    for _ in range(20):
        view, moved = random_view(picture, quad, quad, config, rng)
        left, top = np.ceil(moved[0].min(0)).clip(0, 255).astype(int) + 2
        right, bottom = np.floor(moved[0].max(0)).clip(0, 255).astype(int) - 2
        inner = view[top:bottom, left:right].reshape(-1, 3)
        assert view.shape == (256, 256, 3) and view.dtype == np.uint8
        if len(inner):
            assert inner.std(axis=0).max() < 4  # one colour: nothing but the block


def test_a_fitted_view_brings_its_word_to_the_size_asked_for():
    picture, quad, rng = marked(1)
    config = ViewConfig(size=256, scale=(3, 3), aspect=0, turned=0.5, focus=1, fitted=(12, 20))
    heights = [geometry.sides(random_view(picture, quad, quad, config, rng)[1])[1].item() for _ in range(40)]
    assert 12 <= min(heights) < 13.5 and 18.5 < max(heights) <= 20.001
    elsewhere = ViewConfig(size=256, scale=(3, 3), aspect=0, focus=0, fitted=(12, 20))
    _, moved = random_view(picture, quad, quad, elsewhere, rng)
    assert geometry.sides(moved)[1].item() == pytest.approx(120, rel=1e-4)  # a view of any part keeps its zoom


def test_turned_views_use_all_directions():
    picture, quad, rng = marked()
    config = ViewConfig(turned=1, damage=0)
    angles = []
    for _ in range(200):
        edge = np.diff(random_view(picture, quad, quad, config, rng)[1][0, :2], axis=0)[0]
        angles.append(np.degrees(np.arctan2(edge[1], edge[0])))
    assert np.histogram(angles, bins=8, range=(-180, 180))[0].min() >= 8


def test_the_same_seed_gives_the_same_view_and_another_seed_another():
    views = []
    for seed in (5, 5, 6):
        picture, quad, rng = marked(seed)
        views.append(random_view(picture, quad, quad, ViewConfig(damage=1), rng))
    np.testing.assert_array_equal(views[0][0], views[1][0])
    np.testing.assert_array_equal(views[0][1], views[1][1])
    assert (views[0][0] != views[2][0]).any()


def test_a_picture_without_words_and_one_pixel_high_has_views():
    rng = np.random.default_rng(0)
    nothing = np.zeros((0, 4, 2), np.float32)
    for shape in ((1, 700, 3), (700, 1, 3), (2, 2, 3)):
        view, moved = random_view(np.zeros(shape, np.uint8), nothing, nothing, ViewConfig(size=64), rng)
        assert view.shape == (64, 64, 3) and moved.shape == (0, 4, 2)


def test_colour_and_damage_keep_shape_and_type_and_change_the_picture():
    picture, _, rng = marked()
    picture = np.random.default_rng(1).integers(0, 256, picture.shape).astype(np.uint8)
    for changed in (recolour(picture, rng), damage(picture, 1.0, rng)):
        assert changed.shape == picture.shape and changed.dtype == np.uint8
        assert (changed != picture).mean() > 0.2
    np.testing.assert_array_equal(damage(picture, 0.0, rng), picture)


@pytest.mark.parametrize("bad", [{"size": 100}, {"scale": (2.0, 1.0)}, {"scale": (0.0, 1.0)}, {"turned": 1.5}])
def test_impossible_settings_are_refused(bad):
    with pytest.raises(ValueError, match=r"multiple of 32|above 0|from 0 to 1"):
        ViewConfig(**bad)
