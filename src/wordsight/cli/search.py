"""`wordsight index` and `search`."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from wordsight.cli import options as opt
from wordsight.cli.output import make_folder, target
from wordsight.cli.read import make_reader
from wordsight.config import Format

if TYPE_CHECKING:
    from wordsight.reader import Reader
    from wordsight.search import Hit, SearchIndex
    from wordsight.search.files import ReadFile
    from wordsight.search.index import Sheet

IndexFile = Annotated[
    Path | None, typer.Option("--index", metavar="FILE", help="The index; by default search.db in WORDSIGHT_HOME.")
]
DAY = ["%Y-%m-%d"]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(opt.grouped(index))
    app.command()(search)


def index(
    paths: Annotated[list[str], typer.Argument(metavar="DIR...", help="Folders, with all below them, or files.")],
    file: IndexFile = None,
    fields: Annotated[
        str, typer.Option("--fields", metavar="NAME", help="Keep the fields of this ready-made reader too.")
    ] = "",
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep files in the index that are gone from the folders.")
    ] = False,
    *,
    finding: opt.Finding,
    recognizing: opt.Recognizing,
    choosing: opt.Choosing,
    running: opt.Running,
) -> None:
    """Read everything in folders once, so that it can be searched. What has not changed is not read again.

    Examples:
        wordsight index letters

        wordsight index scans receipts --index office.db --fields entities
    """
    from wordsight.search.files import update

    failed = 0
    with open_index(file) as found:
        reader = make_reader(finding, recognizing, choosing, running)
        done: Counter[str] = Counter()
        try:
            for step in update(found, paths, _read(reader, fields), _setting(reader, fields), keep):
                done[step.what] += 1
                if step.error:
                    failed += 1
                    typer.echo(f"{step.path}: {step.error}", err=True)
        except KeyboardInterrupt:
            typer.echo("stopped; the same command goes on from here", err=True)
            raise typer.Exit(130) from None
        typer.echo(
            ", ".join(f"{count} {what}" for what, count in sorted(done.items())) + f"; {len(found)} pages in all"
        )
    raise typer.Exit(1 if failed else 0)


def search(
    words: Annotated[list[str], typer.Argument(metavar="WORDS...", help='Words to find; "in quotes" side by side.')],
    file: IndexFile = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=100_000, help="Most hits.")] = 20,
    since: Annotated[
        datetime | None, typer.Option("--since", formats=DAY, help="Only files changed on this day or later.")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option("--until", formats=DAY, help="Only files changed on this day or before.")
    ] = None,
    label: Annotated[str, typer.Option("--label", help="Look only in the values of this field, such as total.")] = "",
    min_confidence: Annotated[
        float, typer.Option("--min-confidence", min=0, max=1, help="Only words read at least so surely, 0..1.")
    ] = 0.0,
    form: opt.FormatName = "text",
    output: opt.Output = None,
    draw: Annotated[
        Path | None, typer.Option("--draw", metavar="DIR", help="Write pictures with the words marked here.")
    ] = None,
) -> None:
    """Find words in everything that was indexed, also where they were read with a mistake.

    Examples:
        wordsight search invoice 2041

        wordsight search '"total amount"' --since 2026-01-01 --draw found

        wordsight search 9.00 --label amount --format jsonl
    """
    with open_index(file, make=False) as found, target(output) as out:
        hits = found.search(
            " ".join(words),
            limit=limit,
            since=since.date() if since else None,
            until=until.date() if until else None,
            label=label,
            min_confidence=min_confidence,
        )
        _write(hits, form, out)
    if draw is not None and not _draw(hits, draw):
        raise typer.Exit(1)


def open_index(file: Path | None, make: bool = True) -> SearchIndex:
    """The index in a file, or the user's own."""
    from wordsight.config import home
    from wordsight.search import SearchIndex

    if file is None:
        if make:
            make_folder(home())
        file = home() / "search.db"
    return SearchIndex.open(file, make)


def _read(reader: Reader, fields: str) -> ReadFile:
    from wordsight.fields.presets.choose import open_preset
    from wordsight.search.files import read_with
    from wordsight.search.index import Sheet

    if not fields:
        return read_with(reader)
    preset = open_preset(fields, reader)

    def read(path: str) -> Iterator[Sheet]:
        for answer in preset.read_pages(path):
            if answer.read is not None:
                texts = {name: [said] if isinstance(said, str) else said for name, said in answer.fields.items()}
                yield Sheet(answer.read, texts)

    return read


def _setting(reader: Reader, fields: str) -> str:
    """Names how files are read, so that other options read them anew."""
    return f"{fields}|{reader!r}"


def _write(hits: Sequence[Hit], form: Format, out: TextIO) -> None:
    if form == "json":
        out.write(json.dumps([hit.to_dict() for hit in hits], ensure_ascii=False, indent=1) + "\n")
    elif form == "csv":
        rows = csv.writer(out, lineterminator="\n")
        rows.writerow(["image", "page", "snippet", "confidence", "exact", "date"])
        rows.writerows(
            [hit.image, hit.page, hit.snippet, round(hit.confidence, 4), hit.exact, hit.date] for hit in hits
        )
    else:
        for hit in hits:
            said = json.dumps(hit.to_dict(), ensure_ascii=False)
            page = f", page {hit.page + 1}" if hit.page else ""
            out.write((said if form == "jsonl" else f"{hit.image}{page}: {hit.snippet}") + "\n")


def _draw(hits: Sequence[Hit], folder: Path) -> bool:
    """Write the pictures of hits, numbered in their order; whether all could be."""
    from PIL import Image

    from wordsight.errors import WordsightError

    make_folder(folder)
    good = True
    for number, hit in enumerate(hits, 1):
        try:
            Image.fromarray(hit.draw()).save(folder / f"{number:03d}-{Path(hit.image).stem}-{hit.page + 1}.png")
        except (WordsightError, OSError) as error:
            typer.echo(f"{hit.image}, page {hit.page + 1}, cannot be drawn: {error}", err=True)
            good = False
    return good
