"""A pinhole camera that looks along the street, with the lens shifted so that upright things stay upright.

World: metres, x to the right, y down, z away from the camera, origin at the lens. A flat thing is a canvas (pixels) and
three vectors; its homography is K [U V O], and the third row of it is the depth z.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Vector = tuple[float, float, float]
GROUND = 1.65  # metres from the lens down to the road


@dataclass(frozen=True)
class Camera:
    """Final size in pixels, focal length and vanishing point in those pixels, and how much larger all is drawn."""

    width: int = 1280
    height: int = 853
    focal: float = 900.0
    vanishing: tuple[float, float] = (880.0, 452.0)
    oversample: int = 2

    @property
    def matrix(self) -> Floats:
        """World to the enlarged picture."""
        s = self.oversample
        vx, vy = self.vanishing
        return np.array([[self.focal * s, 0, vx * s], [0, self.focal * s, vy * s], [0, 0, 1]], np.float64)

    def homography(self, origin: Vector, right: Vector, down: Vector, ppm: float) -> Floats:
        """Canvas pixels to the enlarged picture; ``right`` and ``down`` are unit vectors, ``ppm`` pixels a metre."""
        plane = np.stack([np.array(right) / ppm, np.array(down) / ppm, np.array(origin)], axis=1)
        return self.matrix @ plane

    def project(self, points: Sequence[Vector]) -> Floats:
        """World points (N, 3) to the enlarged picture (N, 2)."""
        p = np.asarray(points, np.float64) @ self.matrix.T
        return (p[:, :2] / p[:, 2:]).astype(np.float32)


@dataclass(frozen=True)
class Truth:
    """A word in final pixels."""

    text: str
    quad: Floats
    label: str | None = None


class Picture:
    """The picture while it is painted, from far to near, and the words on it."""

    def __init__(self, camera: Camera, haze: Vector = (0.80, 0.84, 0.90), haze_depth: float = 150.0) -> None:
        self.camera = camera
        self.haze = np.array(haze, np.float32)
        self.haze_depth = haze_depth
        s = camera.oversample
        self.pixels = np.zeros((camera.height * s, camera.width * s, 3), np.float32)
        self.words: list[Truth] = []

    def blend(self, colour: Floats, alpha: Floats, left: int = 0, top: int = 0) -> None:
        """Lay a (h, w, 3) colour over the picture with (h, w) coverage."""
        h, w = alpha.shape
        area = self.pixels[top : top + h, left : left + w]
        area += (colour - area) * alpha[..., None]

    def paint(self, canvas: PaintedCanvas, origin: Vector, right: Vector, down: Vector) -> None:
        """Project a canvas into the picture and note its words."""
        h_matrix = self.camera.homography(origin, right, down, canvas.ppm)
        height, width = canvas.rgba.shape[:2]
        corners = np.array([[[0, 0], [width, 0], [width, height], [0, height]]], np.float64)
        shown = cv2.perspectiveTransform(corners, h_matrix)[0]
        left, top = np.maximum(np.floor(shown.min(0)).astype(int) - 1, 0)
        right_px, bottom = np.minimum(
            np.ceil(shown.max(0)).astype(int) + 2, [self.pixels.shape[1], self.pixels.shape[0]]
        )
        if right_px <= left or bottom <= top:
            return
        shift = np.array([[1, 0, -left], [0, 1, -top], [0, 0, 1]], np.float64)
        size = (int(right_px - left), int(bottom - top))
        premultiplied = canvas.rgba.copy()
        premultiplied[..., :3] *= premultiplied[..., 3:]
        warped = cv2.warpPerspective(premultiplied, shift @ h_matrix, size, flags=cv2.INTER_LINEAR)
        alpha = np.clip(warped[..., 3], 0, 1)
        colour = warped[..., :3] / np.maximum(alpha, 1e-4)[..., None]
        self.blend(self._hazed(colour, h_matrix, int(left), int(top)), alpha, int(left), int(top))
        self._note(canvas.words, h_matrix)

    def _hazed(self, colour: Floats, h_matrix: Floats, left: int, top: int) -> Floats:
        """Far things fade into the light of the sky."""
        inverse = np.linalg.inv(h_matrix)
        ys, xs = np.mgrid[top : top + colour.shape[0], left : left + colour.shape[1]]
        depth = 1.0 / np.maximum(inverse[2, 0] * xs + inverse[2, 1] * ys + inverse[2, 2], 1e-4)
        amount = (1 - np.exp(-np.maximum(depth - 4, 0) / self.haze_depth)).astype(np.float32)[..., None]
        return colour + (self.haze - colour) * amount

    def _note(self, words: Sequence[Truth], h_matrix: Floats) -> None:
        for word in words:
            quad = cv2.perspectiveTransform(word.quad[None].astype(np.float64), h_matrix)[0] / self.camera.oversample
            self.words.append(Truth(word.text, quad.astype(np.float32), word.label))


@dataclass(frozen=True)
class PaintedCanvas:
    """A flat thing ready to be projected: (h, w, 4) float32 in 0..1, its scale, and its words in its own pixels."""

    rgba: Floats
    ppm: float
    words: tuple[Truth, ...] = ()
