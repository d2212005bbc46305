"""The choice between words and lines by a picture's look."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from wordsight import Reader
from wordsight.data.manifest import Manifest
from wordsight.detection import auto
from wordsight.detection.auto import is_page
from wordsight.detection.east import DOUBTFUL
from wordsight.image.load import load
from wordsight.image.turn import rotate
from wordsight.stages import StageOptions
from wordsight.types import Picture, Quad


def page(paper: tuple[int, int, int], ink: tuple[int, int, int], size: tuple[int, int] = (800, 600)) -> Picture:
    """Lines of print on paper."""
    made = np.full((*size, 3), paper, np.uint8)
    for row in range(60, size[0] - 40, 26):
        cv2.putText(made, "The quick brown fox jumps over it", (40, row), cv2.FONT_HERSHEY_SIMPLEX, 0.8, ink, 2)
    return made


@pytest.mark.parametrize(
    ("paper", "ink"), [((255, 255, 255), (0, 0, 0)), ((240, 232, 205), (90, 30, 20)), ((30, 32, 38), (210, 210, 210))]
)
def test_print_is_a_page_whatever_its_colours(paper: tuple[int, int, int], ink: tuple[int, int, int]) -> None:
    assert is_page(page(paper, ink))
    assert is_page(page(paper, ink, (2400, 1700)))


def test_a_page_in_uneven_light_is_still_one() -> None:
    light = np.linspace(0.86, 1.0, 600)[None, :, None]
    noise = np.random.default_rng(0).normal(0, 4, (800, 600, 3))
    assert is_page((page((250, 250, 245), (20, 20, 20)) * light + noise).clip(0, 255).astype(np.uint8))


def test_the_drawn_street_is_a_photograph(street: Picture) -> None:
    assert not is_page(street)


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 4000, 3), (5000, 2, 3)])
def test_odd_shapes(shape: tuple[int, int, int]) -> None:
    assert is_page(np.full(shape, 255, np.uint8))


def test_auto_gives_words_of_a_photograph_and_lines_of_a_page(street: Picture) -> None:
    chosen, words, lines = (Reader(detector=name) for name in ("auto", "east", "dbnet"))
    printed = page((255, 255, 255), (0, 0, 0))
    assert quads(chosen, printed) == quads(lines, printed) != []
    small = np.ascontiguousarray(street[::2, ::2])
    assert quads(chosen, small) == quads(lines, small) != []
    found, whole = quads(chosen, street), quads(words, street)
    assert sum(quad in found for quad in whole) >= 0.5 * len(whole)  # the others were cut or doubted, and are mended
    sure = [word.quad for word in words.detect(street).words if word.detection_score >= DOUBTFUL]
    assert sum(quad in found for quad in sure) >= 0.6 * len(sure)


def test_many_words_are_a_page_whatever_its_ground() -> None:
    light = np.linspace(0.35, 1.0, 1200)[None, :, None]
    shaded = (page((255, 255, 255), (0, 0, 0), (1100, 600)).repeat(2, axis=1) * light).astype(np.uint8)
    assert not is_page(shaded)
    many = np.concatenate([shaded, page((120, 130, 125), (20, 20, 20), (1100, 600))], axis=1)
    assert not is_page(many)
    assert quads(Reader(), many) == quads(Reader(detector="dbnet"), many) != []


def test_at_best_a_photograph_is_given_to_both(street: Picture) -> None:
    found = auto.create(StageOptions(quality="best")).detect(street)
    lines = auto.create(StageOptions(quality="best")).lines().detect(street)
    assert found.rival is not None
    np.testing.assert_array_equal(found.rival.quads, lines.quads)
    assert auto.create(StageOptions()).detect(street).rival is None


def quads(reader: Reader, picture: Picture) -> list[Quad]:
    return [word.quad for word in reader.detect(picture).words]


def test_only_the_chosen_network_is_made() -> None:
    detector = auto.create(StageOptions())
    assert isinstance(detector, auto.AutoDetector)
    detector.detect(page((255, 255, 255), (0, 0, 0), (200, 300)))
    assert len(detector.lines._made) == 1
    assert detector.words._made == []


def test_real_sets(shared_data) -> None:  # type: ignore[no-untyped-def]
    counts = {}
    for name in ("icdar2015_train", "msra_td500_train", "sroie", "funsd_train", "tess_pages"):
        samples = Manifest.open(shared_data / name).choose(20, 5)
        counts[name] = sum(is_page(load(sample.path)) for sample in samples) / len(samples)
    assert counts["icdar2015_train"] <= 0.05
    assert counts["msra_td500_train"] <= 0.1
    assert min(counts[name] for name in ("sroie", "funsd_train", "tess_pages")) >= 0.9


@pytest.mark.parametrize("angle", [30, 45, 60, 200])
def test_a_turned_photograph_is_no_screen(street: Picture, angle: float) -> None:
    assert not is_page(rotate(street, angle)[0])


def test_a_picture_of_one_grey_is_a_screen() -> None:
    assert is_page(np.full((300, 400, 3), 40, np.uint8))
