"""Width, height, nms, least score and padding mean what they mean in OpenCV's EAST programs."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from shapes import box, boxes
from wordsight import Reader, geometry
from wordsight.config import DetectionOptions
from wordsight.detection.dbnet import DbDetector
from wordsight.detection.east import EastDetector
from wordsight.detection.lanms import best_of
from wordsight.errors import ConfigError
from wordsight.image.scale import SIZINGS
from wordsight.pipeline import Pipeline
from wordsight.types import Detection, Floats, Picture, Reading


class Watched:
    """A network that sees nothing and notes the sizes of what it is shown."""

    def __init__(self, channels: tuple[int, ...], stride: int) -> None:
        self.sizes: list[tuple[int, int]] = []
        self.channels, self.stride = channels, stride

    def run(self, batch: Floats, then: Any) -> Any:
        height, width = batch.shape[2:]
        self.sizes.append((width, height))
        down, across = height // self.stride, width // self.stride
        return then([np.zeros((1, count, down, across), np.float32) for count in self.channels])


@pytest.mark.parametrize(
    ("width", "height", "size"),
    [
        (320, 320, (320, 320)),
        (330, 310, (320, 320)),
        (500, None, (512, 256)),
        (None, 100, (192, 96)),
        (16, 16, (32, 32)),
    ],
)
@pytest.mark.parametrize("kind", ["east", "dbnet"])
def test_the_working_size_is_the_one_asked_for(
    width: int | None, height: int | None, size: tuple[int, int], kind: str
) -> None:
    network = Watched((1, 5), 4) if kind == "east" else Watched((1,), 1)
    sizing = SIZINGS["fast"].of(DetectionOptions(width, height))
    detector = EastDetector(network, sizing) if kind == "east" else DbDetector(network, sizing=sizing)
    found = detector.detect(np.zeros((400, 800, 3), np.uint8))
    assert network.sizes == [size]
    assert found.scale == pytest.approx((size[0] * size[1] / 320_000) ** 0.5)


def test_places_are_told_in_the_picture_s_own_pixels_however_it_was_stretched() -> None:
    picture = np.full((300, 600, 3), 255, np.uint8)
    cv2.putText(picture, "STATION", (100, 180), cv2.FONT_HERSHEY_SIMPLEX, 3, (0, 0, 0), 8)
    free = Reader(detector="dbnet").detect(picture).words[0].quad
    squeezed = Reader(detector="dbnet", width=320, height=320).detect(picture).words[0].quad
    assert np.abs(free.points - squeezed.points).max() < 32


@pytest.mark.parametrize(("nms", "left"), [(0.0, 1), (0.3, 1), (0.34, 2), (0.9, 2)])
def test_nms_is_that_of_opencv(nms: float, left: int) -> None:
    quads = boxes((0, 0, 100, 20), (50, 0, 150, 20), (10, 5, 20, 15))  # IoU 1/3; the third lies inside the first
    scores = np.array([0.9, 0.8, 0.7], np.float32)
    rects = [cv2.minAreaRect(quad) for quad in quads]
    kept, _ = best_of(quads, scores, scores, nms)
    np.testing.assert_array_equal(kept, quads[np.ravel(cv2.dnn.NMSBoxesRotated(rects, scores.tolist(), 0.1, nms))])
    assert len(kept) == left


def test_without_nms_fragments_go() -> None:
    quads = boxes((0, 0, 100, 20), (90, 0, 120, 20))
    scores = np.array([0.9, 0.8], np.float32)
    assert len(best_of(quads, scores, scores, None)[0]) == 1
    assert len(best_of(quads, scores, scores, 0.2)[0]) == 2


def test_a_lower_score_finds_more(street: Picture) -> None:
    counts = [len(Reader(detector="east", min_score=score).detect(street).words) for score in (0.5, 0.9, 0.99)]
    assert counts[0] > counts[1] > counts[2]
    words = Reader(detector="east", min_score=0.5).detect(street).words
    assert 0.5 <= min(word.detection_score for word in words) < 0.9


class OneBox:
    """Finds one text."""

    def detect(self, picture: Picture, scale: float | None = None) -> Detection:
        return Detection(box(40, 40, 140, 60)[None], np.ones(1, np.float32), 1.0)


class Sizes:
    """Reads nothing and notes the crops' proportions."""

    def __init__(self) -> None:
        self.shapes: list[float] = []

    def recognize(self, crops: Any) -> list[Reading]:
        self.shapes += [crop.shape[1] / crop.shape[0] for crop in crops]
        return [Reading((), 0.0) for _ in crops]


@pytest.mark.parametrize(
    ("padding", "width", "height"), [(None, 102, 22), (0.0, 100, 20), (0.1, 120, 24), (0.5, 200, 40)]
)
def test_padding_is_a_share_of_width_and_height(padding: float | None, width: float, height: float) -> None:
    seen = Sizes()
    reader = Reader(detector=OneBox(), recognizer=seen, padding=padding)
    reader.read(np.zeros((100, 200, 3), np.uint8))
    assert seen.shapes[0] == pytest.approx(width / height, rel=0.03)


def test_each_text_has_its_own_margin() -> None:
    quads = boxes((0, 0, 100, 20), (0, 0, 40, 40))
    pipeline = Pipeline(OneBox(), Sizes(), 0.3, 0.1)
    grown = geometry.grow(quads, pipeline._ends(quads), 0.1)
    np.testing.assert_allclose(grown, boxes((-10, -2, 110, 22), (-4, -4, 44, 44)), atol=1e-4)


@pytest.mark.parametrize("bad", [{"width": 8}, {"height": 0.5}, {"nms": 1.5}, {"min_score": -0.1}, {"padding": 2}])
def test_numbers_out_of_bounds_are_refused(bad: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=next(iter(bad))):
        Reader(**bad)  # type: ignore[arg-type]
