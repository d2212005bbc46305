"""Reads the text in a box of a photo: at once, or line by line, since a plate or a display may have several lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from wordsight import geometry
from wordsight.fields.forms import likelihood
from wordsight.fields.model import LabelCard
from wordsight.layout import lines as rows
from wordsight.pipeline import CROP_HEIGHT
from wordsight.rectify.crop import Pyramid
from wordsight.rectify.orient import lie_down
from wordsight.stages import Detector, GuidedRecognizer, Recognizer
from wordsight.types import Floats, Picture, Reading
from wordsight.vocabulary import Vocabulary

MARGIN = 0.15
"""By so much of its height a box is grown before lines are looked for: boxes are drawn by hand."""
LINE_PADDING = 0.08
"""Margin around a line when it is read, in shares of its height."""
VIEW = 160
"""Height at which the detector looks at a box, pixels; its width follows, within bounds."""
WIDEST = 1280
LEAST = 0.18
"""Lines lower than this share of the box are small print."""
MOST_LINES = 4
"""Of more lines none are left out on trial."""


@dataclass(frozen=True, slots=True)
class BoxReading:
    """What stands in a box: its lines from top to bottom, and the least sure of their confidences."""

    lines: tuple[str, ...]
    confidence: float

    @property
    def text(self) -> str:
        """The lines with spaces between them."""
        return " ".join(line for line in self.lines if line)


@dataclass(frozen=True, slots=True)
class BoxReader:
    """Reads boxes with a detector of lines and a recognizer; immutable."""

    detector: Detector
    recognizer: Recognizer

    def read(self, pyramid: Pyramid, quad: Floats, label: LabelCard) -> BoxReading:
        """The text of a quad (4, 2), as the label's boxes are to be read.

        Where the label's values have a pattern, several ways are tried: the box as one line, its lines one after the
        other, and without one of them, since a box often holds the name of a town or of a dealer too. The reading that
        is most probable counts, in view of the picture and of the forms that values have.
        """
        whole = whole_crop(pyramid, quad, label.padding)
        lines = self.line_crops(pyramid, quad) if label.reading == "lines" else []
        plain = _joined(self.recognizer.recognize(lines or [whole]))
        if not label.pattern or not isinstance(self.recognizer, GuidedRecognizer):
            return plain
        crops = [whole, *map(side_by_side, _groups(lines))]
        guided = self.recognizer.recognize_with(crops, [Vocabulary(pattern=label.pattern)] * len(crops))
        ways = [plain, *(_joined([reading]) for reading in guided)]
        return max(ways, key=lambda way: way.confidence * likelihood(way.text, label.forms))

    def line_crops(self, pyramid: Pyramid, quad: Floats) -> list[Picture]:
        """Crops of the lines in a quad (4, 2), from top to bottom; empty where the detector sees none."""
        return [pyramid.crop(line, CROP_HEIGHT) for line in self.line_quads(pyramid, quad)]

    def line_quads(self, pyramid: Pyramid, quad: Floats) -> list[Floats]:
        """Quads (4, 2) of the lines in a quad, on the page, padded, from top to bottom."""
        grown = geometry.grow(quad[None], MARGIN, MARGIN)[0]
        width, height = (float(side[0]) for side in geometry.sides(grown[None]))
        view_height = round(min(VIEW, WIDEST * height / max(width, 1.0)))
        view = pyramid.crop(grown, max(view_height, 32), WIDEST)
        found = lie_down(self.detector.detect(view, scale=1.0).quads)
        found = found[geometry.sides(found)[1] >= LEAST * view.shape[0]] if len(found) else found
        if not len(found):
            return []
        outlines = [rows.outline(found[group]) for group in rows.group(found)]
        outlines.sort(key=lambda line: (float(line[:, 1].mean()), float(line[:, 0].mean())))
        padded = geometry.grow(np.stack(_in_rows(outlines)), LINE_PADDING, LINE_PADDING)
        back = geometry.map_to(grown, view.shape[1], view.shape[0])
        return list(geometry.apply(back, padded))


def whole_crop(pyramid: Pyramid, quad: Floats, padding: float) -> Picture:
    """A quad (4, 2) with a margin, cut out at the height of the recognizer."""
    return pyramid.crop(geometry.grow(quad[None], padding, padding)[0], CROP_HEIGHT)


def side_by_side(lines: Sequence[Picture]) -> Picture:
    """Crops of lines as one line, so that a recognizer of lines sees all of a text whose form is known."""
    sized = []
    for line in lines:
        size = (max(1, round(line.shape[1] * CROP_HEIGHT / line.shape[0])), CROP_HEIGHT)
        shrinks = line.shape[0] > CROP_HEIGHT
        sized.append(cv2.resize(line, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR))
    return np.concatenate(sized, axis=1).astype(np.uint8)


def _groups(lines: Sequence[Picture]) -> list[Sequence[Picture]]:
    """The lines that may make up a text: all, all but one, the lower before the upper, one alone."""
    groups = [lines] if lines else []
    if 2 <= len(lines) <= MOST_LINES:
        groups += [[*lines[:k], *lines[k + 1 :]] for k in range(len(lines))]
    if len(lines) == 2:
        groups.append(lines[::-1])
    if 2 < len(lines) <= MOST_LINES:
        groups += [[line] for line in lines]
    return groups


def _in_rows(outlines: Sequence[Floats]) -> list[Floats]:
    """Outlines sorted from top to bottom, those beside each other from left to right."""
    sorted_rows: list[list[Floats]] = []
    for outline in outlines:
        middle, height = float(outline[:, 1].mean()), float(np.ptp(outline[:, 1]))
        if sorted_rows and middle - float(sorted_rows[-1][0][:, 1].mean()) < 0.5 * height:
            sorted_rows[-1].append(outline)
        else:
            sorted_rows.append([outline])
    return [outline for row in sorted_rows for outline in sorted(row, key=lambda o: float(o[:, 0].mean()))]


def _joined(readings: Sequence[Reading]) -> BoxReading:
    lines = tuple(reading.text for reading in readings)
    sure = [reading.confidence for reading in readings if reading.text]
    return BoxReading(lines, min(sure, default=0.0))
