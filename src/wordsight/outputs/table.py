"""Pages as rows: the TSV that Tesseract writes, and data frames of pandas or Polars."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Literal

from wordsight.config import check_choice
from wordsight.errors import MissingExtra
from wordsight.outputs import blocks
from wordsight.page import Page, encodable

TSV_HEADER = (
    *("level", "page_num", "block_num", "par_num", "line_num", "word_num"),
    *("left", "top", "width", "height", "conf", "text"),
)
"""Tesseract's columns; level 1 is a page, 2 a block, 3 a paragraph, 4 a line, 5 a word."""
Library = Literal["pandas", "polars"]


def tsv(pages: Iterable[Page]) -> Iterator[str]:
    """Lines of a TSV file with Tesseract's columns; ``conf`` is the confidence in percent, -1 above words."""
    yield "\t".join(TSV_HEADER) + "\n"
    for page in pages:
        number = page.page + 1
        yield _row((1, number, 0, 0, 0, 0), (0, 0, page.width, page.height))
        for block, lines in enumerate(blocks.paragraphs(page), 1):
            place = blocks.box(page, blocks.around([page.lines[i].quad for i in lines]))
            yield _row((2, number, block, 0, 0, 0), place)
            yield _row((3, number, block, 1, 0, 0), place)
            for at, index in enumerate(lines, 1):
                line = page.lines[index]
                yield _row((4, number, block, 1, at, 0), blocks.box(page, line.quad.bounds))
                for order, word in enumerate((page.words[i] for i in line.words), 1):
                    place = blocks.box(page, word.quad.bounds)
                    text = " ".join(encodable(word.text).split())
                    yield _row((5, number, block, 1, at, order), place, 100 * word.confidence, text)


def frame(pages: Iterable[Page], library: Library = "pandas") -> Any:
    """A data frame with a row for each word.

    Columns: ``image``, ``page``, ``line``, ``text``, ``confidence``, ``detection_score``, and ``x1``, ``y1`` to ``x4``,
    ``y4``, the corners of its quad in pixels.

    Args:
        pages: The pages.
        library: ``pandas`` or ``polars``; it must be installed.

    Raises:
        ConfigError: No such library.
        MissingExtra: It is not installed.
    """
    check_choice("library", library, ("pandas", "polars"))
    columns: dict[str, list[Any]] = {
        name: [] for name in ("image", "page", "line", "text", "confidence", "detection_score")
    }
    columns |= {f"{axis}{corner}": [] for corner in range(1, 5) for axis in "xy"}
    for page in pages:
        for word in page.words:
            points = [float(number) for number in word.quad.points.ravel()]
            row = (page.image, page.page, word.line, word.text, word.confidence, word.detection_score, *points)
            for column, value in zip(columns.values(), row, strict=True):
                column.append(value)
    try:
        if library == "pandas":
            import pandas

            return pandas.DataFrame(columns)
        import polars

        return polars.DataFrame(columns)
    except ImportError as error:
        raise MissingExtra(library, "frames") from error


def _row(numbers: tuple[int, ...], box: tuple[int, int, int, int], confidence: float = -1, text: str = "") -> str:
    left, top, right, bottom = box
    conf = "-1" if confidence < 0 else f"{confidence:.2f}"
    return "\t".join([*map(str, (*numbers, left, top, right - left, bottom - top)), conf, text]) + "\n"
