"""How a whole picture lies: the angle by which it has to be turned before a detector of level lines sees its text."""

from __future__ import annotations

import math
from dataclasses import replace

import cv2
import numpy as np

from wordsight import geometry
from wordsight.geometry import Matrix
from wordsight.image.turn import level, rotate
from wordsight.rectify.orient import axis, lie_down
from wordsight.stages import Detector
from wordsight.types import Detection, Picture

TILT = 20.0
"""Text that runs within so many degrees of level is found as well as level text."""
SIZE = 512
"""Side of the small copies that are turned in search of text."""
ANGLES = (30, 60, 90, 120, 150)
"""Angles at which they are looked at. Half a turn makes no difference to where text is."""
MORE = 1.3
"""An angle must show so many times the text that the level picture shows."""
HALF = 0.5
"""Scale at which a picture is looked at from the side, in scales of the first look."""


def lean(found: Detection) -> float:
    """By how many degrees a picture has to be turned back, in (-90, 90], to make most of its text level.

    Returns:
        0 where text is level enough already. 90 where text stands: a quarter turn keeps every pixel as it is.
    """
    tilt = axis(lie_down(found.quads), found.scores)
    if abs(tilt) > 90 - TILT:
        return 90.0
    return tilt if abs(tilt) > TILT else 0.0


def put_back(found: Detection, matrix: Matrix) -> Detection:
    """What was found, at the places where a (3, 3) matrix maps it to."""
    rival = None if found.rival is None else put_back(found.rival, matrix)
    return replace(found, quads=geometry.apply(matrix, found.quads), rival=rival)


def search(picture: Picture, detector: Detector) -> float:
    """The angle, degrees in (-90, 90], at which text runs that a detector does not see in the level picture.

    Returns:
        0 where no turned copy shows clearly more text than the level one.
    """
    found = {angle: detector.detect(_turned(picture, -angle), 1.0) for angle in (0, *ANGLES)}
    best = max(ANGLES, key=lambda angle: amount(found[angle]))
    if amount(found[best]) <= MORE * amount(found[0]):
        return 0.0
    return _as_axis(best + axis(found[best].quads, found[best].scores))


def from_the_side(picture: Picture, detector: Detector, found: Detection) -> float:
    """The angle, degrees in (-90, 90], of text that a detector sees only in the picture turned by a quarter.

    For detectors that see text at any angle, but steep text less well: it costs a quarter of a look.

    Args:
        picture: The picture.
        detector: Looks at the turned picture.
        found: What it found in the picture as it is.

    Returns:
        0 where the turned picture does not show clearly more.
    """
    turned, _ = level(picture, 90)
    other = detector.detect(turned, HALF * found.scale)
    return _as_axis(90 + lean(other)) if amount(other) > MORE * amount(found) else 0.0


def _as_axis(angle: float) -> float:
    """The angle in (-90, 90] of the same axis."""
    return (angle + 89.999) % 180 - 89.999


def _turned(picture: Picture, angle: float) -> Picture:
    """A small copy, turned clockwise by degrees, on a square that is the same for all pictures and angles.

    A network is compiled anew for each shape that it meets, which takes longer than running it.
    """
    height, width = picture.shape[:2]
    scale = min(1.0, SIZE / math.hypot(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    turned = rotate(np.asarray(small, np.uint8), angle)[0][:SIZE, :SIZE]
    ground = tuple(float(value) for value in turned[0].mean(axis=0))
    down, across = (SIZE - side for side in turned.shape[:2])
    return np.asarray(cv2.copyMakeBorder(turned, 0, down, 0, across, cv2.BORDER_CONSTANT, value=ground), np.uint8)


def amount(found: Detection) -> float:
    """How much text there is: characters, if each were as wide as the line is high, counted by the scores."""
    along, across = geometry.sides(found.quads)
    longer, shorter = np.maximum(along, across), np.minimum(along, across)
    return float((found.scores * longer / np.maximum(shorter, 1e-3)).sum())
