"""Scenes: pictures with words on surfaces, near and far, at any angle, and where each word stands."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from wordsight.data.manifest import TrueWord
from wordsight.data.synth import boards, colours, damage, paint
from wordsight.data.synth.backdrops import backdrop
from wordsight.data.synth.boards import Text
from wordsight.data.synth.config import SynthConfig
from wordsight.data.synth.studio import Studio, open_studio
from wordsight.types import Floats, Picture

_DEFAULT = SynthConfig()
_LETTERS = (9.0, 170.0)  # pixels; smallest and largest capitals, drawn so that halving is as likely as doubling
_READABLE = 8.0  # pixels; smaller words are marked "ignore"
_ON_BOARDS = 0.65  # share of texts that bring their own ground
_PLACES = 12  # tries to find room for a board
_EDGE = 1.0  # pixels that a quad keeps from the picture's edge


@dataclass(frozen=True, slots=True)
class _Placed:
    """A text that has found room: the map from its pixels to the scene's.

    Its board is ``border`` pixels larger on every side; 0 means that it stands straight on what is there.
    """

    text: Text
    matrix: Floats
    border: int


def scene(index: int, seed: int = 0, config: SynthConfig = _DEFAULT) -> tuple[Picture, tuple[TrueWord, ...]]:
    """A picture with words, and the words.

    Args:
        index: Number of the scene, 0 or more; each number is another scene, whoever asks and in whatever order.
        seed: Number of the series, 0 or more.
        config: What to make.

    Returns:
        (H, W, 3) uint8 RGB of ``config.scene_size``, and its words with quads inside the picture. Words less than 8
        pixels high are marked "ignore".

    Raises:
        ConfigError: There is no font or no text for what is asked.
        MissingExtra: A package that synthesis needs is not installed.
    """
    studio = open_studio(config)
    # Another number than for words, so that picture and scene of one index have nothing in common.
    rng = np.random.default_rng((seed, index, 1))
    width, height = config.scene_size
    picture = backdrop(height, width, rng)
    words: list[TrueWord] = []
    if rng.random() >= config.negatives:
        taken = np.zeros((height // 4 + 1, width // 4 + 1), np.uint8)
        for _ in range(1 + rng.poisson(4.0)):
            placed = _find_place(studio, taken, config, rng)
            if placed is not None:
                _put(picture, placed, rng)
                words.extend(_truth(placed))
    picture = damage.light(picture, rng)
    letters = min((_height(word) for word in words if not word.ignore), default=20.0)
    return damage.capture(picture, rng, config.damage, letters), tuple(words)


def _find_place(
    studio: Studio, taken: NDArray[np.uint8], config: SynthConfig, rng: np.random.Generator
) -> _Placed | None:
    """Set a text and find a free place for it; ``taken`` (a quarter of the scene's size) is updated."""
    width, height = config.scene_size
    low, high = _LETTERS[0], min(_LETTERS[1], height / 3)
    letters = math.exp(rng.uniform(math.log(low), math.log(high)))
    room = int(width * rng.uniform(0.25, 0.9)), int(height * rng.uniform(0.15, 0.8))
    text = boards.set_text(studio, letters, room, rng)
    if text is None:
        return None
    tall, wide = text.mask.shape
    border = max(2, int(text.height * rng.uniform(0.25, 1.3))) if rng.random() < _ON_BOARDS else 0
    margin = border + 0.3 * text.height
    flat = np.array([[0, 0], [wide, 0], [wide, tall], [0, tall]], np.float32)
    around = flat + np.array([[-margin, -margin], [margin, -margin], [margin, margin], [-margin, margin]])
    for _ in range(_PLACES):
        corners = _seen(flat, config, rng)
        matrix = cv2.getPerspectiveTransform(flat, corners.astype(np.float32))
        outer = cv2.perspectiveTransform(around[None].astype(np.float32), matrix)[0]
        span = outer.max(axis=0) - outer.min(axis=0)
        free = np.array([width, height]) - span - 2 * _EDGE
        if (free <= 0).any():
            continue
        shift = _EDGE - outer.min(axis=0) + rng.uniform((0, 0), free)
        outline = [np.round((outer + shift) / 4).astype(np.int32)]
        shape = np.zeros_like(taken)
        cv2.fillPoly(shape, outline, 1)
        if not (shape & taken).any():
            cv2.fillPoly(taken, outline, 1)
            move = np.array([[1, 0, shift[0]], [0, 1, shift[1]], [0, 0, 1]])
            return _Placed(text, (move @ matrix).astype(np.float32), border)
    return None


def _seen(flat: Floats, config: SynthConfig, rng: np.random.Generator) -> Floats:
    """Corners of a flat piece that is turned, sheared and seen from aside, around (0, 0)."""
    share = rng.random()
    if share < config.turned:
        angle = rng.uniform(0, 2 * math.pi)
    else:
        angle = math.radians(rng.normal(0, 15 if share < 2.5 * config.turned else 3))
    corners = (flat - flat.mean(axis=0)).astype(np.float64)
    corners[:, 0] *= math.exp(rng.normal(-0.05, 0.15))
    corners[:, 0] += corners[:, 1] * rng.normal(0, 0.08)
    depth = float(np.clip(rng.normal(0, 0.1), -0.3, 0.3))
    corners[:, 1] *= 1 + np.array([-1, 1, 1, -1]) * depth
    if rng.random() < 0.3:
        corners[:, 0] *= 1 + np.array([-1, -1, 1, 1]) * np.clip(rng.normal(0, 0.06), -0.2, 0.2)
    cos, sin = math.cos(angle), math.sin(angle)
    seen: Floats = (corners @ np.array([[cos, sin], [-sin, cos]])).astype(np.float32)
    return seen


def _put(picture: Floats, placed: _Placed, rng: np.random.Generator) -> None:
    """Paint a text into the scene: on a board of its own, or straight on what is there if it stands out from that."""
    if placed.border or not _put_bare(picture, placed, rng):
        _put_board(picture, placed, rng)


def _put_bare(picture: Floats, placed: _Placed, rng: np.random.Generator) -> bool:
    """Paint letters on what is there; False where no colour is seen well everywhere."""
    room = int(placed.text.height / 4)
    top, left, bottom, right = _bounds(placed.text.mask.shape, placed.matrix, picture, room)
    size = (right - left, bottom - top)
    mask = cv2.warpPerspective(placed.text.mask, _centred(placed.matrix, left, top), size, flags=cv2.INTER_AREA)
    region = picture[top:bottom, left:right]
    ground = region[mask > 0.5]
    ink = colours.ink_for(ground[:: len(ground) // 2000 + 1], rng) if len(ground) else None
    if ink is not None:
        region[:] = paint.inscribe(region, mask, ink, rng, placed.text.height)  # type: ignore[arg-type]
    return ink is not None


def _put_board(picture: Floats, placed: _Placed, rng: np.random.Generator) -> None:
    """Paint a text with its ground; at least as much ground as keeps the letters whole."""
    border = placed.border or max(2, int(0.15 * placed.text.height))
    flat = boards.board(placed.text, border, rng)
    matrix = placed.matrix @ np.array([[1, 0, -border], [0, 1, -border], [0, 0, 1]])
    top, left, bottom, right = _bounds(flat.shape, matrix, picture)
    local, size = _centred(matrix, left, top), (right - left, bottom - top)
    seen = cv2.warpPerspective(flat, local, size, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)
    covers = cv2.warpPerspective(np.ones(flat.shape[:2], np.float32), local, size)
    region = picture[top:bottom, left:right]
    region[:] = paint.blend(region, covers, seen)  # type: ignore[arg-type]


def _bounds(shape: tuple[int, ...], matrix: Floats, picture: Floats, room: int = 1) -> tuple[int, int, int, int]:
    """Top, left, bottom, right of the part of the scene that a flat piece covers."""
    height, width = shape[:2]
    flat = np.array([[[0, 0], [width, 0], [width, height], [0, height]]], np.float32)
    corners = cv2.perspectiveTransform(flat, matrix)[0]
    left, top = np.clip(np.floor(corners.min(axis=0)) - room, 0, (picture.shape[1] - 2, picture.shape[0] - 2))
    right, bottom = np.clip(np.ceil(corners.max(axis=0)) + room, (left + 1, top + 1), picture.shape[1::-1])
    return int(top), int(left), int(bottom), int(right)


def _centred(matrix: Floats, left: int, top: int) -> Floats:
    """The map for OpenCV, which counts from pixel centres, into the part that starts at (left, top)."""
    before = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    after = np.array([[1, 0, -left - 0.5], [0, 1, -top - 0.5], [0, 0, 1]])
    moved: Floats = after @ matrix @ before
    return moved


def _truth(placed: _Placed) -> list[TrueWord]:
    """The words of a text as they stand in the scene."""
    words = []
    for text, box in placed.text.words:
        corners = cv2.perspectiveTransform(boards.padded(box)[None], placed.matrix)[0]
        quad = tuple((round(float(x), 2), round(float(y), 2)) for x, y in corners)
        word = TrueWord(quad=quad, text=text)
        words.append(word if _height(word) >= _READABLE else TrueWord(quad=quad, text=text, ignore=True))
    return words


def _height(word: TrueWord) -> float:
    """Mean length of a word's left and right side, pixels."""
    corners = np.array(word.quad)
    return float((np.linalg.norm(corners[3] - corners[0]) + np.linalg.norm(corners[2] - corners[1])) / 2)
