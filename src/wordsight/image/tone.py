"""Steps of enhancement that change what pixels look like and leave them where they are.

Each is a pure function of a picture, (H, W, 3) uint8 RGB, to a new one of the same size.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from wordsight.types import Floats, Picture

Grey = NDArray[np.uint8]
"""(H, W) uint8."""

WHITE = 250
"""What paper becomes when its light is evened out."""
EXTREME = 50
"""A black or white dot differs by so many grey levels from the middle of what is around it."""
WINDOW = 31
"""Side of the neighbourhood that a local threshold is taken from: about two lines of small print."""
K = 0.2
"""Sauvola's weight of the local contrast; the paper takes 0.5, for paper that is whiter."""
RANGE = 128.0
"""Sauvola's largest deviation of grey levels."""
SOFT = 0.5, 0.8
"""Strokes with less than the first share of the darkest ink around them become paper; with more than the second they
stay as they are."""
WIDEST = 3.0
"""More blur than this, in pixels, is not undone."""
CAUTION = 0.8
"""So much of a blur that was estimated is undone: too little leaves letters soft, too much makes rings around them."""
GROUND = 64
"""Background is looked for in copies of pictures, so many pixels a side at least; letters are gone in them."""
LETTERS = 0.03
"""Nothing that belongs to a letter is wider than this share of the picture's longer side."""


def despeckle(picture: Picture) -> Picture:
    """Take out single black and white dots; everything else stays as it is.

    Source: Hwang and Haddad, "Adaptive median filters" (IEEE Transactions on Image Processing, 1995): only a pixel that
    is the darkest or lightest of its neighbourhood can be a dot, and takes the neighbourhood's median.
    """
    middle = cv2.medianBlur(picture, 3)
    wider = cv2.medianBlur(picture, 5)
    grey, calm = _grey(picture), _grey(np.asarray(middle, np.uint8))
    around = np.ones((3, 3), np.uint8)
    extreme = (grey == cv2.erode(grey, around)) | (grey == cv2.dilate(grey, around))
    dots = extreme & (cv2.absdiff(grey, calm) > EXTREME)
    # Where the median of the nearest is such a dot itself, that of the farther ones is not.
    inside = (calm == cv2.erode(grey, around)) | (calm == cv2.dilate(grey, around))
    return np.where(dots[..., None], np.where(inside[..., None], wider, middle), picture).astype(np.uint8)


def denoise(picture: Picture, strength: float = 0.0) -> Picture:
    """Smooth grain and keep strokes, by averaging places that look alike.

    Source: Buades, Coll, Morel, "A non-local algorithm for image denoising" (CVPR 2005), on grey levels.

    Args:
        picture: (H, W, 3) uint8 RGB.
        strength: Standard deviation of the grain, grey levels; 0 estimates it.
    """
    grey = _grey(picture)
    sigma = strength or noise_level(grey)
    if sigma < 1:
        return picture
    calm = cv2.fastNlMeansDenoising(grey, h=0.9 * sigma, templateWindowSize=5, searchWindowSize=15)
    return _colour(np.asarray(calm, np.uint8))


def noise_level(grey: Grey) -> float:
    """Standard deviation of the grain in a picture (H, W) uint8, grey levels.

    Source: Immerkaer, "Fast noise variance estimation" (CVIU 1996); the median in the place of the mean, so that
    strokes do not count as grain.
    """
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    if min(grey.shape) < 3:
        return 0.0
    answer = np.abs(cv2.filter2D(grey, cv2.CV_32F, kernel)[1:-1, 1:-1])
    return float(np.median(answer)) / 0.6745 / 6


def flatten(picture: Picture) -> Picture:
    """Even out light and shadow: divide by the paper, which is what remains when letters are painted over.

    Source: division by a morphological background, such as Shafait and others describe for photographs of documents.
    """
    paper = np.maximum(ground(picture), 1).astype(np.float32)
    return np.asarray(np.minimum(picture * (WHITE / paper) + 0.5, 255), np.uint8)


def ground(picture: Picture) -> Picture:
    """The paper of a page without its letters, of the same size."""
    height, width = picture.shape[:2]
    reach = max(5, round(LETTERS * max(height, width)))
    scale = min(1.0, max(GROUND / max(height, width), 8 / reach))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    # Smoothed before it is made small: a closing takes the lightest pixel, and grain would lift it.
    small = cv2.resize(cv2.medianBlur(picture, 3), size, interpolation=cv2.INTER_AREA)
    side = max(3, round(reach * scale)) | 1
    closed = cv2.morphologyEx(small, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)))
    return np.asarray(cv2.resize(cv2.medianBlur(closed, 5), (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def equalize(picture: Picture) -> Picture:
    """Raise the contrast of each part of a picture for itself, in its lightness only.

    Source: Zuiderveld, "Contrast limited adaptive histogram equalization" (Graphics Gems IV, 1994).
    """
    lab = cv2.cvtColor(picture, cv2.COLOR_RGB2LAB)
    lab[..., 0] = cv2.createCLAHE(clipLimit=2.0, tileGridSize=(8, 8)).apply(lab[..., 0])
    return np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), np.uint8)


def stretch(picture: Picture) -> Picture:
    """Use all grey levels: the darkest thousandth becomes black, the lightest hundredth white."""
    low, high = np.percentile(_grey(picture)[::2, ::2], (0.1, 99))
    if high - low < 1:
        return picture
    levels = np.clip((np.arange(256) - low) * (255 / (high - low)), 0, 255)
    return np.asarray(cv2.LUT(picture, levels.astype(np.uint8)))


def invert(picture: Picture) -> Picture:
    """Light letters on a dark ground become dark ones on a light ground."""
    return np.asarray(255 - picture)


def clean(picture: Picture) -> Picture:
    """Take out what is paler than ink: patterns behind the text, and the text of the other side.

    The light is evened out first. Then what has less than half of the contrast of the darkest ink around it becomes
    paper, and what lies between that and ink is made paler.
    """
    flat = flatten(picture)
    ink = 255 - _grey(flat).astype(np.float32)
    height, width = ink.shape
    scale = min(1.0, 400 / max(height, width))
    small = cv2.resize(ink, (max(1, round(width * scale)), max(1, round(height * scale))), interpolation=cv2.INTER_AREA)
    # The area's mean of thin strokes is paler than they are; the pixel itself is asked too.
    tops = cv2.dilate(cv2.resize(ink, None, fx=1, fy=1), np.ones((3, 3), np.uint8))
    darkest = cv2.resize(tops, (small.shape[1], small.shape[0]), interpolation=cv2.INTER_NEAREST)
    side = max(3, round(0.08 * max(small.shape))) | 1
    darkest = cv2.dilate(darkest, np.ones((side, side), np.uint8))
    darkest = cv2.resize(cv2.blur(darkest, (side, side)), (width, height), interpolation=cv2.INTER_LINEAR)
    low, high = SOFT
    kept = np.clip((ink / np.maximum(darkest, 1) - low) / (high - low), 0, 1)[..., None]
    return np.asarray(flat * kept + WHITE * (1 - kept) + 0.5, np.uint8)


def otsu(picture: Picture) -> Picture:
    """Black and white by one threshold for the whole picture.

    Source: Otsu, "A threshold selection method from gray-level histograms" (IEEE Transactions SMC, 1979).
    """
    return _colour(np.asarray(cv2.threshold(_grey(picture), 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)[1], np.uint8))


def sauvola(picture: Picture) -> Picture:
    """Black and white by a threshold from the mean and the contrast around each pixel.

    Source: Sauvola and Pietikainen, "Adaptive document image binarization" (Pattern Recognition, 2000).
    """
    grey = _grey(picture).astype(np.float32)
    mean = cv2.blur(grey, (WINDOW, WINDOW))
    deviation = np.sqrt(np.maximum(cv2.blur(grey * grey, (WINDOW, WINDOW)) - mean * mean, 0))
    threshold = mean * (1 + K * (deviation / RANGE - 1))
    return _colour(np.where(grey > threshold, 255, 0).astype(np.uint8))


def sharpen(picture: Picture, radius: float = 2.0, amount: float = 1.5) -> Picture:
    """Unsharp mask: add what a blurred copy lacks.

    Args:
        picture: (H, W, 3) uint8 RGB.
        radius: Standard deviation of the blur, pixels.
        amount: How much of the difference is added.
    """
    soft = cv2.GaussianBlur(picture, (0, 0), radius)
    return np.asarray(cv2.addWeighted(picture, 1 + amount, soft, -amount, 0), np.uint8)


def deblur(picture: Picture, radius: float = 0.0, rounds: int = 25) -> Picture:
    """Undo a blur, as far as the grain lets it.

    Source: Richardson, "Bayesian-based iterative method of image restoration" (JOSA 1972), and Lucy (1974), for a
    Gaussian, on grey levels.

    Args:
        picture: (H, W, 3) uint8 RGB.
        radius: Standard deviation of the blur, pixels; 0 estimates it.
        rounds: More of them sharpen more, and raise more grain.
    """
    grey = _grey(picture)
    sigma = radius or min(CAUTION * sharpness(grey), WIDEST)
    if sigma < 0.8:
        return picture
    seen = grey.astype(np.float32) + 1
    found = seen
    for _ in range(rounds):
        again = cv2.GaussianBlur(found, (0, 0), sigma)
        found = found * cv2.GaussianBlur(seen / np.maximum(again, 1), (0, 0), sigma)
    return _colour(np.clip(found - 0.5, 0, 255).astype(np.uint8))


def sharpness(grey: Grey) -> float:
    """Standard deviation, pixels, of the blur that the sharpest edges of a picture (H, W) uint8 show, about.

    An edge of a step of height h that is blurred by a Gaussian rises by at most h / (sigma sqrt(2 pi)) a pixel.
    """
    x, y = (cv2.Sobel(grey, cv2.CV_32F, dx, 1 - dx, ksize=3) / 8 for dx in (1, 0))
    slope = float(np.percentile(np.hypot(x, y), 99))
    low, high = np.percentile(grey, (1, 95))
    return float(high - low) / max(slope, 1e-3) / math.sqrt(2 * math.pi)


def _grey(picture: Picture) -> Grey:
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)


def _colour(grey: Grey | Floats) -> Picture:
    return np.asarray(cv2.cvtColor(np.asarray(grey, np.uint8), cv2.COLOR_GRAY2RGB), np.uint8)
