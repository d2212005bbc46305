"""Moves a picture and its truth together."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from wordsight.data.manifest import Points, Sample, TrueWord
from wordsight.errors import ManifestError
from wordsight.types import Picture

Affine = NDArray[np.float64]
"""(2, 3) map of points (x, y, 1) in pixels, where (0, 0) is the top left corner of the top left pixel."""

_LARGEST_GROWTH = 16  # times the area; no set is squashed more, and a typing error must not fill the memory


def map_sample(sample: Sample, affine: Affine, size: tuple[int, int]) -> Sample:
    """The truth of a picture that was mapped onto a canvas of ``size`` (width, height); float64, nothing is rounded.

    Unknown keys are kept where they hold a plain value. Lists and objects are dropped: they may be positions.
    """
    words = None if sample.words is None else tuple(_map_word(word, affine) for word in sample.words)
    extra = {key: value for key, value in sample.extra.items() if not isinstance(value, (list, dict))}
    return replace(sample, words=words, size=size, original_size=None, extra=extra)


def undo_squash(picture: Picture, sample: Sample) -> tuple[Picture, Sample]:
    """Picture and truth at the sample's ``original_size``; as they are where it has none.

    Some sets come with pictures that were resized without regard to their proportions, which bends angles.

    Raises:
        ManifestError: The picture's size is not the sample's, or the original size is out of all proportion.
    """
    check_size(picture, sample)
    if sample.original_size is None:
        return picture, sample
    height, width = picture.shape[:2]
    across, down = sample.original_size
    if across * down > _LARGEST_GROWTH * width * height:
        raise ManifestError(f"{sample.image}: 'original_size' {across}x{down} is far over {width}x{height}; mend it")
    scale = np.array([[across / width, 0.0, 0.0], [0.0, down / height, 0.0]])
    resized = cv2.resize(picture, (across, down), interpolation=cv2.INTER_CUBIC)
    return resized.astype(np.uint8, copy=False), map_sample(sample, scale, (across, down))


def check_size(picture: Picture, sample: Sample) -> None:
    """A ManifestError where the sample says another ``size`` than the picture has: its positions would be wrong."""
    height, width = picture.shape[:2]
    if sample.size is not None and sample.size != (width, height):
        said = "x".join(map(str, sample.size))
        raise ManifestError(f"{sample.image} is {width}x{height}, its line says {said}; mend 'size' and the positions")


def _map_word(word: TrueWord, affine: Affine) -> TrueWord:
    return replace(word, quad=_map(word.quad, affine), polygon=_map(word.polygon, affine))


def _map(points: Points | None, affine: Affine) -> Points | None:
    if points is None:
        return None
    mapped = np.array(points) @ affine[:, :2].T + affine[:, 2]
    return tuple((float(x), float(y)) for x, y in mapped)
