"""Contact sheets: many small pictures with their texts on one page, to judge a set by eye."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import cv2
import numpy as np

from wordsight.data.manifest import TrueWord
from wordsight.image.glyphs import text_mask
from wordsight.types import Picture

WIDTH = 1280
_LABEL = 14  # pixels; height of a label's row
_GAP = 6


def word_sheet(pairs: Iterable[tuple[Picture, str]], height: int = 48) -> Picture:
    """Word pictures in rows, each with its text below.

    Args:
        pairs: Pictures (H, W, 3) uint8 RGB and what they say.
        height: To which every picture is resized, pixels.

    Returns:
        (H, 1280, 3) uint8 RGB.
    """
    return _rows(_word_cell(picture, text, height) for picture, text in pairs)


def scene_sheet(pairs: Iterable[tuple[Picture, Iterable[TrueWord]]], height: int = 420) -> Picture:
    """Scenes in rows with their words outlined: red where they count, yellow where they are to be ignored.

    Args:
        pairs: Pictures (H, W, 3) uint8 RGB and their words.
        height: To which every picture is resized, pixels.

    Returns:
        (H, 1280, 3) uint8 RGB.
    """
    return _rows(_scene_cell(picture, words, height) for picture, words in pairs)


def _scene_cell(picture: Picture, words: Iterable[TrueWord], height: int) -> Picture:
    scale = height / picture.shape[0]
    size = (min(WIDTH, max(1, round(picture.shape[1] * scale))), height)
    cell: Picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
    for word in words:
        if word.quad is not None:
            corners = np.round(np.array(word.quad) * (size[0] / picture.shape[1], scale)).astype(np.int32)
            cv2.polylines(cell, [corners], True, (230, 200, 0) if word.ignore else (220, 30, 30), 1, cv2.LINE_AA)
    return cell


def _word_cell(picture: Picture, text: str, height: int) -> Picture:
    label = _label(text)
    width = min(WIDTH, max(1, round(picture.shape[1] * height / picture.shape[0])))
    shown = cv2.resize(picture, (width, height), interpolation=cv2.INTER_LINEAR)
    cell = np.full((height + _LABEL + 2, max(width, label.shape[1]), 3), 255, np.uint8)
    cell[:height, :width] = shown
    cell[height + 2 : height + 2 + label.shape[0], : label.shape[1]] = 255 - label[..., None]
    return cell


def _label(text: str) -> Picture:
    """Coverage (H, W) of a text, as high as a label at most."""
    mask = text_mask(text)
    if not mask.size:
        return np.zeros((1, 1), np.uint8)
    scale = min(_LABEL / 80, WIDTH / mask.shape[1], _LABEL / mask.shape[0])  # 80: from the tallest accent to the tail
    size = max(1, int(mask.shape[1] * scale)), max(1, int(mask.shape[0] * scale))
    return cv2.resize(mask, size, interpolation=cv2.INTER_AREA)  # type: ignore[return-value]


def _rows(cells: Iterable[Picture]) -> Picture:
    lines = [_line(row) for row in _broken(cells)]
    return np.concatenate(lines) if lines else np.full((1, WIDTH, 3), 255, np.uint8)


def _broken(cells: Iterable[Picture]) -> Iterator[list[Picture]]:
    """Cells in rows no wider than the sheet."""
    row: list[Picture] = []
    used = 0
    for cell in cells:
        if row and used + cell.shape[1] > WIDTH:
            yield row
            row, used = [], 0
        row.append(cell)
        used += cell.shape[1] + _GAP
    if row:
        yield row


def _line(row: list[Picture]) -> Picture:
    line = np.full((max(cell.shape[0] for cell in row) + _GAP, WIDTH, 3), 255, np.uint8)
    x = 0
    for cell in row:
        line[: cell.shape[0], x : x + cell.shape[1]] = cell
        x += cell.shape[1] + _GAP
    return line
