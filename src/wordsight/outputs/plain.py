"""Pages as text, JSON, JSON lines and CSV, written as they come."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from typing import TextIO, get_args

from wordsight.config import Format, check_choice
from wordsight.page import Failure, Page, encodable

CSV_HEADER = (
    "image",
    "page",
    "line",
    "text",
    "confidence",
    "detection_score",
    *["x1", "y1", "x2", "y2", "x3", "y3", "x4", "y4"],
)


def write(
    results: Iterable[Page | Failure],
    form: Format,
    out: TextIO,
    chars: bool = False,
    headings: bool = False,
    layout: bool = False,
) -> None:
    """Write results in a format, each as soon as it is there.

    Args:
        results: Pages and failures. Text and CSV leave failures out; JSON keeps them in their places.
        form: ``text`` (the lines of each page), ``json`` (one array), ``jsonl`` (one object a page),
            ``csv`` (one row a word).
        out: Where to: a text file in UTF-8.
        chars: Whether JSON has each word's characters.
        headings: Whether the text of each page comes after the picture's name.
        layout: Whether JSON has each page's paragraphs, tables and pairs.

    Raises:
        ConfigError: No such format.
    """
    check_choice("format", form, get_args(Format))
    if form == "csv":
        _write_csv(results, out)
        return
    if form == "text":
        rows = _texts(results, headings)
    elif form == "json":
        rows = _array(results, chars, layout)
    else:
        rows = (_record(result, chars, layout) for result in results)
    for row in rows:
        out.write(row + "\n")
        out.flush()


def _texts(results: Iterable[Page | Failure], headings: bool) -> Iterator[str]:
    for result in results:
        if isinstance(result, Page):
            if headings:
                yield f"# {encodable(result.image)}" + (f", page {result.page + 1}" if result.page else "")
            yield result.text


def _array(results: Iterable[Page | Failure], chars: bool, layout: bool) -> Iterator[str]:
    before = "["
    for result in results:
        yield before + _record(result, chars, layout)
        before = ","
    yield "[]" if before == "[" else "]"


def _record(result: Page | Failure, chars: bool, layout: bool) -> str:
    return result.to_json(chars, layout=layout) if isinstance(result, Page) else result.to_json()


def _write_csv(results: Iterable[Page | Failure], out: TextIO) -> None:
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(CSV_HEADER)
    for result in results:
        if isinstance(result, Page):
            for word in result.words:
                corners = [number for corner in word.quad.tolist() for number in corner]
                scores = (round(word.confidence, 4), round(word.detection_score, 4))
                rows.writerow([encodable(result.image), result.page, word.line, word.text, *scores, *corners])
        out.flush()
