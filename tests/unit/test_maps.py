"""Drawings of a detector's maps."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from wordsight import ConfigError, Reader
from wordsight.cli import main
from wordsight.image.maps import draw_maps
from wordsight.types import Detection, Maps, Picture


def test_score_and_angle_are_drawn_where_they_are() -> None:
    score, angle = np.zeros((10, 20), np.float32), np.zeros((10, 20), np.float32)
    score[2:4, 2:6] = score[6:8, 2:6] = 1
    angle[6:8] = np.pi / 2
    picture = np.full((40, 80, 3), 200, np.uint8)
    drawings = draw_maps(picture, Maps(score, angle))
    assert list(drawings) == ["score", "angle"]
    assert all(drawing.shape == picture.shape and drawing.dtype == np.uint8 for drawing in drawings.values())
    assert (picture == 200).all()
    faint = drawings["score"][30, 60]
    assert faint.tolist() == [90, 90, 90]
    red, green, blue = map(int, drawings["score"][12, 14])  # sure: yellow
    assert red > 150 and green > 150 and blue < 90
    level, upright = drawings["angle"][12, 14].astype(int), drawings["angle"][28, 14].astype(int)
    assert level[0] > 150 > level[1:].max()  # level text is red, upright text cyan
    assert upright[1:].min() > 150 > upright[0]
    assert drawings["angle"][20, 14].tolist() == [90, 90, 90]


def test_a_turn_of_180_degrees_changes_no_colour() -> None:
    score = np.ones((8, 8), np.float32)
    picture = np.zeros((32, 32, 3), np.uint8)
    one, other = (draw_maps(picture, Maps(score, np.full((8, 8), a, np.float32)))["angle"] for a in (0.4, 0.4 - np.pi))
    assert np.abs(one.astype(int) - other).max() <= 4


def test_a_network_without_angles_gives_a_score_only(street: Picture) -> None:
    maps = Reader(detector="dbnet", quality="fast").maps(street)
    assert maps.angle is None
    assert 0 <= maps.score.min() < 0.01 < 0.9 < maps.score.max() <= 1
    assert list(draw_maps(street, maps)) == ["score"]


def test_a_detector_without_maps_says_so(street: Picture) -> None:
    class Blind:
        def detect(self, picture: Picture, scale: float | None = None) -> Detection:
            return Detection(np.zeros((0, 4, 2), np.float32), np.zeros(0, np.float32), 1.0)

    with pytest.raises(ConfigError, match="no maps to show"):
        Reader(detector=Blind()).maps(street)


def test_the_command_writes_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, example: Path) -> None:
    words = ["detect", example, example, "--detector", "east", "--width", "320", "--debug-maps", tmp_path / "maps"]
    monkeypatch.setattr(sys, "argv", ["wordsight", *map(str, words)])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code in (0, None)
    names = sorted(path.name for path in (tmp_path / "maps").iterdir())
    assert names == ["street-angle.png", "street-score.png", "street_2-angle.png", "street_2-score.png"]
    with Image.open(tmp_path / "maps" / names[0]) as image:
        assert image.size == (1280, 853)
