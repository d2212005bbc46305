"""Chooses the detector by the picture's look: words at any angle for photographs, lines for pages and small pictures.

The rule, in one place: **a page is paper**, or full of words. Wherever its print is taken away, one bright, even ground
is left; a photograph has no such ground. The ground is the brightest of every neighbourhood of a small copy, and a
picture counts as a page where most of it is bright and has about the same brightness. A dark screen has no bright
ground, but, unlike anything that a camera sees, most of it is exactly one grey.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from wordsight.detection import dbnet, east, own
from wordsight.detection.mend import mend
from wordsight.errors import ConfigError
from wordsight.stages import Detector, Mapper, StageOptions
from wordsight.types import Detection, Maps, Picture

SMALL = 1024
"""Longer side, pixels, of pictures in which text is large, if it can be read at all."""
MANY = 100
"""More words than this stand on a page, whatever its ground. Of 1,000 street photographs two show more."""
COPY = 256
"""Longer side of the small copy, pixels."""
REACH = 9
"""Side of a neighbourhood in it: wider than any stroke, narrower than the gaps of a page."""
MENDING = 0.6
"""Scale at which lines are looked for to mend words with, in scales of the words: what EAST cuts is large. At 1 reading
takes a fifth more time or more."""
BRIGHT = 195
"""Paper is at least so bright, 0..255."""
EVEN = 24
"""Ground of about the same brightness differs by no more than this."""
MOST = 0.65
"""Share of a page that is such ground."""
SCREEN = 0.5
"""Share of a screen that is exactly one grey."""
BETWEEN = 0.06
"""Share of it also between what the screen shows. A turned photograph's canvas has its one grey in the corners only."""


def is_page(picture: Picture) -> bool:
    """Whether a picture (H, W, 3) is a page or a screen rather than a photograph."""
    height, width = picture.shape[:2]
    step = max(1, max(height, width) // (4 * COPY))  # averaging all pixels of a large scan would take too long
    scale = min(1.0, COPY / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(np.ascontiguousarray(picture[::step, ::step]), size, interpolation=cv2.INTER_AREA)
    grey = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.uint8)
    ground = np.asarray(cv2.dilate(grey, np.ones((REACH, REACH), np.uint8)), np.int16)
    level = float(np.median(ground))
    if level >= BRIGHT and float(np.mean(np.abs(ground - level) <= EVEN)) >= MOST:
        return True
    return _is_screen(grey)


def _is_screen(grey: NDArray[np.uint8]) -> bool:
    """Whether most of a small grey copy (H, W), and some of what its contents span, is exactly one grey."""
    other = grey != np.bincount(grey.ravel()).argmax()
    if other.mean() > 1 - SCREEN:
        return False
    contents = np.column_stack(np.nonzero(other)).astype(np.float32)
    area = math.prod(cv2.minAreaRect(contents)[1]) if len(contents) else 0.0
    return area == 0 or len(contents) <= (1 - BETWEEN) * area


@dataclass(frozen=True, slots=True)
class Later:
    """A detector that is made when it is first needed: most users' pictures are all of one kind."""

    make: Callable[[], Detector]
    _made: list[Detector] = field(default_factory=list, init=False, compare=False)
    _turn: threading.Lock = field(default_factory=threading.Lock, init=False, compare=False)

    def __call__(self) -> Detector:
        """The detector."""
        with self._turn:
            if not self._made:
                self._made.append(self.make())
            return self._made[0]


@dataclass(frozen=True, slots=True)
class AutoDetector:
    """Finds words in photographs and lines in pages. Safe to call from many threads.

    Attributes:
        words: For photographs.
        lines: For pages.
        both: Photographs are given to both; the reader keeps what is read more surely.
    """

    words: Later
    lines: Later
    both: bool = False

    def detect(self, picture: Picture, scale: float | None = None) -> Detection:
        """See :class:`wordsight.stages.Detector`. Words that were cut are mended with the lines."""
        if self.shows_lines(picture):
            return self.lines().detect(picture, scale)
        found = self.words().detect(picture, scale)
        if len(found) > MANY:
            return self.lines().detect(picture, scale)
        if self.both:
            return replace(mend(found, lines := self.lines().detect(picture, scale)), rival=lines)
        return mend(found, self.lines().detect(picture, MENDING * found.scale)) if len(found.cut) else found

    def maps(self, picture: Picture, scale: float) -> Maps:
        """See :class:`wordsight.stages.Mapper`."""
        chosen = (self.lines if self.shows_lines(picture) else self.words)()
        if not isinstance(chosen, Mapper):
            raise ConfigError("the detector that was chosen has no maps to show")
        return chosen.maps(picture, scale)

    def shows_lines(self, picture: Picture) -> bool:
        """Whether the detector of lines is the one for a picture."""
        return max(picture.shape[:2]) <= SMALL or is_page(picture)


def create(options: StageOptions) -> Detector:
    """The detector that chooses by the picture; where the user names a network of their own, that one."""
    if options.detection.east_model is not None:
        return create_east(options)
    words, lines = Later(lambda: east.create(options)), Later(lambda: dbnet.create(options))
    return AutoDetector(words, lines, both=options.quality == "best")


def create_east(options: StageOptions) -> Detector:
    """EAST with the project's weights, or with the network that the user names."""
    path = options.detection.east_model
    if path is None:
        return east.create(options)
    return own.create(path, options)
