"""Preprocessing: makes a hard picture easier to read, where that helps.

The steps are pure functions (:mod:`wordsight.image.tone`, :mod:`wordsight.image.sheet`). ``auto`` looks at the picture
and takes those that were measured to help (``benchmarks/enhance.py``): mostly none, since the networks were trained on
noise, shadows and weak contrast themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np

from wordsight.config import check_choice, check_type
from wordsight.image import sheet, tone
from wordsight.types import Floats, Picture

AUTO, NONE = "auto", "none"
ISOLATED = 0.5
"""With more single black or white dots than this, in percent of the pixels, a page is despeckled."""
PALE, STRONG = 8.0, 2.0
"""A page with more than so many percent of pale strokes, and of dark ones, shows something behind its text."""
GRAIN = 12.0
"""A page with more grain than this, grey levels, is left as it is: the networks know grain, and the other steps take it
for something else."""
BLURRED = 1.9
"""A page whose edges are blurred by more pixels than this is deblurred."""
FAINT = 90.0
"""A picture of even ground whose darkest and lightest parts differ by less gets its contrast stretched, grey levels."""
PAPER, EVEN = 150.0, 60.0
"""The ground of a page is at least so light, and varies by at most so many grey levels."""
CURL = 0.015, 0.12
"""A sheet whose top or bottom bends by a share of its length between these is flattened. A flat one is read as it lies;
what bends more is no sheet."""
STRAIGHT = 0.05
"""Its sides bend by less than this share: paper curls one way only."""
COVER = 0.35
"""It covers at least this share of the picture: in photographs of streets there are smaller light signs."""
SHADED = 110.0
"""Its ground may vary by so many grey levels, for curled paper has darker parts."""
SMALLEST = 400
"""Pictures whose longer side has fewer pixels are no pages."""
LOOK = 900
"""Pixels of the longer side of the middle part of a picture at which ``auto`` looks."""


@dataclass(frozen=True, slots=True, eq=False)
class Enhanced:
    """A picture after some steps.

    Attributes:
        picture: The new picture; the old one itself where no step was taken.
        steps: Names of the steps, in their order.
        ways: For each step that moved pixels, the way back.
    """

    picture: Picture
    steps: tuple[str, ...] = ()
    ways: tuple[sheet.Back, ...] = ()

    @property
    def zoom(self) -> float:
        """How many times as large things are in the new picture, about its middle."""
        if not self.ways:
            return 1.0
        middle = np.array(self.picture.shape[1::-1], np.float32) / 2
        a, b = self.back(np.asarray(middle + np.array([[-4, 0], [4, 0]]), np.float32))
        return 8 / max(float(np.linalg.norm(b - a)), 1e-6)

    def back(self, points: Floats) -> Floats:
        """Where points of the new picture are in the original.

        Args:
            points: (..., 2) float32 pixels.
        """
        places = np.asarray(points, np.float32).reshape(-1, 2)
        for way in reversed(self.ways):
            places = way(places)
        return np.asarray(places, np.float32).reshape(np.shape(points))


TONES: dict[str, Callable[[Picture], Picture]] = {
    "despeckle": tone.despeckle,
    "denoise": tone.denoise,
    "flatten": tone.flatten,
    "clahe": tone.equalize,
    "stretch": tone.stretch,
    "invert": tone.invert,
    "clean": tone.clean,
    "sharpen": tone.sharpen,
    "deblur": tone.deblur,
    "otsu": tone.otsu,
    "sauvola": tone.sauvola,
}
"""Steps that leave pixels where they are."""
MOVES: dict[str, Callable[[Picture], sheet.Moved]] = {
    "sheet": sheet.flatten_sheet,
    "deskew": sheet.deskew,
    "enlarge": partial(sheet.enlarge, factor=2.0),
}
"""Steps that move them."""


def steps_of(text: str) -> tuple[str, ...]:
    """The steps that ``none`` or a list such as ``sheet,clean`` names; ``auto`` stands for itself.

    Raises:
        ConfigError: A name is unknown, or ``auto`` or ``none`` stands beside others.
    """
    check_type("enhance", text, str, "auto, none, or names of steps such as 'sheet,clean'")
    if text == NONE:
        return ()
    if text == AUTO:
        return (AUTO,)
    names = tuple(name.strip() for name in text.split(","))
    for name in names:
        check_choice("enhance", name, (*TONES, *MOVES))
    return names


def enhance(picture: Picture, steps: Sequence[str]) -> Enhanced:
    """Take some steps, one after the other.

    Args:
        picture: (H, W, 3) uint8 RGB; never changed.
        steps: Names, as :func:`steps_of` gives them; ``auto`` takes those that the picture needs.

    Raises:
        KeyError: No such step.
    """
    done = Enhanced(picture)
    for name in steps:
        done = _auto(done) if name == AUTO else _take(done, name)
    return done


def _take(done: Enhanced, name: str) -> Enhanced:
    if name in TONES:
        return Enhanced(TONES[name](done.picture), (*done.steps, name), done.ways)
    moved, back = MOVES[name](done.picture)
    if moved is done.picture:
        return done
    return Enhanced(moved, (*done.steps, name), (*done.ways, back))


def _auto(done: Enhanced) -> Enhanced:
    if max(done.picture.shape[:2]) < SMALLEST:
        return done
    flat = _curled(done.picture)
    if flat is not None:
        done = Enhanced(flat[0], (*done.steps, "sheet"), (*done.ways, flat[1]))
    for name in needs(done.picture):
        done = _take(done, name)
    return done


def _curled(picture: Picture) -> sheet.Moved | None:
    """A curled sheet of paper, flat; None where the picture shows none."""
    found = sheet.find_sheet(picture)
    if found is None or not CURL[0] < found.curl < CURL[1] or found.sway > STRAIGHT:
        return None
    across, down = found.size
    if across * down < COVER * picture.shape[0] * picture.shape[1]:
        return None
    flat, back = sheet.unroll(picture, found)
    light, spread = _ground(flat)
    return (flat, back) if light > PAPER and spread < SHADED else None


def needs(picture: Picture) -> tuple[str, ...]:
    """The steps that were measured to help a picture like this; none for photographs of anything but paper."""
    part = _middle(picture)
    light, spread = _ground(np.ascontiguousarray(part[::2, ::2]))
    if spread >= EVEN:
        return ()
    grey = np.asarray(cv2.cvtColor(part, cv2.COLOR_RGB2GRAY), np.uint8)
    faint = float(np.ptp(np.percentile(grey[::2, ::2], (0.1, 99.9)))) < FAINT
    if light < PAPER:
        return ("stretch",) if faint else ()
    if tone.noise_level(grey) > GRAIN:
        return ()
    if tone.sharpness(grey) > BLURRED:
        return ("deblur",)
    if faint:
        return ("stretch",)
    if isolated(grey) > ISOLATED:
        return ("despeckle",)
    return ("clean",) if _haunted(part) else ()


def _haunted(picture: Picture) -> bool:
    """Whether there is something pale behind dark text."""
    ink = 255 - cv2.cvtColor(tone.flatten(picture), cv2.COLOR_RGB2GRAY)
    pale, strong = (100 * float(share) for share in (((ink > 30) & (ink < 100)).mean(), (ink > 130).mean()))
    return pale > PALE and strong > STRONG


def isolated(grey: tone.Grey) -> float:
    """Pixels much darker or lighter than each of their eight neighbours, percent of a picture (H, W) uint8."""
    ring = np.ones((3, 3), np.uint8)
    ring[1, 1] = 0
    lower, upper = cv2.erode(grey, ring).astype(np.int16), cv2.dilate(grey, ring).astype(np.int16)
    dots = (grey + np.int16(tone.EXTREME) < lower) | (grey - np.int16(tone.EXTREME) > upper)
    return 100 * float(dots.mean())


def _ground(picture: Picture) -> tuple[float, float]:
    """How light the ground of a picture is and how far it varies, grey levels."""
    ground = cv2.cvtColor(tone.ground(picture), cv2.COLOR_RGB2GRAY)
    low, middle, high = np.percentile(ground[::4, ::4], (5, 50, 95))
    return float(middle), float(high - low)


def _middle(picture: Picture) -> Picture:
    """The middle part of a large picture, the whole of a small one; pixels keep their size."""
    height, width = picture.shape[:2]
    top, left = max(0, (height - LOOK) // 2), max(0, (width - LOOK) // 2)
    return picture[top : top + LOOK, left : left + LOOK]
