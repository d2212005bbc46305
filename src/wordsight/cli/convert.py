"""`wordsight convert`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wordsight.cli import options as opt
from wordsight.cli.output import check_file, target
from wordsight.cli.read import make_reader
from wordsight.errors import ConfigError

if TYPE_CHECKING:
    from wordsight.page import Page
    from wordsight.reader import Reader

DPI = 200.0
RECORDS = (".jsonl", ".json")


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(opt.grouped(convert))


def convert(
    source: Annotated[str, typer.Argument(metavar="IN", help="A picture, TIFF or PDF, or JSON of `wordsight read`.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The file to write; its name says in which form.")],
    to: Annotated[
        str, typer.Option("--to", help="text, json, jsonl, csv, tsv, hocr, alto, page, markdown or pdf.")
    ] = "",
    dpi: Annotated[float, typer.Option("--dpi", help="Resolution of pictures that become pages of a PDF.")] = DPI,
    title: Annotated[str, typer.Option("--title", help="Title of the document.")] = "",
    *,
    finding: opt.Finding,
    recognizing: opt.Recognizing,
    choosing: opt.Choosing,
    running: opt.Running,
) -> None:
    """Read a file and write it in another form, such as a searchable PDF.

    Examples:
        wordsight convert scan.tif scan.pdf

        wordsight convert letter.pdf letter.md --pages 1-3

        wordsight convert pages.jsonl pages.hocr
    """
    from typing import get_args

    from wordsight.cli.sources import expand
    from wordsight.config import check_choice, check_range
    from wordsight.outputs import convert as forms

    check_range("dpi", dpi, 10, 2400)
    kind = check_choice("form", to, get_args(forms.Kind)) if to else forms.kind_of(out)
    check_file(out)
    (source,) = _single(expand([source]))
    if source.lower().endswith(RECORDS):
        pages = _records(Path(source))
    else:
        reader = make_reader(finding, recognizing, choosing, running)
        pages = _told(reader, source)
    name = title or Path(source).name
    if kind == "pdf":
        if source.lower().endswith(RECORDS):
            raise ConfigError("a searchable PDF needs the pictures; name the picture or PDF that was read")
        part = out.with_name(f".{out.name}.part")
        try:
            forms.write_pdf(pages, source, part, running.limits, name, dpi)
            part.replace(out)
        finally:
            part.unlink(missing_ok=True)
        return
    with target(out) as file:
        forms.write_text(pages, kind, file, name)  # type: ignore[arg-type]


def _single(names: list[str]) -> list[str]:
    if len(names) != 1:
        raise ConfigError(f"one file is converted at a time, and these are {len(names)}; name one")
    return names


def _told(reader: Reader, source: str) -> Iterator[Page]:
    """Pages as they are read; what is noticed about them goes to standard error."""
    for page in reader.read_pages(source):
        for note in page.notes:
            typer.echo(f"{page.image}, page {page.page + 1}: {note}", err=True)
        yield page


def _records(path: Path) -> Iterator[Page]:
    from wordsight.page import read_pages

    yield from read_pages(path)
