"""What happens to a picture between the wall and the file: light, optics, sensor, compression."""

from __future__ import annotations

import math

import cv2
import numpy as np

from wordsight.data.synth import textures
from wordsight.types import Floats, Picture


def light(picture: Floats, rng: np.random.Generator, strength: float = 1.0) -> Floats:
    """Uneven light: a slope, soft shadows, or a hard edge of shadow. (H, W, 3) float32 in and out, not clipped."""
    share = rng.random()
    height, width = picture.shape[:2]
    if share < 0.35:
        relief = textures.gradient(height, width, 1, rng)
    elif share < 0.5:
        relief = textures.hills(height, width, max(height, width) / rng.uniform(1.0, 4.0), rng)
    elif share < 0.56:
        relief = np.tanh((textures.gradient(height, width, 1, rng) + rng.uniform(-0.6, 0.6)) * rng.uniform(10, 60))
    else:
        return picture
    lit: Floats = picture * (1 + np.float32(strength * rng.uniform(0.05, 0.35)) * relief[..., None].astype(np.float32))
    return lit


def capture(picture: Floats, rng: np.random.Generator, strength: float, letters: float) -> Picture:
    """A picture as a camera would have stored it.

    Args:
        picture: (H, W, 3) float32 RGB, about 0..255.
        rng: Source of all randomness.
        strength: 0 only rounds, 1 is like photographs.
        letters: Height of the (smallest) letters, pixels: blur that no letter survives teaches nothing.

    Returns:
        (H, W, 3) uint8 of the same size.
    """
    if strength <= 0:
        return picture.clip(0, 255).astype(np.uint8)
    picture = _tone(picture, rng, strength)
    small = _coarse(picture, rng, strength, letters)
    small = blur(small, rng, strength, letters * small.shape[0] / picture.shape[0])
    small = _noise(small, rng, strength)
    stored = _compress(small.clip(0, 255).astype(np.uint8), rng, strength)
    if stored.shape != picture.shape:
        size = (picture.shape[1], picture.shape[0])
        stored = cv2.resize(stored, size, interpolation=(cv2.INTER_LINEAR, cv2.INTER_CUBIC)[rng.integers(2)])  # type: ignore[assignment]
        stored = _compress(stored, rng, strength)
    if rng.random() < 0.15 * strength:
        soft = cv2.GaussianBlur(stored, (0, 0), 1.2)
        stored = cv2.addWeighted(stored, 1.0 + (amount := rng.uniform(0.3, 1.2)), soft, -amount, 0)  # type: ignore[assignment]
    return stored


def blur(picture: Floats, rng: np.random.Generator, strength: float, letters: float) -> Floats:
    """Defocus (a disc), softness (a Gaussian), or a moving hand (a line); never wider than letters bear."""
    share = rng.random()
    most = strength * letters / 11
    if share < 0.45 * strength:
        sigma = min(most, float(rng.gamma(2.0, 0.45)))
        if sigma > 0.25:
            picture = cv2.GaussianBlur(picture, (0, 0), sigma)  # type: ignore[assignment]
    elif share < 0.53 * strength:
        radius = min(1.8 * most, rng.uniform(0.8, 3.0))
        picture = cv2.filter2D(picture, -1, disc(radius))  # type: ignore[assignment]
    elif share < 0.65 * strength:
        length = min(3.5 * most, rng.uniform(2.0, 9.0))
        picture = cv2.filter2D(picture, -1, stroke(length, rng.uniform(0, math.pi)))  # type: ignore[assignment]
    return picture


def disc(radius: float) -> Floats:
    """Kernel of a defocused lens: an evenly lit disc with soft edge, sum 1."""
    reach = math.ceil(radius)
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    kernel = np.clip(radius + 0.5 - np.hypot(x, y), 0, 1)
    even: Floats = (kernel / kernel.sum()).astype(np.float32)
    return even


def stroke(length: float, angle: float) -> Floats:
    """Kernel of a camera that moved ``length`` pixels in a direction (radians), sum 1."""
    reach = math.ceil(length / 2)
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    along, aside = x * math.cos(angle) + y * math.sin(angle), y * math.cos(angle) - x * math.sin(angle)
    kernel = np.clip(length / 2 + 0.5 - abs(along), 0, 1) * np.clip(1 - abs(aside), 0, 1)
    even: Floats = (kernel / max(kernel.sum(), 1e-6)).astype(np.float32)
    return even


def _tone(picture: Floats, rng: np.random.Generator, strength: float) -> Floats:
    """Exposure, contrast and white balance."""
    gain = 1 + rng.normal(0, 0.06 * strength, 3) + rng.normal(0, 0.1 * strength)
    return (picture * gain.astype(np.float32) + np.float32(rng.normal(0, 8 * strength))).astype(np.float32, copy=False)


def _coarse(picture: Floats, rng: np.random.Generator, strength: float, letters: float) -> Floats:
    """Now and then fewer pixels, to be blown up again after compression; letters keep 9 pixels or more."""
    if rng.random() >= 0.18 * strength or letters < 14:
        return picture
    scale = max(9.0 / letters, rng.uniform(0.35, 0.9))
    size = max(2, round(picture.shape[1] * scale)), max(2, round(picture.shape[0] * scale))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)  # type: ignore[return-value]


def _noise(picture: Floats, rng: np.random.Generator, strength: float) -> Floats:
    """Grain of the sensor; smoothed by the camera in half of the pictures, mostly without colour."""
    if rng.random() >= 0.6 * strength:
        return picture
    height, width = picture.shape[:2]
    depth = 1 if rng.random() < 0.7 else 3
    grain = rng.standard_normal((height, width, depth), np.float32) * np.float32(rng.gamma(1.5, 3.0) * strength)
    if rng.random() < 0.5:
        grain = 1.6 * cv2.GaussianBlur(grain, (0, 0), 0.7).reshape(height, width, depth)
    return picture + grain


def _compress(picture: Picture, rng: np.random.Generator, strength: float) -> Picture:
    if rng.random() >= 0.7 * strength:
        return picture
    quality = int(rng.integers(35, 96) if rng.random() < 0.85 else rng.integers(12, 36))
    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    stored: Picture = cv2.imdecode(data, cv2.IMREAD_COLOR)  # type: ignore[assignment]
    return stored
