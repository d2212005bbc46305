"""Synthesised pictures: their truth is true, and nothing but index, seed and settings decides them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wordsight.data.manifest import TrueWord
from wordsight.data.synth import SynthConfig, colours, damage, scene, scene_sheet, textures, word, word_sheet
from wordsight.data.synth.languages import LANGUAGES
from wordsight.data.synth.words import bend
from wordsight.reader import Reader
from wordsight.rectify.crop import Pyramid

CLEAN = SynthConfig(
    damage=0.0, lexicon=1.0, handwriting=0.0, turned=0.0, chars="abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
)
numbers = st.integers(0, 2**40)
AVAILABLE = ["en", "latin", "ru", "el", "ko", "hi"]


def corners(words: tuple[TrueWord, ...]) -> np.ndarray:
    return np.array([word.quad for word in words], np.float32).reshape(-1, 4, 2)


@settings(max_examples=25)
@given(index=numbers, seed=numbers)
def test_equal_arguments_make_equal_words(index: int, seed: int) -> None:
    picture, text = word(index, seed)
    again, same = word(index, seed)
    assert (picture == again).all()
    assert text == same
    assert picture.dtype == np.uint8
    assert picture.ndim == 3
    assert text == text.strip() != ""


def test_other_numbers_make_other_words() -> None:
    made = [(index, seed) for index in range(8) for seed in range(4)]
    pictures = {word(index, seed)[0].tobytes() for index, seed in made}
    assert len(pictures) == len(made)


def test_the_order_does_not_matter() -> None:
    forwards = [word(index, 5)[0].tobytes() for index in range(12)]
    backwards = [word(index, 5)[0].tobytes() for index in reversed(range(12))]
    assert forwards == backwards[::-1]


@settings(max_examples=12)
@given(
    index=numbers, turned=st.sampled_from([0.0, 0.5, 1.0]), size=st.sampled_from([(256, 256), (640, 360), (320, 700)])
)
def test_quads_of_a_scene(index: int, turned: float, size: tuple[int, int]) -> None:
    config = SynthConfig(turned=turned, scene_size=size, negatives=0.0)
    picture, words = scene(index, 1, config)
    assert picture.shape == (size[1], size[0], 3)
    quads = corners(words)
    assert (quads >= 0).all()
    assert (quads <= size).all()
    for quad, true in zip(quads, words, strict=True):
        assert cv2.isContourConvex(quad)
        assert cv2.contourArea(quad, oriented=True) > 0  # clockwise, for y points down
        assert true.text
        assert " " not in true.text
    for first in range(len(quads)):
        for other in range(first):
            common, _ = cv2.intersectConvexConvex(quads[first], quads[other])
            assert common < 0.35 * min(cv2.contourArea(quads[first]), cv2.contourArea(quads[other]))
    again, same = scene(index, 1, config)
    assert (picture == again).all()
    assert words == same


def test_a_scene_without_text_has_no_words() -> None:
    for index in range(5):
        assert scene(index, 0, SynthConfig(negatives=1.0, scene_size=(160, 160)))[1] == ()


def test_some_scenes_have_no_text() -> None:
    config = SynthConfig(negatives=0.5, scene_size=(96, 96), damage=0.0)
    empty = sum(not scene(index, 0, config)[1] for index in range(40))
    assert 10 < empty < 36


def test_what_a_word_picture_says_can_be_read(reader: Reader) -> None:
    crops = [word(index, 11, CLEAN) for index in range(60)]
    read = reader.recognize([picture for picture, _ in crops])
    right = [found.text.lower() == text.lower() for found, (_, text) in zip(read, crops, strict=True)]
    assert np.mean(right) >= 0.85


def test_what_a_quad_holds_can_be_read(reader: Reader) -> None:
    crops, texts = [], []
    for index in range(6):
        picture, words = scene(index, 12, CLEAN)
        pyramid = Pyramid(picture)
        for true, quad in zip(words, corners(words), strict=True):
            if len(true.text or "") > 2 and np.linalg.norm(quad[3] - quad[0]) > 16:
                crops.append(pyramid.crop(quad, 48))
                texts.append(true.text or "")
    read = reader.recognize(crops)
    right = [found.text.lower() == text.lower() for found, text in zip(read, texts, strict=True)]
    assert len(right) > 20
    assert np.mean(right) >= 0.8


@pytest.mark.parametrize("language", AVAILABLE)
def test_every_language_is_drawn(language: str) -> None:
    if language == "hi" and not _has_font(language):
        pytest.skip("no font with Devanagari is here; .ci/apt-packages.txt names one")
    for index in range(6):
        picture, text = word(index, 1, SynthConfig(languages=(language,)))
        assert min(picture.shape[:2]) >= 4
        assert text


def test_a_line_has_words_with_spaces() -> None:
    texts = [word(index, 1, SynthConfig(lines=1.0))[1] for index in range(12)]
    assert all(text.count(" ") >= 1 for text in texts)


@settings(max_examples=30)
@given(height=st.integers(2, 90), width=st.integers(2, 160), seed=numbers)
def test_a_surface_has_its_size_and_about_its_colour(height: int, width: int, seed: int) -> None:
    colour = np.array([40.0, 120.0, 200.0], np.float32)
    made = textures.surface(height, width, colour, np.random.default_rng(seed))
    assert made.shape == (height, width, 3)
    assert made.dtype == np.float32
    assert np.isfinite(made).all()


def test_textures_lie_around_nought() -> None:
    kinds = (textures.noise, textures.gradient, textures.stripes, textures.bricks, textures.tiles, textures.paper)
    for kind in (*kinds, textures.metal, textures.wood, textures.cloth, textures.spots, textures.plain):
        fields = [kind(60, 90, 7.0, np.random.default_rng(seed)) for seed in range(12)]
        assert all(field.shape == (60, 90) for field in fields)
        assert abs(np.mean(fields)) < 0.45
        assert np.abs(fields).max() < 3


def test_drawn_colours_can_be_told_apart() -> None:
    rng = np.random.default_rng(0)
    pairs = [colours.draw_pair(rng) for _ in range(500)]
    difference = [np.abs(ink - ground).max() for ink, ground in pairs]
    assert np.percentile(difference, 5) > 20
    dark_on_light = np.mean([ink.mean() < ground.mean() for ink, ground in pairs])
    assert 0.35 < dark_on_light < 0.65  # 0.42 in the crops, and dark on light in print


def test_ink_is_found_for_one_ground_and_not_for_all_at_once() -> None:
    rng = np.random.default_rng(0)
    ink = colours.ink_for(np.full((50, 3), 200, np.float32), rng)
    assert ink is not None
    assert np.abs(ink - 200).max() > 30
    every = np.stack(np.meshgrid(*[np.arange(0, 256, 12)] * 3), -1).reshape(-1, 3)
    greys = np.repeat(np.arange(256)[:, None], 3, axis=1)
    assert colours.ink_for(np.concatenate([every, greys]).astype(np.float32), rng) is not None
    assert colours.ink_for(np.zeros((1, 3), np.float32), rng) is not None


@settings(max_examples=25)
@given(radius=st.floats(0.2, 8), length=st.floats(0.2, 12), angle=st.floats(0, 3.2))
def test_blur_keeps_the_light(radius: float, length: float, angle: float) -> None:
    for kernel in (damage.disc(radius), damage.stroke(length, angle)):
        assert kernel.sum() == pytest.approx(1, abs=1e-5)
        assert (kernel >= 0).all()
        assert kernel == pytest.approx(kernel[::-1, ::-1], abs=1e-6)


@settings(max_examples=25)
@given(angle=st.floats(0.05, 1.6), side=st.sampled_from([-1, 1]))
def test_a_bent_bar_is_an_arc(angle: float, side: int) -> None:
    bar = np.ones((20, 200), np.float32)
    bent = bend(bar, angle * side)
    assert bent.sum() == pytest.approx(bar.sum(), rel=0.06)
    top = np.argmax(bent > 0.5, axis=0)
    middle, ends = top[len(top) // 2], (top[2] + top[-3]) / 2
    assert (ends - middle) * side >= -1  # a positive angle lifts the middle


def test_no_damage_changes_no_pixel() -> None:
    picture = np.random.default_rng(0).uniform(0, 255, (20, 30, 3)).astype(np.float32)
    kept = damage.capture(picture, np.random.default_rng(0), 0.0, 20)
    assert (kept == picture.astype(np.uint8)).all()


def test_contact_sheets_hold_every_picture() -> None:
    pairs = [(np.full((20, 300, 3), (7, 90, 200), np.uint8), f"текст {n}") for n in range(9)]
    sheet = word_sheet(pairs, height=20)
    assert sheet.shape[1] == 1280
    assert (sheet == (7, 90, 200)).all(axis=2).sum() == 9 * 20 * 300
    assert word_sheet([]).shape == (1, 1280, 3)
    true = TrueWord(quad=((10, 10), (50, 10), (50, 30), (10, 30)), text="a")
    page = scene_sheet([(np.zeros((100, 100, 3), np.uint8), (true,))], height=100)
    assert page[10, 20, 0] > 150 > 60 > page[10, 20, 1]  # red, softened at its edges


def _has_font(language: str) -> bool:
    from wordsight.data.synth.fonts import FontSet

    return bool(FontSet.find().with_letters(LANGUAGES[language].letters).files)
