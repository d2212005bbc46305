"""Finds a machine-readable zone in a picture, at any angle, and reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from wordsight import geometry
from wordsight.fields.presets import icao, rules
from wordsight.fields.presets.cells import Cells, Columns, Doubles, even, read_cells
from wordsight.fields.presets.icao import FILLER, SYMBOLS, Layout, Zone
from wordsight.image.turn import level
from wordsight.layout import lines as rows
from wordsight.pipeline import CROP_HEIGHT
from wordsight.recognition.ctc import best_path, marks
from wordsight.recognition.svtr import SvtrRecognizer
from wordsight.rectify.crop import Pyramid
from wordsight.rectify.level import TILT
from wordsight.rectify.orient import axis, lie_down
from wordsight.stages import Detector
from wordsight.types import Floats, Picture

ALIKE = {FILLER: "＜〈‹く«《", "0": "Øø", "1": "|"}
"""What else the recognizer may write for a symbol; capitals and small letters count as one anyway."""
LONG_SIDE = 960
"""Pictures are searched at this size: a zone runs over most of a document, so its lines are long."""
LARGEST = 2.0
"""Small pictures are enlarged so many times at most."""
SLENDER = 6.0
"""A line of a zone is at least so many times as long as high, even in two pieces."""
TRIED = 8
"""So many lines are read in search of fillers."""
TWIN = 3.0
"""Two lines of a zone start, and end, within so many heights of each other."""
MARK = 3
"""A line with so many fillers is of a zone."""
TEXT = 0.7
"""Least share of a line's signs that a zone may have."""
WRONG = 0.05
"""A wrong check digit makes a reading so much worse, in logarithms of its probability a frame."""
SHORTEST = 15
"""A line of a zone that is cut has at least so many signs."""
PIECE = 0.3
"""What the detector sees of a line is at least this share of the others."""
NEAR = 6.0
"""Lines of a zone follow each other within so many heights."""
PARALLEL = 0.99
"""Least cosine between their directions."""
MARGIN = 0.25
"""Margin around lines when they are read, in shares of their height, left and right; above and below it is PAD."""
PAD = 0.06


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """A zone that was read.

    Attributes:
        zone: What it says.
        quads: For each line the quad (4, 2) of its symbols.
        sure: For each line (N,) the probability of each symbol.
        score: Natural log of the probability of what it says, a frame.
    """

    zone: Zone
    quads: tuple[Floats, ...]
    sure: tuple[Doubles, ...]
    score: float

    def quad(self, place: icao.Stretch) -> Floats:
        """Where a part of a line stands, (4, 2)."""
        width = len(self.zone.lines[place.line])
        return geometry.cut(self.quads[place.line], place.start / width, place.end / width)

    def confidence(self, place: icao.Stretch) -> float:
        """Probability that a part of a line is right."""
        return float(np.prod(self.sure[place.line][place.start : place.end]))


@dataclass(frozen=True, slots=True, eq=False)
class _Strip:
    """A line that may be of a zone: its quad (4, 2), the table of its symbols, what it says at first sight.

    ``grid`` is where its symbols stand, as in :attr:`wordsight.fields.presets.cells.Cells.grid`.
    """

    quad: Floats
    table: Doubles
    text: str
    grid: tuple[float, float] | None

    @property
    def fillers(self) -> int:
        return self.text.count(FILLER)

    @property
    def fits(self) -> bool:
        """Whether it can be a line of a zone."""
        known = sum(sign in icao.VALUES for sign in self.text.upper())
        return len(self.text) >= SHORTEST and known >= TEXT * len(self.text)


@dataclass(frozen=True, slots=True, eq=False)
class ZoneReader:
    """Finds and reads zones. Immutable; safe to call from many threads."""

    detector: Detector
    recognizer: SvtrRecognizer
    _columns: Columns = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_columns", Columns.of(self.recognizer.charset, SYMBOLS, ALIKE))

    def read(self, picture: Picture) -> Found | None:
        """The zone of a document in a picture (H, W, 3) uint8 RGB, at any angle; None where there is none."""
        pyramid = Pyramid(picture)
        best: Found | None = None
        for quads in self._looks(picture):
            found = self._search(pyramid, _lines(quads))
            best = max(filter(None, (best, found)), key=_rank, default=None)
            if best is not None and best.zone.valid:
                break
        return best

    def _looks(self, picture: Picture) -> Iterator[Floats]:
        """Quads (N, 4, 2) of lines at first sight, in the picture turned as its text seems to run, and at full size."""
        scale = min(LONG_SIDE / max(picture.shape[:2]), LARGEST)
        found = self.detector.detect(picture, scale)
        yield found.quads
        tilt = axis(lie_down(found.quads), found.scores)
        turned, back = level(picture, tilt if abs(tilt) > TILT else -90.0)
        yield geometry.apply(back, self.detector.detect(turned, scale).quads)
        yield self.detector.detect(picture).quads

    def _search(self, pyramid: Pyramid, quads: Floats) -> Found | None:
        """The best zone among lines (N, 4, 2)."""
        known: dict[tuple[int, bool], _Strip] = {}

        def strip(number: int, turned: bool) -> _Strip:
            if (number, turned) not in known:
                quad = geometry.turn(quads[number][None], 2)[0] if turned else quads[number]
                known[number, turned] = self._strip(pyramid, quad)
            return known[number, turned]

        anchor = _anchor(quads, strip)
        if anchor is None:
            return None
        block = _neighbours(quads, *anchor, strip)
        found = [self._solve(pyramid, layout, lines) for layout, lines in _readings(block, strip(*anchor))]
        return max(filter(None, found), key=_rank, default=None)

    def _strip(self, pyramid: Pyramid, quad: Floats) -> _Strip:
        padded = geometry.grow(quad[None], MARGIN, PAD)[0]
        (table,) = self.recognizer.tables([pyramid.crop(padded, CROP_HEIGHT)])
        found = [mark for mark in marks(best_path(table), self.recognizer.charset) if not mark.symbol.isspace()]
        text = "".join(FILLER if mark.symbol in ALIKE[FILLER] else mark.symbol for mark in found)
        centres = np.array([(mark.start + mark.end - 1) / 2 for mark in found])
        return _Strip(padded, self._columns.table(table), text, even(centres) if len(found) > 1 else None)

    def _solve(self, pyramid: Pyramid, layout: Layout, block: Sequence[_Strip]) -> Found | None:
        """A block of lines read as one layout; lines that are shorter than the others are read anew."""
        block = self._level(pyramid, block)
        cells: list[Cells] = []
        for number, strip in enumerate(block):
            may = rules.allowed(layout, number)
            grid = strip.grid if len(strip.text) == layout.width else None
            free = None if grid else read_cells(strip.table, may)
            read = read_cells(strip.table, may, grid or (free.grid if free else None))
            if read is None:
                return None
            cells.append(read)
        lines, sure, score = rules.solve(layout, [one.chances for one in cells])
        quads = tuple(_tight(strip, one) for strip, one in zip(block, cells, strict=True))
        frames = sum(len(strip.table) for strip in block)
        score += sum(len(strip.table) * one.score for strip, one in zip(block, cells, strict=True))
        return Found(icao.parse(lines), quads, sure, score / frames)

    def _level(self, pyramid: Pyramid, block: Sequence[_Strip]) -> list[_Strip]:
        """Lines of equal extent: one of which the detector saw only a part is read anew as far as the others reach."""
        longest = max(block, key=lambda strip: float(geometry.sides(strip.quad[None])[0][0]))
        along = geometry.directions(longest.quad[None])[0]
        ends = np.array([[float((quad @ along)[[0, 3]].mean()), float((quad @ along)[[1, 2]].mean())]
                         for quad in (strip.quad for strip in block)])  # fmt: skip
        left, right = np.median(ends[:, 0]), np.median(ends[:, 1])
        if len(block) == 2:
            left, right = ends[:, 0].min(), ends[:, 1].max()
        result = []
        for strip, (start, end) in zip(block, ends, strict=True):
            height = float(geometry.sides(strip.quad[None])[1][0])
            if max(abs(start - left), abs(end - right)) < height:
                result.append(strip)
                continue
            share = np.array([left - start, right - start]) / (end - start)
            stretched = geometry.cut(strip.quad, float(share[0]), float(share[1]))
            result.append(self._strip(pyramid, geometry.grow(stretched[None], -MARGIN, -PAD)[0]))
        return result


def _anchor(quads: Floats, strip: Callable[[int, bool], _Strip]) -> tuple[int, bool] | None:
    """The first line with fillers among the likeliest ones, and whether it has to be turned on its head."""
    for number in range(min(len(quads), TRIED)):
        turned = strip(number, False).text.count(">") > strip(number, False).fillers
        one = strip(number, turned)
        if one.fillers >= MARK and one.fits:
            return number, turned
    return None


def _neighbours(quads: Floats, at: int, turned: bool, strip: Callable[[int, bool], _Strip]) -> list[_Strip]:
    """Lines that can be of the same zone as line ``at``, from top to bottom, itself among them."""
    along = geometry.directions(quads[at][None])[0] * (-1 if turned else 1)
    down = np.array([-along[1], along[0]])
    ways = geometry.directions(quads) @ along
    lengths, heights = geometry.sides(quads)
    away = (quads.mean(axis=1) - quads[at].mean(axis=0)) @ down
    spans = np.sort((quads @ along).reshape(len(quads), 4), axis=1)[:, [0, 3]]
    ratio = heights / heights[at]
    near = (np.abs(away) < NEAR * heights[at]) & (np.abs(away) > 0.5 * heights[at])
    flush = (np.abs(spans - spans[at]) < TWIN * heights[at]).any(axis=1) & (lengths > PIECE * lengths[at])
    close = np.flatnonzero(near & flush & (np.abs(ways) > PARALLEL) & (ratio > 0.5) & (ratio < 2.0))
    found = [(0.0, strip(at, turned))]
    found += [(float(away[one]), strip(int(one), bool(ways[one] < 0))) for one in close]
    return [one for _, one in sorted(found, key=lambda pair: pair[0]) if one.fits]


def _lines(quads: Floats) -> Floats:
    """Slender lines (M, 4, 2), pieces of one joined, the likeliest to be of a zone first.

    Those are long, and stand right above or below another one that starts and ends where they do.
    """
    quads = lie_down(quads)
    if not len(quads):
        return quads
    whole = np.stack([rows.outline(quads[group]) for group in rows.group(quads)])
    along, across = geometry.sides(whole)
    whole, along, across = (part[along > SLENDER * across] for part in (whole, along, across))
    starts, ends = (whole[:, [0, 3]].mean(axis=1), whole[:, [1, 2]].mean(axis=1))
    apart = np.maximum(_distances(starts), _distances(ends)) / np.maximum(across, 1e-3)[:, None]
    apart += np.where(np.eye(len(whole)) > 0, np.inf, 0.0)
    paired = (apart < TWIN).any(axis=1)
    return np.asarray(whole[np.argsort(-along * np.where(paired, 2.0, 1.0), kind="stable")])


def _distances(points: Floats) -> Floats:
    """(N, N) between points (N, 2)."""
    return np.asarray(np.linalg.norm(points[:, None] - points[None], axis=2))


def _readings(strips: Sequence[_Strip], anchor: _Strip) -> Iterator[tuple[Layout, list[_Strip]]]:
    """Layouts that strips may be of, each with the strips that are its lines."""
    at = next(number for number, strip in enumerate(strips) if strip is anchor)
    for layout in icao.LAYOUTS.values():
        count = len(layout.masks)
        for first in range(max(0, at - count + 1), min(at, len(strips) - count) + 1):
            block = list(strips[first : first + count])
            longest = max(len(strip.text) for strip in block)
            if abs(longest - layout.width) <= 4 and block[0].text[:1].upper() in _starts(layout):
                yield layout, block


def _starts(layout: Layout) -> str:
    """What a zone of a layout may be read to start with."""
    first = icao.MASKS[layout.masks[0][0]]
    return first + "1L|FRBD" if first != "V" else "VYUW"


def _tight(strip: _Strip, cells: Cells) -> Floats:
    """The quad (4, 2) of a line's symbols alone."""
    first, pitch = cells.grid
    frames = len(strip.table)
    start, end = (first - pitch / 2 + 0.5) / frames, (first + pitch * (len(cells.centres) - 0.5) + 0.5) / frames
    return geometry.cut(strip.quad, start, end)


def _rank(found: Found) -> float:
    """By what readings of one picture compare: how probable they are, less for every wrong check digit."""
    return found.score - WRONG * sum(not right for right in found.zone.checks.values())
