"""`wordsight read`, `detect` and `recognize`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from wordsight.cli import options as opt
from wordsight.cli.output import make_folder, target
from wordsight.config import MAX_PIXELS, MIN_CONFIDENCE, PADDING, Format
from wordsight.errors import WordsightError

if TYPE_CHECKING:
    from wordsight.page import Failure, Page
    from wordsight.reader import Reader

T = TypeVar("T")

Chars = Annotated[bool, typer.Option("--chars", help="Add every character with its quad to JSON.")]
DrawTo = Annotated[Path | None, typer.Option("--draw", metavar="DIR", help="Write pictures with boxes and texts here.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(read)
    app.command()(detect)
    app.command()(recognize)


def read(
    paths: opt.Paths,
    form: opt.FormatName = "text",
    output: opt.Output = None,
    draw: DrawTo = None,
    chars: Chars = False,
    detector: opt.DetectorName = "dbnet",
    recognizer: opt.RecognizerName = "svtr",
    quality: opt.QualityName = "balanced",
    language: opt.Language = "auto",
    allow: opt.Allow = "",
    min_confidence: opt.MinConfidence = MIN_CONFIDENCE,
    padding: opt.Padding = PADDING,
    engine: opt.EngineName = "auto",
    threads: opt.Threads = None,
    max_pixels: opt.MaxPixels = MAX_PIXELS,
    truncated: opt.Truncated = False,
) -> None:
    """Read the text in pictures.

    Examples:
        wordsight read photo.jpg

        wordsight read scans/ --format jsonl > scans.jsonl

        wordsight read '*.png' --draw checked --min-confidence 0.6

        cat photo.jpg | wordsight read - --format json
    """
    from wordsight.image.load import Limits
    from wordsight.reader import Reader

    make = partial(
        Reader,
        detector=detector,
        recognizer=recognizer,
        quality=quality,
        language=language,
        allow=allow,
        min_confidence=min_confidence,
        padding=padding,
        engine=engine,
        threads=threads,
        limits=Limits(pixels=max_pixels, truncated=truncated),
    )
    _run(make, paths, form, output, draw, chars, boxes_only=False)


def detect(
    paths: opt.Paths,
    form: opt.FormatName = "jsonl",
    output: opt.Output = None,
    draw: DrawTo = None,
    detector: opt.DetectorName = "dbnet",
    quality: opt.QualityName = "balanced",
    engine: opt.EngineName = "auto",
    threads: opt.Threads = None,
    max_pixels: opt.MaxPixels = MAX_PIXELS,
    truncated: opt.Truncated = False,
) -> None:
    """Find where text is, without reading it.

    Examples:
        wordsight detect photo.jpg --draw boxes

        wordsight detect photos/ --quality fast --format csv > boxes.csv
    """
    from wordsight.image.load import Limits
    from wordsight.reader import Reader

    make = partial(
        Reader,
        detector=detector,
        quality=quality,
        engine=engine,
        threads=threads,
        limits=Limits(pixels=max_pixels, truncated=truncated),
    )
    _run(make, paths, form, output, draw, chars=False, boxes_only=True)


def recognize(
    paths: opt.Paths,
    form: opt.FormatName = "text",
    output: opt.Output = None,
    recognizer: opt.RecognizerName = "svtr",
    quality: opt.QualityName = "balanced",
    language: opt.Language = "auto",
    allow: opt.Allow = "",
    engine: opt.EngineName = "auto",
    threads: opt.Threads = None,
    max_pixels: opt.MaxPixels = MAX_PIXELS,
    truncated: opt.Truncated = False,
) -> None:
    """Read crops: pictures that each show one word or line and little else.

    Examples:
        wordsight recognize word.png

        wordsight recognize crops/ --format jsonl --allow 0123456789
    """
    from wordsight.cli.crops import recognize_crops, write_crops
    from wordsight.cli.sources import Sources, expand
    from wordsight.image.load import Limits
    from wordsight.reader import Reader

    sources = Sources(expand(paths), Limits(pixels=max_pixels, truncated=truncated))
    with target(output) as out:
        reader = Reader(
            recognizer=recognizer,
            quality=quality,
            language=language,
            allow=allow,
            engine=engine,
            threads=threads,
            limits=sources.limits,
        )
        failed = write_crops(progress(recognize_crops(reader, sources), len(sources)), form, out)
    raise typer.Exit(1 if failed else 0)


def _run(
    make: Callable[[], Reader],
    paths: list[str],
    form: Format,
    output: Path | None,
    draw: Path | None,
    chars: bool,
    boxes_only: bool,
) -> None:
    """Read and write; the reader, which takes a while to make, is made when all else is known to be right."""
    from wordsight.cli.sources import Sources, expand
    from wordsight.outputs.plain import write

    names = expand(paths)
    report = _Report(draw)
    with target(output) as out:
        reader = make()
        results = progress(reader.read_many(Sources(names, reader.limits), boxes_only), len(names))
        write(report.follow(results), form, out, chars, headings=len(names) > 1)
    raise typer.Exit(1 if report.failed else 0)


class _Report:
    """Follows results on their way to the output: tells of failures on standard error, writes drawings."""

    def __init__(self, folder: Path | None) -> None:
        self.failed = 0
        self._folder = folder
        self._names: set[str] = set()
        if folder is not None:
            make_folder(folder)

    def follow(self, results: Iterable[Page | Failure]) -> Iterator[Page | Failure]:
        from wordsight.page import Failure

        for result in results:
            if isinstance(result, Failure):
                self._fail(str(result))
            elif self._folder is not None:
                try:
                    self._draw(result, self._folder)
                except (WordsightError, OSError) as error:
                    self._fail(f"{result.image}, page {result.page + 1}, cannot be drawn: {error}")
            yield result

    def _fail(self, message: str) -> None:
        self.failed += 1
        typer.echo(message, err=True)

    def _draw(self, page: Page, folder: Path) -> None:
        from PIL import Image

        stem = Path(page.image).stem or "picture"
        name = stem = f"{stem}-{page.page + 1}" if page.page else stem
        number = 1
        while name in self._names:
            number += 1
            name = f"{stem}_{number}"
        self._names.add(name)
        Image.fromarray(page.draw()).save(folder / f"{name}.png")


def progress(items: Iterable[T], total: int) -> Iterator[T]:
    """The items, with a progress bar on standard error where a person is watching."""
    if total < 2 or not sys.stderr.isatty():
        yield from items
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(items, "Reading", total=total, console=Console(stderr=True), transient=True)
