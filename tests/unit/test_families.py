"""The other families of detectors by name, and their decoders on maps made by hand, without torch."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from wordsight import registry
from wordsight.data.manifest import Manifest
from wordsight.detection import families, region, sliding_window, text_single_shot
from wordsight.detection.region import Judge
from wordsight.evaluation.protocols import count_boxes
from wordsight.models import cards
from wordsight.models.windows import WINDOW, pyramid
from wordsight.stages import Detector, StageOptions
from wordsight.types import Picture

LEAST = {"region": 0.55, "single-shot": 0.65, "sliding-window": 0.3}
"""F on the example picture that each family reaches with its shipped weights; measured: 0.60, 0.73, 0.35."""


@pytest.mark.parametrize("name", LEAST)
def test_a_family_finds_words_with_its_shipped_weights(name: str, example: Path, street: Picture) -> None:
    assert name in registry.names("detector")
    made = registry.create_detector(name, StageOptions(threads=1))
    assert isinstance(made, Detector)
    sample = Manifest.open(example.parents[1]).samples[0]
    words = [{"quad": quad.tolist()} for quad in made.detect(street).quads]
    assert count_boxes(sample, {"words": words}, with_text=False).f >= LEAST[name]
    assert len(made.detect(np.full((96, 160, 3), 200, np.uint8))) == 0


@pytest.mark.parametrize("name", LEAST)
def test_the_weights_of_a_family_are_small_and_say_what_they_are(name: str) -> None:
    path = cards.locate(families.CARDS[name])
    assert path.stat().st_size <= 8_000_000
    about = json.loads(cards.metadata(path, cards.DETECTOR) or "")
    assert about["head"] == name and 0.3 <= about["threshold"] <= 0.7


def test_windows_part_words_where_their_score_dips() -> None:
    level = np.zeros((24, 40), np.float32)
    level[10:12, 4:30] = 0.95
    level[10:12, 16:18] = 0.7  # between two words: dim, but far above what makes windows say yes
    found, scores = sliding_window.words_of([level])
    spans = sorted((quad[:, 0].min(), quad[:, 0].max()) for quad in found)
    assert len(spans) == 2 and spans[0][1] - spans[1][0] < 16 and (scores > 0.5).all()
    level[10:12, 16:18] = 0.95
    assert len(sliding_window.words_of([level])[0]) == 1


def test_a_single_window_is_believed_less_than_a_run() -> None:
    level = np.zeros((24, 40), np.float32)
    level[4:6, 4:20] = level[16:18, 4:6] = 0.9
    found, scores = sliding_window.words_of([level])
    assert len(found) == 2 and scores[0] > 1.3 * scores[1]
    assert np.ptp(found[0][:, 0]) > np.ptp(found[1][:, 0])


@pytest.mark.parametrize("size", [(1280, 720), (33, 500), (8, 8), (64, 64)])
def test_the_pyramid_goes_down_to_half_a_window(size: tuple[int, int]) -> None:
    sizes = pyramid(*size)
    assert all(side % 4 == 0 and side > 0 for one in sizes for side in one)
    assert all(min(one) >= WINDOW // 2 for one in sizes[1:])
    assert sizes == sorted(sizes, reverse=True)
    assert abs(sizes[0][0] - size[0]) <= 2 and abs(sizes[0][1] - size[1]) <= 2


def test_single_shot_words_are_where_cells_say() -> None:
    sides = [(32, 48), (16, 24), (8, 12)]
    scores = [np.zeros((1, *side), np.float32) for side in sides]
    places = [np.ones((12, *side), np.float32) for side in sides]
    corners = np.array([-40, -10, 40, -10, 40, 10, -40, 10], np.float32)
    for column, score in ((20, 0.6), (21, 0.9)):
        scores[0][0, 10, column] = score
        places[0][:, 10, column] = [40, 10, 40, 10, *corners]
    found, sure = text_single_shot.decode([*scores, *places], 0.3)
    assert [*sure] == pytest.approx([0.9])
    np.testing.assert_allclose(found[0], corners.reshape(4, 2) + np.float32([21.5 * 8, 10.5 * 8]))


def test_regions_are_the_peaks_of_the_score() -> None:
    score, sides = np.zeros((40, 60), np.float32), np.full((4, 40, 60), 8, np.float32)
    score[10, 20], score[10, 21], score[30, 40], score[30, 10] = 0.9, 0.8, 0.5, 0.01
    found = region.proposals(score, sides)
    np.testing.assert_allclose(found, [[74, 34, 90, 50], [154, 114, 170, 130]])


def test_the_judge_keeps_the_surest_of_what_is_the_same_place() -> None:
    first = np.zeros((16 * 48, 128), np.float32)
    first[0, 0] = 1  # the first unit is the first channel at the region's top left
    second = np.zeros((128, 9), np.float32)
    second[0, 0] = 1
    judge = Judge((first, np.zeros((1, 128), np.float32)), (second, np.full((1, 9), 0.1, np.float32)))
    features = np.zeros((16, 32, 64), np.float32)
    features[0, :, 30:] = 5
    boxes = np.array([[10, 10, 50, 30], [12, 10, 52, 30], [160, 60, 200, 90]], np.float32)
    quads, scores = region.judged(features, boxes, judge)
    assert [*scores] == pytest.approx([1 / (1 + np.exp(-5.1)), 1 / (1 + np.exp(-0.1))])
    np.testing.assert_allclose(quads[0], [[164, 63], [204, 63], [204, 93], [164, 93]], rtol=1e-5)
    np.testing.assert_allclose(quads[1], [[14, 12], [54, 12], [54, 32], [14, 32]], rtol=1e-5)
    empty, none = region.judged(features, boxes[:0], judge)
    assert empty.shape == (0, 4, 2) and none.shape == (0,)


@pytest.mark.parametrize("value", [0, 255])
def test_mser_of_a_plain_picture_is_nothing(value: int) -> None:
    assert region.mser(np.full((40, 60, 3), value, np.uint8)).shape == (0, 4)
