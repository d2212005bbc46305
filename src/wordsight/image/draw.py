"""The picture with what was read in it."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from wordsight.image.glyphs import Mask, text_mask
from wordsight.types import Floats, Line, Picture, Quad, Word

# Okabe and Ito's vermilion, orange and blue: told apart by every kind of colour vision, and in grey too.
# M. Okabe, K. Ito: Color Universal Design, 2008.
COLOURS = np.array([[213, 94, 0], [230, 159, 0], [0, 114, 178]], np.float64)
AT = np.array([0.0, 0.6, 1.0])
LINE_COLOUR = (120, 120, 120)
INK = np.array([16, 18, 24], np.float32)
FAINT = 0.16  # how much of the picture shows through the panel
TINT = 0.16  # how strongly a word's place is tinted there
NARROWEST, WIDEST = 0.6, 1.3  # how much letters are squeezed or spread to fill their place
SQUAT = 0.7  # letters below each other are at least this high for their width; other tall places are just narrow
MARGIN = 0.08  # of a word's height, left free around its letters
SHIFT = 4  # bits of a pixel's fraction in OpenCV's drawing functions


def draw(picture: Picture, words: Sequence[Word], lines: Sequence[Line] = (), *, text: bool = True) -> Picture:
    """The picture with each word's quad outlined, and beside it a panel that shows what was read.

    The colour tells the confidence: blue is sure, orange half sure, vermilion a guess. In the panel every word stands
    in its own place, at its own angle and size; letters that no font has are crossed boxes (see
    :mod:`wordsight.image.glyphs` for the fonts and their licences).

    Args:
        picture: (height, width, 3) uint8, RGB; left as it is.
        words: What to show; words without text get an outline only.
        lines: Their outlines are drawn thin and grey, below the words'.
        text: Whether the panel is wanted.

    Returns:
        A new picture: (height, width, 3) without the panel; with it (height, 2 * width, 3), the panel at the right, or,
        where the picture is more than twice as wide as high, (2 * height, width, 3), the panel below.
    """
    left = picture.copy()
    _outline(left, words, lines, cased=True)
    if not text:
        return left
    panel = _faint(picture)
    _tint(panel, words)
    _outline(panel, words, (), cased=False)
    for word in words:
        _write(panel, word)
    return np.concatenate([left, panel], axis=0 if picture.shape[1] > 2 * picture.shape[0] else 1)


def confidence_colour(confidence: float) -> tuple[int, int, int]:
    """RGB of a confidence in 0..1; what lies outside counts as the nearer end."""
    red, green, blue = (round(float(np.interp(confidence, AT, COLOURS[:, i]))) for i in range(3))
    return red, green, blue


def _outline(picture: Picture, words: Sequence[Word], lines: Sequence[Line], cased: bool) -> None:
    base = max(2, round(min(picture.shape[:2]) / 450))
    for line in lines:
        cv2.polylines(picture, [_points(line.quad, picture)], True, LINE_COLOUR, 1, cv2.LINE_AA, SHIFT)
    for word in words:
        points = _points(word.quad, picture)
        height = min(_size(word.quad))
        width = base if height >= 20 else 1  # a thick outline would hide small text,
        if cased and height >= 24:  # and so would its white edge, which parts it from the picture
            cv2.polylines(picture, [points], True, (255, 255, 255), width + 2, cv2.LINE_AA, SHIFT)
        cv2.polylines(picture, [points], True, confidence_colour(word.confidence), width, cv2.LINE_AA, SHIFT)


def _faint(picture: Picture) -> Picture:
    """The picture in pale grey."""
    pale = cv2.LUT(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), (255 - np.arange(255, -1, -1) * FAINT).astype(np.uint8))
    return np.asarray(cv2.cvtColor(pale, cv2.COLOR_GRAY2RGB), np.uint8)


def _tint(panel: Picture, words: Sequence[Word]) -> None:
    layer = panel.copy()
    for word in words:
        colour = confidence_colour(word.confidence)
        cv2.fillPoly(layer, [_points(word.quad, panel)], colour, cv2.LINE_AA, SHIFT)
    cv2.addWeighted(layer, TINT, panel, 1 - TINT, 0, dst=panel)


def _points(quad: Quad, picture: Picture) -> NDArray[np.int32]:
    """Corners for OpenCV, (4, 2), kept near the picture so that no far-off corner overflows its integers."""
    reach = 2 * max(picture.shape[:2])
    # OpenCV counts from the middle of the first pixel, a quad from its corner.
    points: NDArray[np.int32] = np.round((np.clip(quad.points, -reach, 2 * reach) - 0.5) * 2**SHIFT).astype(np.int32)
    return points


def _size(quad: Quad) -> tuple[float, float]:
    """Mean width and height of a quad along its own text."""
    p = quad.points.astype(np.float64)
    width = (np.linalg.norm(p[1] - p[0]) + np.linalg.norm(p[2] - p[3])) / 2
    height = (np.linalg.norm(p[3] - p[0]) + np.linalg.norm(p[2] - p[1])) / 2
    return float(width), float(height)


def _write(panel: Picture, word: Word) -> None:
    """Write a word into its quad."""
    reach = 2 * max(panel.shape[:2])
    corners = np.clip(word.quad.points, -reach, 2 * reach)
    width, height = _size(Quad(corners))
    left, top = np.maximum(np.floor(corners.min(axis=0)).astype(int), 0)
    right, bottom = np.minimum(np.ceil(corners.max(axis=0)).astype(int), [panel.shape[1], panel.shape[0]])
    letters = _arranged(word.text, width, height)
    if not letters.size or min(width, height) < 2 or right <= left or bottom <= top or not _is_convex(corners):
        return
    rectangle = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    to_quad = cv2.getPerspectiveTransform(rectangle, (corners - [left, top]).astype(np.float32))
    reduced, to_rectangle = _fit(letters, width, height)
    # Warping counts from the middle of the first pixel, quads from its corner.
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    transform = np.linalg.inv(half) @ to_quad @ to_rectangle @ half
    cover = cv2.warpPerspective(reduced, transform, (int(right - left), int(bottom - top))).astype(np.float32) / 255
    area = panel[top:bottom, left:right]
    area[:] = np.round(area + (INK - area) * cover[..., None]).astype(np.uint8)


def _arranged(text: str, width: float, height: float) -> Mask:
    """The letters side by side, or below each other where that comes nearer to the shape of their place."""
    row = text_mask(text)
    if len(text) < 2 or height <= max(1.0, SQUAT * len(text)) * width or not row.size:
        return row
    column = text_mask(text, stacked=True)
    wanted = np.log(height / max(width, 1e-3))
    misfit_row = abs(np.log(row.shape[0] / row.shape[1]) - wanted)
    return column if abs(np.log(column.shape[0] / column.shape[1]) - wanted) < misfit_row else row


def _fit(letters: Mask, width: float, height: float) -> tuple[Mask, NDArray[np.float64]]:
    """Letters at about the size they will have, and the (3, 3) map from them to the middle of a rectangle."""
    free = 1 - 2 * MARGIN
    scale_x, scale_y = free * width / letters.shape[1], free * height / letters.shape[0]
    scale_x = min(scale_x, scale_y * WIDEST)
    scale_y = min(scale_y, scale_x / NARROWEST)
    shown = np.array([scale_x * letters.shape[1], scale_y * letters.shape[0]])
    columns, rows = (int(max(1, min(round(a), b))) for a, b in zip(shown, letters.shape[::-1], strict=True))
    reduced = cv2.resize(letters, (columns, rows), interpolation=cv2.INTER_AREA)
    x, y = (np.array([width, height]) - shown) / 2
    return np.asarray(reduced, np.uint8), np.array([[shown[0] / columns, 0, x], [0, shown[1] / rows, y], [0, 0, 1]])


def _is_convex(corners: Floats) -> bool:
    """Whether the corners go round without crossing, so that a perspective fits them."""
    sides = np.roll(corners, -1, axis=0) - corners
    following = np.roll(sides, -1, axis=0)
    turns = sides[:, 0] * following[:, 1] - sides[:, 1] * following[:, 0]
    return bool((turns > 0).all() or (turns < 0).all())
