"""What a page is made of above its lines: paragraphs, tables, pairs of a name and a value. Frozen, like words."""

from __future__ import annotations

from dataclasses import dataclass

from wordsight.types import Quad


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Lines that belong together.

    Attributes:
        quad: The box around them, page pixels.
        text: The lines, one a row.
        lines: Indices into ``Page.lines``, in reading order.
        level: 1 or 2 for headings of the first or second order, 0 for running text.
        column: Number of its column in reading order, from 0.
    """

    quad: Quad
    text: str
    lines: tuple[int, ...]
    level: int = 0
    column: int = 0


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table that holds text.

    Attributes:
        row: Its first row, from 0.
        column: Its first column, from 0.
        text: What it says, lines joined by spaces.
        quad: The box around its text, page pixels.
        lines: Indices into ``Page.lines``.
        column_span: Over how many columns it reaches.
        row_span: Over how many rows.
    """

    row: int
    column: int
    text: str
    quad: Quad
    lines: tuple[int, ...]
    column_span: int = 1
    row_span: int = 1


@dataclass(frozen=True, slots=True)
class Table:
    """Text that stands in rows and columns.

    Attributes:
        quad: The box around it, page pixels.
        rows: How many rows.
        columns: How many columns.
        cells: Those with text, row by row.
    """

    quad: Quad
    rows: int
    columns: int
    cells: tuple[Cell, ...]

    def grid(self) -> list[list[str]]:
        """The texts, row by row; a cell's text stands in its first row and column, all else is empty."""
        texts = [[""] * self.columns for _ in range(self.rows)]
        for cell in self.cells:
            texts[cell.row][cell.column] = cell.text
        return texts


@dataclass(frozen=True, slots=True)
class Pair:
    """A name and its value, such as "Total" and "9.00".

    Attributes:
        key: The name, without its colon.
        value: The value.
        key_quad: Box around the name, page pixels.
        value_quad: Box around the value.
        words: Indices into ``Page.words`` of the value.
    """

    key: str
    value: str
    key_quad: Quad
    value_quad: Quad
    words: tuple[int, ...]
