"""Pages as Markdown: headings by the size of their letters, paragraphs, tables, lists that already look like lists."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import groupby

from wordsight.layout.parts import Table
from wordsight.page import Page, encodable

SPECIAL = re.compile(r"([\\`*_\[\]<>|~])")
BULLET = re.compile(r"^[•·▪◦‣–—-]\s+")
OPENING = re.compile(r"^(#{1,6}(?=\s)|[+-](?=\s)|\d+(?=[.)]\s)|=+$|-+$)")


def markdown(pages: Iterable[Page]) -> Iterator[str]:
    """The parts of a Markdown file, one for each page; pages are parted by a rule."""
    for number, page in enumerate(pages):
        if number:
            yield "\n---\n\n"
        yield "\n".join(_blocks(page))


def _blocks(page: Page) -> Iterator[str]:
    tables = {number: table for table in page.tables for cell in table.cells for number in cell.lines}
    shown: set[int] = set()
    for paragraph in page.paragraphs:
        # A paragraph may end in a table, and a table has many paragraphs: each line is written once.
        for table, lines in groupby(paragraph.lines, tables.get):
            if table is not None and id(table) not in shown:
                shown.add(id(table))
                yield _table(table)
            elif table is None:
                yield _paragraph([encodable(page.lines[i].text) for i in lines], paragraph.level)


def _paragraph(texts: list[str], level: int) -> str:
    if level:
        return f"{'#' * level} {_escaped(' '.join(texts))}\n"
    return "\n".join(_item(text) for text in texts) + "\n"


def _table(table: Table) -> str:
    """A table as GitHub's Markdown has them, its first row as the head."""
    rows = [[_escaped(encodable(text)) for text in row] for row in table.grid()]
    return "".join(f"| {' | '.join(row)} |\n" for row in [rows[0], ["---"] * table.columns, *rows[1:]])


def _item(text: str) -> str:
    """A line of a paragraph; one that starts with a bullet becomes an item of a list."""
    if BULLET.match(text):
        return f"- {_escaped(BULLET.sub('', text))}"
    return OPENING.sub(lambda found: _guarded(found[0]), _escaped(text))


def _guarded(opening: str) -> str:
    """What would start a heading, list or rule, so that it does not."""
    return f"{opening}\\" if opening.isdecimal() else f"\\{opening}"


def _escaped(text: str) -> str:
    return SPECIAL.sub(r"\\\1", text)
