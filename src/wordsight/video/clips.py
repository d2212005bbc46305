"""Video clips with their truth, made to measure on: a camera that moves over a painted scene.

The camera pans, turns, nears and tilts along smooth paths, so words come, go and are cut by the picture's edge. Frames
get the blur of the motion, noise, and what the encoder does to them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from wordsight import geometry
from wordsight.data.synth.backdrops import backdrop
from wordsight.data.synth.damage import stroke
from wordsight.geometry import Matrix
from wordsight.image.glyphs import text_mask
from wordsight.types import Floats, Picture
from wordsight.video.write import open_writer

WORDS = (
    "Bakery", "Station", "Parking", "Museum", "Coffee", "Hotel", "Pharmacy", "Market", "Library", "Garden",
    "Theatre", "Harbour", "Bridge", "Airport", "Taxi", "Bicycle", "Florist", "Butcher", "School", "Hospital",
    "Platform", "Tickets", "Exit", "Open", "Closed", "Danger", "Welcome", "Kitchen", "Printing", "Lottery",
    "Post", "Bank", "Cinema", "Gallery", "Village", "Castle", "Fountain", "Crossing", "Railway", "Repairs",
)  # fmt: skip
ROOM = 1.45
"""Size of the scene over that of a frame."""
OPENING = 0.4
"""Share of the time between two frames for which the shutter is open."""


@dataclass(frozen=True, slots=True)
class ClipConfig:
    """What a clip is like.

    Attributes:
        seed: Equal seeds make equal clips.
        seconds: How long it lasts.
        rate: Frames a second.
        size: Width and height, pixels.
        words: How many stand in the scene.
        speed: How fast the camera moves; 0 stands still.
        noise: Standard deviation of the sensor's noise, grey levels.
    """

    seed: int = 0
    seconds: float = 8.0
    rate: float = 30.0
    size: tuple[int, int] = (1280, 720)
    words: int = 5
    speed: float = 1.0
    noise: float = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class Sign:
    """A word of the scene: its text and its place (4, 2) there, a tenth of its height around its ink."""

    text: str
    quad: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """A scene and the camera's way over it.

    Attributes:
        config: What it was made from.
        scene: (H, W, 3) uint8.
        signs: Its words.
    """

    config: ClipConfig
    scene: Picture
    signs: tuple[Sign, ...]

    def __len__(self) -> int:
        return round(self.config.seconds * self.config.rate)

    def truth(self, number: int) -> list[tuple[str, Floats]]:
        """The words at a frame, each with its place (4, 2); places may lie outside of the frame."""
        to_frame = self._view(number)
        return [(sign.text, geometry.apply(to_frame, sign.quad)) for sign in self.signs]

    def frames(self) -> Iterator[Picture]:
        """The frames, before they are encoded."""
        rng = np.random.default_rng((self.config.seed, 1))
        for number in range(len(self)):
            to_frame = self._view(number)
            picture = cv2.warpPerspective(self.scene, to_frame, self.config.size, flags=cv2.INTER_AREA)
            picture = _blurred(np.asarray(picture, np.uint8), self._shift(number))
            noise = np.empty(picture.shape, np.int16)
            cv2.randn(noise, 0, self.config.noise)  # type: ignore[call-overload]
            noise = np.roll(noise, int(rng.integers(1000)), axis=1)
            yield np.clip(picture + noise, 0, 255).astype(np.uint8)

    def write(self, path: Path) -> None:
        """Encode the clip into a file, by its suffix; see :func:`wordsight.video.write.open_writer`."""
        writer = open_writer(path, self.config.rate, self.config.size)
        try:
            for frame in self.frames():
                writer.write(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
        finally:
            writer.release()

    def _view(self, number: float) -> Matrix:
        """The map from the scene to a frame; numbers between frames are times between them."""
        phase = np.random.default_rng((self.config.seed, 2)).uniform(0, 2 * math.pi, 5)
        at = self.config.speed * number / self.config.rate
        wave = np.sin(phase + at * np.array([0.5, 0.37, 0.6, 0.45, 0.8]))
        width, height = self.config.size
        zoom = 0.95 * 1.2 ** float(wave[2])
        angle = math.radians(7 * float(wave[3]))
        cos, sin = zoom * math.cos(angle), zoom * math.sin(angle)
        centre = ROOM * np.array([width, height]) / 2 + 0.24 * wave[:2] * (width, height)
        to_centre = np.array([[1, 0, -centre[0]], [0, 1, -centre[1]], [0, 0, 1]])
        turned = np.array([[cos, -sin, 0], [sin, cos, 0], [1.2e-4 * float(wave[4]), 0, 1]])
        to_frame: Matrix = np.array([[1, 0, width / 2], [0, 1, height / 2], [0, 0, 1.0]]) @ turned @ to_centre
        return to_frame

    def _shift(self, number: int) -> Floats:
        """How far the middle of the frame moves while the shutter is open, pixels (2,)."""
        middle = np.array([[self.config.size[0] / 2, self.config.size[1] / 2]], np.float32)
        back: Matrix = np.linalg.inv(self._view(number)).astype(np.float64)
        there = geometry.apply(back, middle)
        shift: Floats = (geometry.apply(self._view(number + OPENING), there) - middle)[0]
        return shift


def make_clip(config: ClipConfig) -> Clip:
    """Paint the scene of a clip: words on boards, each in a field of its own, over a backdrop."""
    rng = np.random.default_rng(config.seed)
    width, height = (int(ROOM * side) for side in config.size)
    picture = np.clip(backdrop(height, width, rng), 0, 255).astype(np.uint8)
    columns = math.ceil(math.sqrt(config.words * 1.3))
    rows = math.ceil(config.words / columns)
    fields = rng.permutation(rows * columns)[: config.words]
    texts = rng.choice(WORDS, config.words, replace=config.words > len(WORDS))
    signs = []
    for index, text in zip(fields, texts, strict=True):
        cell = np.array([width / columns, height / rows]) * 0.82
        corner = np.array([width, height]) * 0.09 + cell * (index % columns, index // columns)
        signs.append(_paint(picture, str(text), corner, cell, rng))
    return Clip(config, picture, tuple(signs))


def _paint(
    picture: Picture, text: str, corner: NDArray[np.float64], cell: NDArray[np.float64], rng: np.random.Generator
) -> Sign:
    """Paint a board with a word into a field of the scene."""
    mask = text_mask(text).astype(np.float32) / 255
    high = float(min(rng.uniform(26, 60), 0.75 * cell[0] * mask.shape[0] / mask.shape[1]))
    size = np.array([high * mask.shape[1] / mask.shape[0], high])
    angle = math.radians(rng.uniform(-14, 14))
    centre = corner + cell / 2 + rng.uniform(-0.05, 0.05, 2) * cell
    place = geometry.from_rects(np.array([[*centre, *size, angle]], np.float32))
    board = geometry.grow(place, 0.5, 0.45)
    dark, light = rng.uniform(0, 70, 3), rng.uniform(185, 255, 3)
    ground, ink = (light, dark) if rng.random() < 0.6 else (dark, light)
    cv2.fillConvexPoly(picture, np.round(board[0]).astype(np.int32), ground.tolist(), cv2.LINE_AA)
    to_scene = geometry.map_to(place[0], mask.shape[1], mask.shape[0])
    cover = cv2.warpPerspective(mask, to_scene, picture.shape[1::-1], flags=cv2.INTER_AREA)[..., None]
    picture[:] = np.round(picture + (ink - picture) * cover).astype(np.uint8)
    return Sign(text, geometry.grow(place, 0.1, 0.1)[0])


def _blurred(picture: Picture, shift: Floats) -> Picture:
    length = float(np.hypot(*shift))
    if length < 1:
        return picture
    kernel = stroke(length, math.atan2(float(shift[1]), float(shift[0])))
    return np.asarray(cv2.filter2D(picture, -1, kernel), np.uint8)


def visible(quads: Sequence[Floats], size: tuple[int, int]) -> list[bool]:
    """Whether quads (4, 2) lie wholly in a frame of this width and height."""
    inside = np.array(size, np.float32)
    return [bool(((quad >= 2) & (quad <= inside - 2)).all()) for quad in quads]
