"""Further views of a doubtful crop: a word that runs aslant stands straight in one of them.

A crop that somebody cut out is an upright rectangle, and what it shows may lean or climb. Crops of detected text are
straight already. Four views, sheared and turned either way, are read beside the crop as it is, and the readings vote.
What they are was chosen on the crops of svt_words_train and icdar2015_words_train whose file name has an even CRC-32.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from wordsight.types import Picture, Reading

DOUBTFUL = 0.65
"""Crops read with less confidence are looked at again."""
CLIMBS = (-0.2, 0.2)
"""Pixels down for each pixel across by which a view lets the text climb less."""
TURNS = (-6.0, 6.0)
"""Degrees by which a view is turned."""
LEAST_PART = 0.3
"""A view holds at least this part of the crop's height; else the text cannot run so."""
MARGIN = 1.1
"""A view is so many times as high as the text would be that fills the crop."""
HABIT = 0.1
"""What the crop as it is has in advance, in confidence."""


def views(crop: Picture) -> list[Picture]:
    """Views of a crop (H, W, 3) in which text that climbs or falls stands straight; fewer for one that is not wide."""
    made = [*(_level(crop, climb) for climb in CLIMBS), *(_turned(crop, degrees) for degrees in TURNS)]
    return [view for view in made if view is not None]


def vote(first: Reading, others: Sequence[Reading]) -> Reading:
    """The text that is read with the most confidence in all views together, case aside.

    Its confidence is half of the greatest that it was read with, and half of its mean over all views, where one that
    says something else counts as 0: so it is the share of right answers on held-out crops.

    Args:
        first: Reading of the crop as it is.
        others: Readings of its views.
    """
    votes: dict[str, list[Reading]] = defaultdict(list)
    for reading in (first, *others):
        votes[reading.text.casefold()].append(reading)
    heard = {text: sum(reading.confidence for reading in said) for text, said in votes.items()}
    heard[first.text.casefold()] += HABIT
    chosen = votes[max(heard, key=lambda text: heard[text])]
    surest = max(chosen, key=lambda reading: reading.confidence)
    mean = sum(reading.confidence for reading in chosen) / (1 + len(others))
    return replace(surest, confidence=(surest.confidence + mean) / 2)


def _level(crop: Picture, climb: float) -> Picture | None:
    """A crop with its columns moved, so that text that falls by ``climb`` pixels a pixel stands level."""
    height, width = crop.shape[:2]
    left = height - abs(climb) * width
    if left < LEAST_PART * height:
        return None
    high = min(MARGIN * left, height)
    shear = np.array([[1, 0, 0], [-climb, 1, (climb * width - height + high) / 2]])
    return _mapped(crop, shear, width, high)


def _turned(crop: Picture, degrees: float) -> Picture | None:
    """The part of a crop that holds a text which fills it and is turned by so many degrees, with the text level."""
    height, width = crop.shape[:2]
    cos, sin = math.cos(math.radians(abs(degrees))), math.sin(math.radians(abs(degrees)))
    shrink = cos**2 - sin**2
    wide, high = (width * cos - height * sin) / shrink, (height * cos - width * sin) / shrink
    if high < LEAST_PART * height or wide < high:
        return None
    high = min(MARGIN * high, height)
    turn = np.array(cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0), np.float64)
    turn[:, 2] += (wide - width) / 2, (high - height) / 2
    return _mapped(crop, turn, wide, high)


def _mapped(crop: Picture, matrix: NDArray[np.float64], width: float, height: float) -> Picture:
    size = (max(8, round(width)), max(8, round(height)))
    mapped = cv2.warpAffine(crop, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(mapped, np.uint8)
