"""Writes the values of fields, as `predict` and `read --fields` give them."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, TextIO, get_args

import typer

from wordsight.config import Format, check_choice

if TYPE_CHECKING:
    from wordsight.fields.extract import Prediction
    from wordsight.page import Failure


def write(results: Iterable[Prediction | Failure], form: Format, out: TextIO, many: bool) -> int:
    """Write predictions as text, JSON, JSON lines or CSV; how many pictures failed.

    Raises:
        ConfigError: No such format.
    """
    from wordsight.page import Failure

    check_choice("format", form, get_args(Format))
    rows = csv.writer(out, lineterminator="\n")
    if form == "csv":
        rows.writerow(["image", "page", "field", "text", "confidence", "quad"])
    failed, before = 0, "["
    for result in results:
        if isinstance(result, Failure):
            failed += 1
            typer.echo(str(result), err=True)
        if form in ("json", "jsonl"):
            out.write((before if form == "json" else "") + result.to_json() + "\n")
            before = ","
        elif not isinstance(result, Failure):
            if form == "csv":
                rows.writerows(_rows(result))
            else:
                out.writelines(_lines(result, many))
    if form == "json":
        out.write("]\n" if before == "," else "[]\n")
    return failed


def _rows(result: Prediction) -> Iterator[list[object]]:
    from wordsight.page import encodable

    for value in result.details:
        quad = json.dumps(value.quad.tolist()) if value.quad else ""
        image = encodable(result.image)
        yield [image, result.page, value.name, encodable(value.text), round(value.confidence, 4), quad]


def _lines(result: Prediction, many: bool) -> Iterator[str]:
    from wordsight.page import encodable

    start = f"{encodable(result.image)}\t" if many else ""
    for value in result.details:
        yield f"{start}{encodable(value.name)}\t{encodable(value.text)}\t{value.confidence:.2f}\n"
