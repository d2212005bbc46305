"""Quads with known corners, for tests of many modules."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Quads = NDArray[np.float32]


def box(left: float, top: float, right: float, bottom: float) -> Quads:
    """An upright quad (4, 2)."""
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)


def boxes(*corners: tuple[float, float, float, float]) -> Quads:
    """Upright quads (N, 4, 2) from their left, top, right, bottom."""
    return np.array([box(*c) for c in corners], np.float32).reshape(-1, 4, 2)


def turned(points: Quads, degrees: float, centre: tuple[float, float] = (0, 0)) -> Quads:
    """Points (..., 2) turned clockwise around a centre, as seen on the screen (y points down)."""
    angle = np.radians(degrees)
    matrix = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return ((points - centre) @ matrix + centre).astype(np.float32)
