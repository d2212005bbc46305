"""`wordsight languages`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from wordsight.cli import options as opt

SHOWN = 12
"""So many missing letters are named; the rest are counted."""


@dataclass(frozen=True, slots=True)
class Row:
    """One language and what can read it.

    Attributes:
        code: ISO 639-1, or the name of Tesseract's data where it has none here.
        name: In English.
        letters: How many letters a reader of it must know.
        missing: Those that the recognizer ``svtr`` does not know.
        weights: Its weights for this language.
        tesseract: With which of Tesseract's engines it can be read: ``legacy``, ``lstm``; none where its data are not
            installed.
    """

    code: str
    name: str
    letters: int
    missing: str
    weights: str
    tesseract: list[str] = field(default_factory=list)

    @property
    def svtr(self) -> str:
        """How much of it the recognizer ``svtr`` reads."""
        known = self.letters - len(self.missing)
        if not self.letters or not known:
            return "-"
        if not self.missing:
            return "all letters"
        named = self.missing if len(self.missing) <= SHOWN else f"{self.missing[:SHOWN]}..."
        return f"{known} of {self.letters} letters, not {named}"


def languages(
    tessdata: opt.Tessdata = None, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False
) -> None:
    """List the languages that can be read, and by which recognizer.

    Examples:
        wordsight languages

        wordsight languages --json
    """
    rows = list_languages(tessdata)
    if as_json:
        records = [asdict(row) | {"svtr": not row.missing and row.letters > 0} for row in rows]
        typer.echo(json.dumps(records, ensure_ascii=False, indent=2))
        return
    table = [("code", "language", "svtr", "tesseract"), *map(_cells, rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for cells in table:
        typer.echo("  ".join(text.ljust(width) for text, width in zip(cells, widths, strict=True)).rstrip())


def list_languages(folder: Path | None) -> list[Row]:
    """All languages that are known or installed, sorted by code.

    Args:
        folder: With Tesseract's data; None looks where they usually are.
    """
    from wordsight.charset import Charset
    from wordsight.languages import LANGUAGES, letters
    from wordsight.models import cards

    data = _installed(folder)
    rows = []
    for code, language in LANGUAGES.items():
        all_of_it = letters(language)
        readers = data.pop(language.tesseract, [])
        card = cards.recognizer(code)
        missing = Charset.pp_ocr(cards.characters(cards.locate(card))).missing(all_of_it)
        rows.append(Row(code, language.name, len(all_of_it), missing, card.name, readers))
    rows += [Row(name, f"{name}.traineddata", 0, "", "", readers) for name, readers in data.items()]
    return sorted(rows, key=lambda row: row.code)


def _installed(folder: Path | None) -> dict[str, list[str]]:
    """Names of Tesseract's data files -> the engines that they serve; nothing without the package tesserocr."""
    from importlib.util import find_spec

    from wordsight.recognition import tessdata

    if find_spec("tesserocr") is None:
        return {}
    found: dict[str, list[str]] = {}
    for place in tessdata.folders(folder):
        for name in tessdata.installed(place):
            found.setdefault(name, sorted(tessdata.engines(place / f"{name}{tessdata.SUFFIX}")))
    return found


def _cells(row: Row) -> tuple[str, str, str, str]:
    return row.code, row.name, row.svtr, " and ".join(row.tesseract) or "-"
