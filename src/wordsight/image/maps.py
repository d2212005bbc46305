"""Drawings of a detector's maps: where it sees text, and how it lies."""

from __future__ import annotations

import cv2
import numpy as np

from wordsight.types import Floats, Maps, Picture

FAINT = 0.45
"""How much of the picture shows through."""
SURE = 0.5
"""Below this score an angle means nothing, and is not drawn."""


def draw_maps(picture: Picture, maps: Maps) -> dict[str, Picture]:
    """A drawing of each map over the picture in grey.

    Args:
        picture: (H, W, 3) uint8, RGB; left as it is.
        maps: What the network says about it, at any size.

    Returns:
        (H, W, 3) uint8 by name: ``score``, dark blue (0) over green to yellow (1), the brighter the surer; and, where
        there are angles, ``angle``: the hue of text by its angle, with a wheel of strokes in the corner as a key.
    """
    drawings = {"score": _over(picture, _coloured(maps.score), _enlarged(maps.score, picture))}
    if maps.angle is not None:
        seen = (maps.score > SURE).astype(np.float32)
        drawings["angle"] = _over(picture, _hues(maps.angle), _enlarged(seen, picture, cv2.INTER_NEAREST))
        _key(drawings["angle"])
    return drawings


def _coloured(score: Floats) -> Picture:
    levels = (score.clip(0, 1) * 255).astype(np.uint8)
    return np.asarray(cv2.cvtColor(cv2.applyColorMap(levels, cv2.COLORMAP_VIRIDIS), cv2.COLOR_BGR2RGB), np.uint8)


def _hues(angle: Floats) -> Picture:
    """Colours of angles in radians: a text and the same on its head have one hue, since they run along one axis."""
    hue = (angle / np.pi * 180) % 180
    full = np.full_like(hue, 255)
    return np.asarray(cv2.cvtColor(np.stack([hue, full, full], -1).astype(np.uint8), cv2.COLOR_HSV2RGB), np.uint8)


def _over(picture: Picture, colours: Picture, cover: Floats) -> Picture:
    """Colours (h, w, 3) over the picture in faint grey, as far as ``cover`` (H, W), 0..1, says."""
    grey = cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB).astype(np.float32) * FAINT
    layer = cv2.resize(colours, (picture.shape[1], picture.shape[0]), interpolation=cv2.INTER_NEAREST)
    return np.asarray(grey + (layer - grey) * (0.85 * cover[..., None]), np.uint8)


def _enlarged(values: Floats, picture: Picture, how: int = cv2.INTER_LINEAR) -> Floats:
    size = (picture.shape[1], picture.shape[0])
    return np.asarray(cv2.resize(values, size, interpolation=how), np.float32)


def _key(drawing: Picture) -> None:
    """A wheel in the upper right corner whose strokes have the colours of texts that run as they do."""
    radius = max(12, min(drawing.shape[:2]) // 14)
    centre = np.array([drawing.shape[1] - 1.4 * radius, 1.4 * radius])
    cv2.circle(drawing, tuple(int(x) for x in centre), round(1.2 * radius), (0, 0, 0), -1, cv2.LINE_AA)
    for degrees in range(0, 180, 15):
        angle = np.radians(degrees)
        reach = radius * np.array([np.cos(angle), np.sin(angle)])
        colour = [int(value) for value in _hues(np.array([[angle]], np.float32))[0, 0]]
        start, end = (tuple(int(x) for x in np.round(centre + sign * reach)) for sign in (-1, 1))
        cv2.line(drawing, start, end, colour, max(2, radius // 8), cv2.LINE_AA)
