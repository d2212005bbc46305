"""Turns decoded pixels of any kind into an upright RGB picture."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from wordsight.errors import NotAnImage
from wordsight.types import Floats, Picture

Doubles = NDArray[np.float64]

_STRIP_PIXELS = 1 << 18  # a strip stays in the processor's cache, and a large picture is never held twice
_DEEP = frozenset({"I", "F", "I;16", "I;16L", "I;16B", "I;16N"})  # modes with more than 8 bits, one channel each
_ARRAYS = (
    "accepted are arrays of (height, width), (height, width, 1), (height, width, 3) or (height, width, 4), grey, RGB "
    "or RGBA, of uint8, uint16, bool, or floats from 0 to 1"
)


def picture_from_image(image: Image.Image, orientation: int = 1, white: int | None = None) -> Picture:
    """An image of any mode as RGB: palettes looked up, alpha laid on white, many bits scaled to eight.

    Colour profiles are not applied. Where a mode does not tell what is white (32-bit integers, floats), it is the
    least of 1 (floats only), 255 and 65535 that no sample exceeds; beyond those, samples are stretched over the whole
    range.

    Args:
        image: Decoded, or about to be by its own ``load``.
        orientation: EXIF orientation, 1 to 8, that is undone.
        white: The sample value of white, where the source knows it better than the mode.

    Returns:
        (height, width, 3) uint8, RGB, C-contiguous, upright.
    """
    width, height = image.size
    picture = np.empty((height, width, 3), np.uint8)
    if image.mode in _DEEP:
        black, full = (0.0, float(white)) if white else _range(image)
        for top, strip in _strips(image):
            values = _numbers(strip)
            picture[top : top + len(values)] = _to_bytes(values, black, full)[:, :, np.newaxis]
    elif image.mode in ("1", "L") and not image.has_transparency_data:
        for top, strip in _strips(image):
            picture[top : top + strip.height] = np.asarray(strip.convert("L"))[:, :, np.newaxis]
    else:
        for top, strip in _strips(image):
            picture[top : top + strip.height] = np.asarray(_rgb(strip))
    return upright(picture, orientation)


def picture_from_array(array: NDArray[np.generic]) -> Picture:
    """An array as RGB.

    Args:
        array: (height, width), (height, width, 1), (height, width, 3) or (height, width, 4): grey, RGB or RGBA, of
            uint8, uint16 (white is 65535), bool, or floats from 0 to 1; not empty. Never changed.

    Returns:
        (height, width, 3) uint8, RGB, C-contiguous; the array itself where it has this form already.

    Raises:
        NotAnImage: Another shape or type, or floats outside of 0 to 1.
    """
    channels = array.shape[2] if array.ndim == 3 else 1
    if array.ndim not in (2, 3) or channels not in (1, 3, 4):
        raise NotAnImage(f"an array of shape {array.shape} is not a picture; {_ARRAYS}")
    samples = _samples(array).reshape(*array.shape[:2], channels)
    if channels == 4:
        return picture_from_image(Image.fromarray(samples))
    if channels == 1:
        return np.repeat(samples, 3, axis=2)
    return np.ascontiguousarray(samples)


def upright(picture: Picture, orientation: int) -> Picture:
    """Undoes an EXIF orientation (1 to 8, as EXIF 2.3 numbers them); the result is C-contiguous."""
    match orientation:
        case 2:
            turned = cv2.flip(picture, 1)
        case 3:
            turned = cv2.rotate(picture, cv2.ROTATE_180)
        case 4:
            turned = cv2.flip(picture, 0)
        case 5:
            turned = cv2.transpose(picture)
        case 6:
            turned = cv2.rotate(picture, cv2.ROTATE_90_CLOCKWISE)
        case 7:
            turned = cv2.rotate(cv2.transpose(picture), cv2.ROTATE_180)
        case 8:
            turned = cv2.rotate(picture, cv2.ROTATE_90_COUNTERCLOCKWISE)
        case _:
            return picture
    return np.asarray(turned, np.uint8)


def _strips(image: Image.Image) -> Iterator[tuple[int, Image.Image]]:
    """Rows of an image with the number of their first, a few at a time."""
    width, height = image.size
    rows = max(1, _STRIP_PIXELS // width)
    if rows >= height:
        yield 0, image
        return
    for top in range(0, height, rows):
        yield top, image.crop((0, top, width, min(top + rows, height)))


def _rgb(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image.convert("RGB")
    straight = image.convert("LA") if image.mode == "La" else image
    colours = straight.convert("RGBA")
    page = Image.new("RGB", image.size, "white")
    page.paste(colours, mask=colours.getchannel("A"))
    return page


def _numbers(image: Image.Image) -> Doubles:
    """Samples of a mode with more than 8 bits: as doubles, because the range of float32 itself overflows float32."""
    with np.errstate(invalid="ignore"):  # a signalling NaN
        return np.asarray(image, np.float64)


def _range(image: Image.Image) -> tuple[float, float]:
    """The sample values of black and white in an image of more than 8 bits."""
    if image.mode not in ("I", "F"):
        return 0.0, 65535.0
    low, high = np.inf, -np.inf
    for _, strip in _strips(image):
        values = _numbers(strip)
        values = values[np.isfinite(values)]
        low, high = min(low, values.min(initial=np.inf)), max(high, values.max(initial=-np.inf))
    for white in (1.0, 255.0, 65535.0) if image.mode == "F" else (255.0, 65535.0):
        if low >= 0 and high <= white:
            return 0.0, white
    return float(low), float(high)


def _to_bytes(values: Floats | Doubles, black: float, white: float) -> NDArray[np.uint8]:
    """Samples from black..white to 0..255, rounded; what lies outside is clipped, NaN becomes black."""
    inside = np.nan_to_num(np.clip(values, black, white), nan=black)
    return np.asarray((inside - black) * (255 / max(white - black, 1e-30)) + 0.5, np.uint8)


def _samples(array: NDArray[np.generic]) -> NDArray[np.uint8]:
    """An accepted array of any accepted type as uint8."""
    if array.dtype == np.uint8:
        return np.asarray(array, np.uint8)
    if array.dtype == np.bool_:
        return np.asarray(array, np.uint8) * np.uint8(255)
    if array.dtype.kind == "u" and array.dtype.itemsize == 2:
        return _to_bytes(np.asarray(array, np.float32), 0, 65535)
    if array.dtype.kind != "f":
        raise NotAnImage(f"an array of {array.dtype} is not a picture; {_ARRAYS}")
    with np.errstate(invalid="ignore"):  # a signalling NaN
        low, high = float(array.min()), float(array.max())
    if not (low >= -1e-3 and high <= 1 + 1e-3):  # resizing overshoots by a little; NaN fails too
        raise NotAnImage(f"the array's values go from {low:g} to {high:g}; scale floats to 0..1, or pass uint8")
    return _to_bytes(np.asarray(array, np.float32), 0, 1)
