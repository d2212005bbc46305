"""`wordsight read`, `detect` and `recognize`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from wordsight.cli import options as opt
from wordsight.cli.output import make_folder, target
from wordsight.config import Format
from wordsight.errors import ConfigError, WordsightError

if TYPE_CHECKING:
    from wordsight.page import Failure, Page
    from wordsight.reader import Reader

T = TypeVar("T")

Chars = Annotated[bool, typer.Option("--chars", help="Add every character with its quad to JSON.")]
Layout = Annotated[bool, typer.Option("--layout", help="Add paragraphs, tables and pairs to JSON.")]
MapsTo = Annotated[
    Path | None, typer.Option("--debug-maps", metavar="DIR", help="Write drawings of what the detector sees here.")
]
Fields = Annotated[
    str,
    typer.Option("--fields", metavar="NAME", help="Give the fields of a ready-made reader: mrz, receipt or entities."),
]
DrawTo = Annotated[Path | None, typer.Option("--draw", metavar="DIR", help="Write pictures with boxes and texts here.")]


@dataclass(frozen=True, slots=True)
class Extras:
    """What JSON has besides words and lines: characters, and the layout of the page."""

    chars: bool = False
    layout: bool = False


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(opt.grouped(read))
    app.command()(opt.grouped(detect))
    app.command()(opt.grouped(recognize))


def read(
    paths: opt.Paths,
    form: opt.FormatName = "text",
    output: opt.Output = None,
    draw: DrawTo = None,
    debug_maps: MapsTo = None,
    chars: Chars = False,
    layout: Layout = False,
    fields: Fields = "",
    *,
    finding: opt.Finding,
    recognizing: opt.Recognizing,
    choosing: opt.Choosing,
    running: opt.Running,
) -> None:
    """Read the text in pictures.

    Examples:
        wordsight read photo.jpg

        wordsight read scans/ --format jsonl > scans.jsonl

        wordsight read '*.png' --draw checked --min-confidence 0.6

        cat photo.jpg | wordsight read - --format json

        wordsight read photo.jpg --detector east --recognizer tesseract --psm 8 --oem 1

        wordsight read scan.png --enhance auto --layout --format json

        wordsight read passport.jpg --fields mrz --format json
    """
    make = partial(make_reader, finding, recognizing, choosing, running)
    if fields:
        if draw or debug_maps or chars:
            raise ConfigError(
                "--fields gives values, not drawings or characters; leave --draw, --debug-maps, --chars out"
            )
        _read_fields(make, fields, paths, form, output)
    _run(make, paths, form, output, _Report(draw, debug_maps), Extras(chars, layout), boxes_only=False)


def detect(
    paths: opt.Paths,
    form: opt.FormatName = "jsonl",
    output: opt.Output = None,
    draw: DrawTo = None,
    debug_maps: MapsTo = None,
    min_confidence: Annotated[
        float | None, typer.Option("--min-confidence", help="Leave out places below this score, 0..1.")
    ] = None,
    *,
    finding: opt.Finding,
    running: opt.Running,
) -> None:
    """Find where text is, without reading it.

    Examples:
        wordsight detect photo.jpg --draw boxes

        wordsight detect photos/ --quality fast --format csv > boxes.csv

        wordsight detect photo.jpg --detector east --min-confidence 0.5 --width 320 --height 320
    """
    make = partial(make_reader, finding, opt.Recognizing(), opt.Choosing(), running, min_confidence)
    _run(make, paths, form, output, _Report(draw, debug_maps), Extras(), boxes_only=True)


def recognize(
    paths: opt.Paths,
    form: opt.FormatName = "text",
    output: opt.Output = None,
    *,
    recognizing: opt.Recognizing,
    running: opt.Running,
) -> None:
    """Read crops: pictures that each show one word or line and little else.

    Examples:
        wordsight recognize word.png

        wordsight recognize crops/ --format jsonl --allow 0123456789

        wordsight recognize plates/ --pattern '[A-Z]{2}[0-9]{2} ?[A-Z]{3}'

        wordsight recognize labels/ --lexicon products.txt
    """
    from wordsight.cli.crops import recognize_crops, write_crops
    from wordsight.cli.sources import Sources, expand

    sources = Sources(expand(paths), running.limits)
    with target(output) as out:
        reader = make_reader(opt.Finding(), recognizing, opt.Choosing(), running)
        failed = write_crops(progress(recognize_crops(reader, sources), len(sources)), form, out)
    raise typer.Exit(1 if failed else 0)


def make_reader(
    finding: opt.Finding,
    recognizing: opt.Recognizing,
    choosing: opt.Choosing,
    running: opt.Running,
    min_score: float | None = None,
) -> Reader:
    """The reader that the options ask for."""
    from wordsight.reader import Reader

    return Reader(
        detector=finding.detector,
        recognizer=recognizing.recognizer,
        quality=running.quality,
        language=recognizing.language,
        allow=recognizing.allow,
        vocabulary=recognizing.vocabulary,
        min_confidence=choosing.min_confidence,
        pages=choosing.pages,
        pdf_text=choosing.pdf_text,
        enhance=choosing.enhance,
        padding=choosing.padding,
        width=finding.width,
        height=finding.height,
        nms=finding.nms,
        east_model=finding.east_model,
        min_score=min_score,
        engine=running.engine,
        threads=running.threads,
        tesseract=recognizing.tesseract,
        limits=running.limits,
    )


def _run(
    make: Callable[[], Reader],
    paths: list[str],
    form: Format,
    output: Path | None,
    report: _Report,
    extras: Extras,
    boxes_only: bool,
) -> None:
    """Read and write; the reader, which takes a while to make, is made when all else is known to be right."""
    from wordsight.cli.sources import Sources, expand
    from wordsight.outputs.plain import write

    names = expand(paths)
    with target(output) as out:
        reader = make()
        results = progress(reader.read_many(Sources(names, reader.limits), boxes_only), len(names))
        write(report.follow(results, reader), form, out, extras.chars, headings=len(names) > 1, layout=extras.layout)
    raise typer.Exit(1 if report.failed else 0)


def _read_fields(make: Callable[[], Reader], name: str, paths: list[str], form: Format, output: Path | None) -> None:
    """Write the fields of a ready-made reader."""
    from wordsight.cli.sources import Sources, expand
    from wordsight.cli.values import write
    from wordsight.fields.presets.base import read_many
    from wordsight.fields.presets.choose import open_preset

    names = expand(paths)
    with target(output) as out:
        reader = make()
        results = read_many(open_preset(name, reader), Sources(names, reader.limits))
        failed = write(progress(results, len(names)), form, out, many=len(names) > 1)
    raise typer.Exit(1 if failed else 0)


class _Report:
    """Follows results on their way to the output: tells of failures on standard error, writes drawings."""

    def __init__(self, drawings: Path | None, maps: Path | None) -> None:
        self.failed = 0
        self._drawings = drawings
        self._maps = maps
        self._names: set[str] = set()

    def follow(self, results: Iterable[Page | Failure], reader: Reader) -> Iterator[Page | Failure]:
        from wordsight.page import Failure

        for folder in filter(None, (self._drawings, self._maps)):
            make_folder(folder)
        for result in results:
            if isinstance(result, Failure):
                self._fail(str(result))
                yield result
                continue
            for note in result.notes:
                typer.echo(f"{result.image}, page {result.page + 1}: {note}", err=True)
            if self._drawings is not None or self._maps is not None:
                try:
                    self._draw(result, reader)
                except (WordsightError, OSError) as error:
                    self._fail(f"{result.image}, page {result.page + 1}, cannot be drawn: {error}")
            yield result

    def _fail(self, message: str) -> None:
        self.failed += 1
        typer.echo(message, err=True)

    def _draw(self, page: Page, reader: Reader) -> None:
        from PIL import Image

        from wordsight.image.maps import draw_maps

        name = self._name(page)
        if self._drawings is not None:
            Image.fromarray(page.draw()).save(self._drawings / f"{name}.png")
        if self._maps is not None:
            picture = page.picture()
            for kind, drawing in draw_maps(picture, reader.maps(picture, page.scale)).items():
                Image.fromarray(drawing).save(self._maps / f"{name}-{kind}.png")

    def _name(self, page: Page) -> str:
        """A name for a page's drawings that no other page has."""
        stem = Path(page.image).stem or "picture"
        name = stem = f"{stem}-{page.page + 1}" if page.page else stem
        number = 1
        while name in self._names:
            number += 1
            name = f"{stem}_{number}"
        self._names.add(name)
        return name


def progress(items: Iterable[T], total: int) -> Iterator[T]:
    """The items, with a progress bar on standard error where a person is watching."""
    if total < 2 or not sys.stderr.isatty():
        yield from items
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(items, "Reading", total=total, console=Console(stderr=True), transient=True)
