"""Draws what the detector families see on the example picture: ``python docs/make_detector_pictures.py NAME=FILE ...``.

NAME is ``sliding-window``, ``single-shot``, ``region`` or ``dbnet``, FILE its weights; without FILE those in the
package. Written are ``docs/detector-NAME.jpg``, and for ``region`` also ``docs/detector-mser.jpg``. What EAST sees is
drawn by ``make_pictures.py``.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from make_pictures import MAPS_WIDTH, save

from wordsight import Reader
from wordsight.detection import families, own
from wordsight.detection.region import RegionDetector
from wordsight.detection.sliding_window import CELL, SlidingWindowDetector
from wordsight.detection.text_single_shot import STRIDES, TextSingleShotDetector
from wordsight.examples import example_path
from wordsight.image.load import load
from wordsight.image.maps import draw_maps
from wordsight.image.scale import working_size
from wordsight.models import cards
from wordsight.models.windows import STRIDE, TEXT
from wordsight.stages import StageOptions
from wordsight.types import Floats, Picture

SEEN = (255, 176, 0)
FOUND = (0, 220, 60)


def main(arguments: Sequence[str]) -> None:
    """Write the pictures."""
    picture = load(example_path())
    for argument in arguments:
        name, _, file = argument.partition("=")
        if name == "dbnet":
            maps = Reader(detector=name).maps(picture)
            save(draw_maps(picture, maps)["score"], "detector-dbnet", MAPS_WIDTH)
            continue
        detector = own.create(Path(file) if file else cards.locate(families.CARDS[name]), StageOptions())
        if isinstance(detector, RegionDetector):
            save(drawn(picture, regions(detector, picture), detector), "detector-region", MAPS_WIDTH)
            classic = RegionDetector(**{**parts(detector), "source": "mser"})
            save(drawn(picture, regions(classic, picture), classic), "detector-mser", MAPS_WIDTH)
        elif isinstance(detector, SlidingWindowDetector):
            save(drawn(picture, windows(detector, picture), detector), f"detector-{name}", MAPS_WIDTH)
        elif isinstance(detector, TextSingleShotDetector):
            save(drawn(picture, cells(detector, picture), detector), f"detector-{name}", MAPS_WIDTH)


def parts(detector: RegionDetector) -> dict[str, object]:
    """The attributes of a detector."""
    return {name: getattr(detector, name) for name in detector.__slots__}


def scale_of(detector: object, picture: Picture) -> tuple[tuple[int, int], Floats]:
    """The working size of a detector for a picture, and what its pixels are in the picture's."""
    scale = detector.detect(picture).scale  # type: ignore[attr-defined]
    size = working_size(picture.shape[1], picture.shape[0], scale)
    return size, np.array([picture.shape[1] / size[0], picture.shape[0] / size[1]] * 2, np.float32)


def regions(detector: RegionDetector, picture: Picture) -> Floats:
    """The proposals, (N, 4) left, top, right, bottom."""
    size, stretch = scale_of(detector, picture)
    return detector.propose(picture, size) * stretch


def windows(detector: SlidingWindowDetector, picture: Picture) -> Floats:
    """The text-high middles of the windows that say yes."""
    size, stretch = scale_of(detector, picture)
    boxes = []
    for level in detector.levels(picture, size):
        factor = np.array(size) / (np.array(level.shape[::-1]) * STRIDE)
        rows, columns = np.nonzero(level >= CELL)
        centre = (np.stack([columns, rows], 1) + 0.5) * STRIDE
        boxes.append(np.concatenate([centre - TEXT / 2, centre + TEXT / 2], 1) * np.tile(factor, 2))
    return np.concatenate(boxes) * stretch


def cells(detector: TextSingleShotDetector, picture: Picture) -> Floats:
    """The cells of all grids that say that a word is here."""
    size, stretch = scale_of(detector, picture)
    boxes = []
    for grid, stride in zip(detector.grids(picture, size), STRIDES, strict=False):
        rows, columns = np.nonzero(grid[0] >= detector.min_score)
        corner = np.stack([columns, rows], 1) * stride
        boxes.append(np.concatenate([corner, corner + stride], 1))
    return np.concatenate(boxes) * stretch


def drawn(picture: Picture, seen: Floats, detector: object) -> Picture:
    """The picture with boxes that were looked at, and the words that were made of them."""
    canvas = np.ascontiguousarray(picture // 2 + 64)
    width = max(1, round(picture.shape[1] / 700))
    for left, top, right, bottom in seen.round().astype(int).tolist():
        cv2.rectangle(canvas, (left, top), (right, bottom), SEEN, width)
    for quad in detector.detect(picture).quads:  # type: ignore[attr-defined]
        cv2.polylines(canvas, [quad.round().astype(np.int32)], True, FOUND, 3 * width)
    return canvas


if __name__ == "__main__":
    main(sys.argv[1:])
