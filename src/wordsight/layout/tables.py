"""Tables, found by alignment: rows whose texts leave the same spaces free.

A line of a page ends where the space to the next word is wide, so what stands in one row of a table are several lines.
A table grows from its first row downwards as long as the spaces that all its rows leave free still part columns; they
become its columns in the end. The idea is that of Kieninger's T-Recs (1998), with spaces in the place of words.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from wordsight.layout import bands
from wordsight.layout.parts import Cell, Table
from wordsight.types import Floats, Line

Spans = list[tuple[float, float]]

NEXT = 2.5
"""The space between two rows of a table is at most so high, in heights of its lines."""
LEAP = 1.0
"""It is at most so much higher than the space between its first two rows, in heights."""
SETTLED = 3
"""After so many rows no further row may close a space between columns."""
SPACE = 0.5
"""The space between two columns is at least so wide, in heights of its lines."""
ROWS = 3
"""A table has at least so many rows with two texts or more; one with three columns or more may have one fewer."""
MISFITS = 1
"""So many rows one after the other may run over the columns: titles in the middle of a table."""
RUNNING = 22
"""Columns whose texts have more characters than this in the middle are columns of running text."""


def tables(lines: Sequence[Line]) -> tuple[Table, ...]:
    """The tables of a page that lies level, from top to bottom.

    Args:
        lines: The page's lines.
    """
    if len(lines) < 2 * (ROWS - 1):
        return ()
    bounds = bands.boxes(line.quad for line in lines)
    rows = bands.rows(bounds)
    found = []
    start = 0
    while start < len(rows):
        end, gaps = _grow(rows, bounds, start)
        if start + 1 < len(rows) and len(rows[start]) > 1:
            # A head that spans columns hides them: the row below it may know better.
            below, finer = _grow(rows, bounds, start + 1)
            if below >= end and len(finer) > len(gaps):
                end, gaps = below, finer
        table = _table(rows[start:end], bounds, lines, gaps) if gaps else None
        if table is not None:
            found.append(table)
        start = end if table is not None else start + 1
    return tuple(found)


def _grow(rows: Sequence[Sequence[int]], bounds: Floats, start: int) -> tuple[int, Spans]:
    """Where the table ends that begins with a row, and the spaces between its columns; none where none begins."""
    if len(rows[start]) < 2:
        return start + 1, []
    heights = bounds[:, 3] - bounds[:, 1]
    high = float(np.median(heights[list(rows[start])]))
    gaps = bands.free(_spans(rows[start], bounds))
    end, misfits, most = start + 1, 0, NEXT * high
    for number in range(start + 1, len(rows)):
        row = list(rows[number])
        space = float(bounds[row, 1].min() - bounds[list(rows[number - 1]), 3].max())
        if space > most:
            break
        most = min(most, max(space, 0.0) + LEAP * high)
        common = bands.both(gaps, bands.free(_spans(row, bounds)), SPACE * high)
        lost = len(_inner(gaps)) - len(_inner(common))
        if _inner(common) and lost <= (len(row) > 1 and number - start < SETTLED):
            gaps, end, misfits = common, number + 1, 0
        elif misfits == MISFITS:
            break
        else:
            misfits += 1
    return end, _inner(gaps)


def _spans(row: Sequence[int], bounds: Floats) -> Spans:
    return [(float(bounds[i, 0]), float(bounds[i, 2])) for i in row]


def _inner(gaps: Spans) -> Spans:
    """The spaces between columns, without those at the sides."""
    return [gap for gap in gaps if np.isfinite(gap).all()]


def _table(rows: Sequence[Sequence[int]], bounds: Floats, lines: Sequence[Line], gaps: Spans) -> Table | None:
    edges = _merged(np.array([(start + end) / 2 for start, end in gaps]), rows, bounds)
    cells: list[Cell] = []
    for number, row in enumerate(rows):
        places: dict[tuple[int, int], list[int]] = {}
        for index in row:
            first, last = (int(np.searchsorted(edges, bounds[index, side])) for side in (0, 2))
            places.setdefault((first, last), []).append(index)
        for (first, last), members in sorted(places.items()):
            text = " ".join(lines[i].text for i in members)
            cells.append(Cell(number, first, text, bands.hull(bounds[members]), tuple(members), last - first + 1))
    filled = np.bincount([cell.row for cell in cells], minlength=len(rows))
    if (filled > 1).sum() < ROWS - (len(edges) > 1) or _running(cells, len(edges) + 1):
        return None
    if not len(edges):
        return None
    members = [index for row in rows for index in row]
    return Table(bands.hull(bounds[members]), len(rows), len(edges) + 1, tuple(cells))


def _merged(edges: Floats, rows: Sequence[Sequence[int]], bounds: Floats) -> Floats:
    """Edges between columns, without those between a head and the texts that stand to one side under it.

    A head at the left of its column and numbers at the right leave a space free between them: there, one of the two
    columns has a single text, in a row in which the other has none.
    """
    kept = list(edges)
    for edge in edges:
        columns: list[set[int]] = [set() for _ in range(len(kept) + 1)]
        for number, row in enumerate(rows):
            for index in row:
                columns[int(np.searchsorted(kept, bounds[index, [0, 2]].mean()))].add(number)
        left, right = columns[kept.index(edge)], columns[kept.index(edge) + 1]
        if min(len(left), len(right)) <= 1 and not left & right:
            kept.remove(edge)
    return np.array(kept, np.float32)


def _running(cells: Sequence[Cell], columns: int) -> bool:
    """Whether these are columns of running text rather than of a table."""
    lengths = [[len(cell.text) for cell in cells if cell.column == number] for number in range(columns)]
    return all(np.median(one) > RUNNING for one in lengths if one)
