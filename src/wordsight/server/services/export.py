"""Results as tables for other programs."""

from __future__ import annotations

import csv
import time
from collections.abc import Iterator, Sequence
from io import BytesIO, StringIO

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from wordsight.server.services.reads import Read

COLUMNS = ("file", "id", "created", "approval", "problems")
LONGEST_CELL = 32_000
"""Spreadsheets refuse longer ones."""


def rows(labels: Sequence[str], found: Sequence[Read]) -> Iterator[list[str]]:
    """A row a file: name, id, time, approval, broken rules, its fields; several values are joined by ``; ``."""
    yield [*COLUMNS, *(harmless(label) for label in labels)]
    for read in found:
        boxes = [box for page in read.pages for box in (page.boxes if page.corrected is None else page.corrected)]
        values = ["; ".join(str(box.get("text") or "") for box in boxes if box["label"] == name) for name in labels]
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(read.file.created))
        problems = "; ".join(problem["message"] for problem in read.file.problems or [])
        file = read.file
        yield [harmless(text) for text in (file.name, file.id, stamp, file.approval, problems, *values)]


def harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula: text read from a picture is not to be run."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") and not _is_number(text) else text


def to_csv(labels: Sequence[str], found: Sequence[Read]) -> bytes:
    """UTF-8 with a mark at the start, by which spreadsheets know the encoding."""
    out = StringIO()
    csv.writer(out).writerows(rows(labels, found))
    return out.getvalue().encode("utf-8-sig", "replace")


def to_xlsx(labels: Sequence[str], found: Sequence[Read]) -> bytes:
    """A workbook with one sheet."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Results")
    for row in rows(labels, found):
        sheet.append([ILLEGAL_CHARACTERS_RE.sub("", text)[:LONGEST_CELL] for text in row])
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def _is_number(text: str) -> bool:
    try:
        float(text.replace(",", "."))
    except ValueError:
        return False
    return True
