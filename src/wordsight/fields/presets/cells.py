"""Reads lines of a known number of symbols in the probabilities of a CTC recognizer.

The number of symbols is known and so is which may stand where. The forward-backward algorithm over all paths that keep
to both (Graves et al., "Connectionist Temporal Classification", ICML 2006, section 4.1, here for a sum over labellings
instead of one) gives the probability of each symbol at each place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wordsight.charset import BLANK, Charset
from wordsight.types import Floats

Doubles = NDArray[np.float64]

FLOOR = 1e-6
"""Least probability of a symbol in a frame: what the network rounds to 0 may still be right."""
SPREAD = 0.45
"""Standard deviation of a symbol's peak from its place, in pitches: all symbols are equally wide."""
FAR = 3.0
"""Beyond so many standard deviations a symbol is no less probable."""


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """The classes of a charset that count as a symbol, each symbol's in a row.

    Attributes:
        classes: All of them, the blank's first.
        starts: Where in ``classes`` those of each column start; column 0 is the blank.
    """

    classes: NDArray[np.intp]
    starts: NDArray[np.intp]

    @classmethod
    def of(cls, charset: Charset, symbols: Sequence[str], alike: dict[str, str]) -> Columns:
        """Columns of symbols, each with its lower case and the signs of ``alike`` that it is written with."""
        members = [[BLANK, *_classes(charset, " ")]]
        for symbol in symbols:
            members.append(_classes(charset, {symbol, symbol.lower(), *alike.get(symbol, "")}))
        starts = np.cumsum([0, *map(len, members[:-1])])
        return cls(np.concatenate(members).astype(np.intp), starts)

    def table(self, probabilities: Floats) -> Doubles:
        """(T, 1 + symbols) float64 from probabilities (T, C), each at least ``FLOOR``, rows scaled to a sum of 1."""
        sums = np.add.reduceat(probabilities[:, self.classes].astype(np.float64), self.starts, axis=1)
        sums = np.maximum(sums, FLOOR)
        return np.asarray(sums / sums.sum(axis=1, keepdims=True))


def _classes(charset: Charset, symbols: str | set[str]) -> list[int]:
    known = sorted(symbol for symbol in set(symbols) if symbol in charset)
    return [int(one) for one in charset.classes(known) if one != BLANK] if known else []


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """What a line of N symbols says.

    Attributes:
        chances: (N, S) probability of each symbol at each place; rows sum to 1.
        centres: (N,) frame at which each symbol is written, on average.
        score: Natural log of the probability of all texts that are possible, a frame.
    """

    chances: Doubles
    centres: Doubles
    score: float

    @property
    def grid(self) -> tuple[float, float]:
        """First centre and pitch, in frames, of the even grid that lies nearest to the centres."""
        return even(self.centres)


def even(centres: Doubles) -> tuple[float, float]:
    """First point and pitch of the even grid that lies nearest to points (N,), of which some may be far off."""
    places = np.arange(len(centres))
    pitch, first = np.polyfit(places, centres, 1)
    near = np.abs(first + pitch * places - centres) < max(1.0, abs(float(pitch)))
    if 2 * near.sum() > max(len(places), 3):
        pitch, first = np.polyfit(places[near], centres[near], 1)
    return float(first), float(pitch)


def read_cells(table: Doubles, allowed: NDArray[np.bool_], grid: tuple[float, float] | None = None) -> Cells | None:
    """Read a line.

    Args:
        table: (T, 1 + S) as :meth:`Columns.table` makes it.
        allowed: (N, S) which symbols may stand at each place.
        grid: Where symbols are expected: first centre and pitch in frames; None expects nothing.

    Returns:
        None where the line has too few frames.
    """
    frames, places = len(table), len(allowed)
    if frames < 2 * places:
        return None
    enters: Doubles = np.broadcast_to(allowed.astype(np.float64), (frames, *allowed.shape))
    if grid is not None:
        off = (np.arange(frames)[:, None] - grid[0] - grid[1] * np.arange(places)) / max(SPREAD * grid[1], 0.5)
        enters = allowed.astype(np.float64) * np.exp(-0.5 * np.minimum(off * off, FAR * FAR))[:, :, None]
    reach, blank, logs = _forward(table, enters)
    total = float(reach[-1, -1].sum() + blank[-1, -1])
    if not total > 0:
        return None
    entry = _entries(table, enters, reach, blank)
    mass = entry.sum(axis=0)
    mass /= np.maximum(mass.sum(axis=1, keepdims=True), 1e-300)
    moments = entry.sum(axis=2)
    centres = (np.arange(frames) @ moments) / np.maximum(moments.sum(axis=0), 1e-300)
    return Cells(mass, np.asarray(centres), (float(np.log(total)) + logs) / frames)


def _entering(label: Doubles, blank: Doubles) -> Doubles:
    """(N, S) probability to enter each symbol of each place: from a blank, or from another symbol directly."""
    before = np.vstack([np.zeros((1, label.shape[1])), label[:-1]])
    rest: Doubles = before.sum(axis=1, keepdims=True) - before + blank[:-1, None]
    return np.maximum(rest, 0.0)


def _forward(table: Doubles, enters: Doubles) -> tuple[Doubles, Doubles, float]:
    """Of each frame the probabilities to be in a symbol (T, N, S) and in the blank after n symbols (T, N + 1)."""
    frames, places, symbols = enters.shape
    reach = np.zeros((frames, places, symbols))
    blanks = np.zeros((frames, places + 1))
    label, blank = np.zeros((places, symbols)), np.zeros(places + 1)
    blank[0] = 1.0
    logs = 0.0
    for number, frame in enumerate(table):
        inside = (label + _entering(label, blank) * enters[number]) * frame[1:]
        blank[1:] += label.sum(axis=1)
        blank *= frame[0]
        greatest = max(float(inside.max()), float(blank.max()), 1e-300)
        label, blank = inside / greatest, blank / greatest
        logs += float(np.log(greatest))
        reach[number], blanks[number] = label, blank
    return reach, blanks, logs


def _entries(table: Doubles, enters: Doubles, reach: Doubles, blanks: Doubles) -> Doubles:
    """(T, N, S) how probable it is that a symbol starts in a frame, up to a factor for each frame.

    The factors of the forward and the backward pass differ from frame to frame, so each frame is brought to the same
    total: the probability of all paths is the same whichever frame it is summed in.
    """
    frames, places, symbols = enters.shape
    after = np.zeros((places, symbols))
    after[-1] = 1.0  # what the rest makes of being in the last symbol at the end
    empty = np.zeros(places + 1)
    empty[-1] = 1.0
    entry = np.zeros_like(reach)
    start = np.zeros(places + 1)
    start[0] = 1.0
    for number in range(frames - 1, -1, -1):
        label = reach[number - 1] if number else np.zeros((places, symbols))
        blank = blanks[number - 1] if number else start
        step = _entering(label, blank) * enters[number] * table[number, 1:] * after
        stay = float((label * table[number, 1:] * after).sum())
        rest = float((blank + np.append(0.0, label.sum(axis=1))) @ (table[number, 0] * empty))
        entry[number] = step / max(float(step.sum()) + stay + rest, 1e-300)
        after, empty = _backward(table[number], enters[number], after, empty)
    return entry


def _backward(frame: Doubles, enters: Doubles, after: Doubles, empty: Doubles) -> tuple[Doubles, Doubles]:
    """What the rest of the line makes of each state one frame earlier."""
    weighed = frame[1:] * after
    start = weighed * enters
    label = weighed + frame[0] * empty[1:, None]
    label[:-1] += (start.sum(axis=1, keepdims=True) - start)[1:]  # into another symbol of the next place
    blank = frame[0] * empty
    blank[:-1] += start.sum(axis=1)
    greatest = max(float(label.max()), float(blank.max()), 1e-300)
    return label / greatest, blank / greatest
