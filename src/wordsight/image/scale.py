"""How large a detector looks at a picture, and the picture as its network takes it.

The size is chosen by the text, not by a constant: large text is found in a small picture and in less time, fine print
only in a large one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np

from wordsight import geometry
from wordsight.config import DetectionOptions, Quality
from wordsight.types import Detection, Floats, Picture

STRIDE = 32
"""Sides of a network's input are multiples of this."""
GLANCE = 512
"""Longer side of the first look at a picture."""
LARGE = 1.2
"""Pictures whose longer side is over so many times the usual one get a first look; for others it would cost more
than it saves."""
SMALL, ENLARGED = 1050, 1.5
"""Smaller pictures are enlarged to this longer side, by this factor at most: their text is as often small as large. Of
105 number plates on photographs of at most 700 pixels 95 are read so, 89 without."""
DENSE = 25
"""From so many texts in the first look a picture is a page, whose print is of much the same size all over. With
fewer, the first look says nothing about the small text that it could not see."""
PRINT = 22.0
"""Height, in pixels of the working size, at which a page's lines are found best for the time."""
FINE_PRINT = 13.0
"""Text found with less height than this is the larger part of text that is smaller still."""
TILE = 1024
OVERLAP = 128
"""Larger working sizes are looked at in tiles of this side, which overlap by more than the network's view."""

# (value / 255 - mean) / deviation of ImageNet, in the order blue, green, red that the PP-OCR networks were trained
# with; a table look-up is ten times as fast as the arithmetic.
_LEVELS = np.arange(256, dtype=np.float32) / 255
_IMAGENET = ((0.485, 0.229), (0.456, 0.224), (0.406, 0.225))
_TABLES = [(_LEVELS - np.float32(mean)) / np.float32(deviation) for mean, deviation in _IMAGENET]


Size = tuple[int, int]
"""Width and height at which a network looks, multiples of the stride."""


@dataclass(frozen=True, slots=True)
class Sizing:
    """The bounds of the working size.

    Attributes:
        long_side: Longer side for photographs, in pixels, unless they are smaller themselves.
        pixels: Most pixels, however fine the print.
        magnify: Largest scale of small pictures with fine print, which are blown up to ``long_side`` at most.
        width: Fixed width, pixels, whatever the text.
        height: Fixed height. Where only one of the two is fixed, the other one follows from the picture's proportions.
    """

    long_side: int
    pixels: int
    magnify: float
    width: int | None = None
    height: int | None = None

    def of(self, options: DetectionOptions) -> Sizing:
        """The same bounds, with the fixed size that a user asks for."""
        return replace(self, width=options.width, height=options.height)

    def fixed(self, width: int, height: int) -> Size | None:
        """The fixed size for a picture, rounded to the stride; None where there is none."""
        if self.width is None and self.height is None:
            return None
        wide = width * (self.height or 0) / height if self.width is None else self.width
        high = height * (self.width or 0) / width if self.height is None else self.height
        return _rounded(wide), _rounded(high)


SIZINGS: dict[Quality, Sizing] = {
    "fast": Sizing(832, 700_000, 1.0),
    "balanced": Sizing(1280, 4_000_000, 2.0),
    "best": Sizing(1792, 12_000_000, 3.0),
}


def look(
    picture: Picture, sizing: Sizing, detect: Callable[[Size, float], Detection], scale: float | None = None
) -> Detection:
    """Detect at the scale that suits the text, unless it is given.

    Args:
        picture: The picture.
        sizing: Bounds of the working size.
        detect: Detects at a size; handed the scale too (working size over the picture's own).
        scale: The scale, where it is given.

    Returns:
        The last detection, with its scale.
    """
    height, width = picture.shape[:2]

    def at(scale: float) -> Detection:
        return detect(working_size(width, height, scale), scale)

    if scale is not None:
        return at(scale)
    if (size := sizing.fixed(width, height)) is not None:
        return detect(size, (size[0] * size[1] / (width * height)) ** 0.5)
    return _look(width, height, sizing, at)


def size_for(picture: Picture, sizing: Sizing, scale: float) -> Size:
    """The fixed size, where there is one, else that of a scale."""
    height, width = picture.shape[:2]
    return sizing.fixed(width, height) or working_size(width, height, scale)


def _look(width: int, height: int, sizing: Sizing, at: Callable[[float], Detection]) -> Detection:
    longer = max(height, width)
    fits = sizing.long_side / longer
    most: float = min(sizing.magnify, max(fits, min(1.0, (sizing.pixels / (height * width)) ** 0.5)))
    scale = min(fits, max(1.0, min(sizing.magnify, ENLARGED, SMALL / longer)))
    if longer > LARGE * sizing.long_side:
        found = at(GLANCE / longer)
        if len(found) >= DENSE:
            scale = min(PRINT / smallest_text(found), most)
            if scale <= found.scale:
                return found
    found = at(scale)
    text = smallest_text(found) * scale
    if 0 < text < FINE_PRINT and scale < most / 1.2:
        found = at(min(scale * PRINT / text, most))
    return found


def smallest_text(found: Detection) -> float:
    """Height of the smallest text, in pixels of the picture: the tenth percentile; 0 where there is none."""
    if not len(found):
        return 0.0
    along, across = geometry.sides(found.quads)
    return float(np.percentile(np.minimum(along, across), 10))


def working_size(width: int, height: int, scale: float) -> Size:
    """Width and height at a scale, rounded to the stride."""
    return _rounded(width * scale), _rounded(height * scale)


def _rounded(side: float) -> int:
    return max(STRIDE, round(side / STRIDE) * STRIDE)


def to_picture(picture: Picture, size: Size) -> Floats:
    """Factors (2,), x and y, from places at a working size to those in the picture."""
    return np.array([picture.shape[1] / size[0], picture.shape[0] / size[1]], np.float32)


def resized(picture: Picture, size: Size) -> Picture:
    """A picture (H, W, 3) at a working size, smoothed where that is smaller."""
    shrinks = size[0] * size[1] < picture.shape[0] * picture.shape[1]
    return np.asarray(
        cv2.resize(picture, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR), np.uint8
    )


def run_tiled(
    picture: Picture,
    size: Size,
    run: Callable[[Floats], Floats],
    prepare: Callable[[Picture], Floats] | None = None,
) -> Floats:
    """The map of a fully convolutional network over a picture, put together from tiles where it is large.

    Args:
        picture: (H, W, 3) uint8 RGB.
        size: Working width and height, multiples of the stride.
        run: Maps (1, 3, h, w) to (C, h / s, w / s) for some stride s.
        prepare: Makes the network's input of a picture; ``network_input`` by default.

    Returns:
        (C, height / s, width / s) float32.
    """
    prepare = prepare or network_input
    copy = resized(picture, size)
    wide, high = size
    if wide * high <= 2 * TILE * TILE:
        return run(prepare(copy))
    result: Floats | None = None
    for top in _starts(high):
        for left in _starts(wide):
            part = run(prepare(copy[top : top + TILE, left : left + TILE]))
            stride = min(TILE, high) // part.shape[1]
            if result is None:
                result = np.zeros((part.shape[0], high // stride, wide // stride), np.float32)
            # The outer half of an overlap is left to the neighbour, which sees more around it.
            y, x = (start + (OVERLAP // 2 if start else 0) for start in (top, left))
            inner = part[:, (y - top) // stride :, (x - left) // stride :]
            result[:, y // stride : y // stride + inner.shape[1], x // stride : x // stride + inner.shape[2]] = inner
    return np.asarray(result)


def _starts(side: int) -> list[int]:
    """Where tiles begin along a side: evenly by the stride, the last one ending with the side."""
    if side <= TILE:
        return [0]
    return [*range(0, side - TILE, TILE - OVERLAP), side - TILE]


def network_input(picture: Picture) -> Floats:
    """A picture as detectors take it: (1, 3, height, width) float32, blue first, normalised as ImageNet."""
    result = np.empty((1, 3, *picture.shape[:2]), np.float32)
    red, green, blue = cv2.split(picture)
    for channel, (values, table) in enumerate(zip((blue, green, red), _TABLES, strict=True)):
        cv2.LUT(values, table, dst=result[0, channel])
    return result
