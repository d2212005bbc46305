"""Detectors from a user's file: EAST graphs written by hand, and files that only look like one."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from graphdef import block, convolution, east_graph, node
from wordsight import Reader
from wordsight.config import DetectionOptions
from wordsight.detection import graph, own
from wordsight.detection.east import EastDetector
from wordsight.detection.lanms import decode, mean_score
from wordsight.errors import ConfigError, ModelError
from wordsight.stages import StageOptions
from wordsight.types import Picture

SIDES = (8.0, 38.0, 10.0, 26.0)  # top, right, bottom, left
ANGLE = 0.3
LEVEL = 50.0


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "frozen.pb"
    path.write_bytes(east_graph(SIDES, ANGLE, LEVEL))
    return path


@pytest.fixture
def picture() -> Picture:
    """Black, with two white spots of four cells each."""
    made = np.zeros((96, 192, 3), np.uint8)
    made[32:40, 40:48] = 255
    made[64:72, 136:144] = 255
    return made


def create(path: Path, **options: Any) -> Any:
    return own.create(path, StageOptions(detection=DetectionOptions(width=192, height=96, east_model=path, **options)))


def wanted(cells: list[tuple[int, int]]) -> tuple[Any, Any]:
    """What the decoder makes of maps in which these cells (x, y) see text."""
    score = np.zeros((24, 48), np.float32)
    for x, y in cells:
        score[y, x] = 1
    values = np.array([*SIDES, ANGLE], np.float32)
    return decode(score, np.broadcast_to(values[:, None, None], (5, 24, 48)), judge=mean_score)


def test_a_frozen_graph_is_decoded_as_our_own_maps_are(model: Path, picture: Picture) -> None:
    found = create(model).detect(picture)
    cells = [(x, y) for cx, cy in ((10, 8), (34, 16)) for x in (cx, cx + 1) for y in (cy, cy + 1)]
    quads, scores = wanted(cells)
    assert len(found) == len(quads) == 2
    np.testing.assert_allclose(found.quads, quads, atol=1e-3)
    np.testing.assert_allclose(found.scores, scores, atol=1e-3)
    assert found.scale == pytest.approx(1)


def test_the_first_quad_stands_where_the_formula_of_opencv_s_sample_puts_it(model: Path) -> None:
    spot = np.zeros((96, 192, 3), np.uint8)
    spot[40:44, 80:84] = 255  # one cell, (20, 10)
    (quad,) = create(model).detect(spot).quads
    top, right, bottom, left = SIDES
    cos, sin = np.cos(ANGLE), np.sin(ANGLE)
    x, y = 80 + cos * right + sin * bottom, 40 - sin * right + cos * bottom  # bottom right corner
    width, height = right + left, top + bottom
    np.testing.assert_allclose(quad[2], (x, y), atol=1e-3)
    np.testing.assert_allclose(quad[3], (x - cos * width, y + sin * width), atol=1e-3)
    np.testing.assert_allclose(quad[1], (x - sin * height, y - cos * height), atol=1e-3)


def test_the_recipe_s_means_are_subtracted_in_its_order(model: Path) -> None:
    colour = np.zeros((96, 192, 3), np.uint8)
    colour[...] = (0, 0, 255)
    (batch,) = graph.prepare(colour)
    np.testing.assert_allclose(batch[:, 0, 0], (-123.68, -116.78, 255 - 103.94), rtol=1e-6)
    blob = cv2.dnn.blobFromImage(colour[:, :, ::-1], 1.0, (192, 96), (123.68, 116.78, 103.94), swapRB=True, crop=False)
    np.testing.assert_allclose(batch, blob[0], rtol=1e-6)


def test_the_reader_takes_it(model: Path, picture: Picture) -> None:
    page = Reader(east_model=model, width=192, height=96).detect(picture)
    assert len(page.words) == 2
    assert len(Reader(east_model=str(model), detector="east", width=192, height=96).detect(picture).words) == 2
    with pytest.raises(ConfigError, match="takes the place"):
        Reader(east_model=model, detector="none")
    with pytest.raises(ConfigError, match="path of a file"):
        Reader(east_model=7)  # type: ignore[arg-type]


def test_a_graph_that_crashes_opencv_is_a_typed_error(tmp_path: Path) -> None:
    """A node without the first bytes of its graph: OpenCV 5 ends with a segmentation fault, others refuse it."""
    path = tmp_path / "broken.pb"
    path.write_bytes(east_graph(SIDES, ANGLE, LEVEL)[10:])
    with pytest.raises(ModelError, match=r"OpenCV (crashes over|cannot run)|gives maps of"):
        create(path)


@pytest.mark.parametrize("content", [b"", b"no graph at all", b"\x0a\xff\xff\xff\xff\x0f"])
@pytest.mark.parametrize("suffix", [".pb", ".onnx"])
def test_a_file_that_is_no_graph(tmp_path: Path, content: bytes, suffix: str) -> None:
    path = tmp_path / f"no{suffix}"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"OpenCV (crashes over|cannot run)|gives maps of"):
        create(path)


def test_a_graph_with_other_outputs_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.pb"
    kernel, bias = np.zeros((4, 4, 3, 2), np.float32), np.zeros(2, np.float32)
    source = node("input_images", "Placeholder", shape=block(7, b""))
    path.write_bytes(source + convolution("two", "input_images", kernel, bias, 4))
    with pytest.raises(ModelError, match=r"gives maps of 1x2x80x80 .* EAST gives 1x1x80x80"):
        create(path)


def test_a_trial_that_takes_too_long_is_ended(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own, "PATIENCE", 0.01)
    own.attempt.cache_clear()
    start = time.monotonic()
    with pytest.raises(ModelError, match="takes more than"):
        create(model)
    assert time.monotonic() - start < 30
    own.attempt.cache_clear()


def test_files_that_are_not_there_or_have_other_suffixes(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no file"):
        create(tmp_path / "none.pb")
    with pytest.raises(ConfigError, match=r"none of the suffixes \.pb, \.onnx"):
        create(tmp_path / "weights.pth")


def test_calls_from_many_threads_do_not_mix(model: Path, picture: Picture) -> None:
    from concurrent.futures import ThreadPoolExecutor

    detector = create(model)
    assert isinstance(detector, EastDetector)
    shifted = np.roll(picture, 16, axis=1)
    alone = [detector.detect(one).quads for one in (picture, shifted)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda i: detector.detect((picture, shifted)[i % 2]).quads, range(24)))
    for i, quads in enumerate(found):
        np.testing.assert_array_equal(quads, alone[i % 2])
