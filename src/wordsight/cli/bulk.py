"""`wordsight bulk`."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import partial
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from wordsight.cli import options as opt
from wordsight.cli.read import make_reader
from wordsight.config import MAX_PIXELS, Engine

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from wordsight.bulk import Progress
    from wordsight.bulk.plan import Maker

WORK = "Work"
EVERY = 10.0
"""Seconds between lines of progress where nobody watches."""


@dataclass(frozen=True, slots=True)
class Working:
    """Who works, on what."""

    engine: Annotated[Literal["local", "ray"], typer.Option("--engine", help="local or ray.", rich_help_panel=WORK)] = (
        "local"
    )
    workers: Annotated[
        int | None,
        typer.Option("--workers", min=1, help="Processes or actors; by default all.", rich_help_panel=WORK),
    ] = None
    threads: Annotated[int, typer.Option("--threads", min=1, help="Processors of each.", rich_help_panel=WORK)] = 1
    address: Annotated[
        str | None, typer.Option("--address", help="Join this Ray cluster, such as auto.", rich_help_panel=WORK)
    ] = None
    shard: Annotated[
        int, typer.Option("--shard", min=1, max=100_000, help="Pictures in a file of results.", rich_help_panel=WORK)
    ] = 256
    column: Annotated[
        str, typer.Option("--column", help="Column of Parquet with the pictures.", rich_help_panel=WORK)
    ] = "image"
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help="Fetch from addresses that are not public.", rich_help_panel=WORK)
    ] = False


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(opt.grouped(bulk))


def bulk(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SRC",
            help="Folder, pattern, list (.txt), tar shards, Parquet, or a URL of these that fsspec opens.",
        ),
    ],
    destination: Annotated[str, typer.Argument(metavar="DST", help="Folder or URL for the Parquet files.")],
    model: Annotated[str | None, typer.Option("--model", help="Read the fields of this taught model.")] = None,
    quality: opt.QualityName = "balanced",
    runtime: Annotated[
        Engine,
        typer.Option("--runtime", help="What runs networks: auto, openvino, onnxruntime.", rich_help_panel=opt.RUNNING),
    ] = "auto",
    max_pixels: opt.MaxPixels = MAX_PIXELS,
    truncated: opt.Truncated = False,
    *,
    working: Working,
    finding: opt.Finding,
    recognizing: opt.Recognizing,
    choosing: opt.Choosing,
) -> None:
    """Read very many pictures into a Parquet data set. Started again after whatever stopped it, it goes on.

    Examples:
        wordsight bulk pictures/ texts/

        wordsight bulk 'shards/{000..099}.tar' texts/ --workers 2

        wordsight bulk s3://bucket/pictures s3://bucket/texts --engine ray --address auto --workers 64

        wordsight bulk pictures/ plates/ --model plates
    """
    from wordsight.bulk import Job, run
    from wordsight.models.runtime import available_threads

    running = opt.Running(quality, runtime, working.threads, max_pixels, truncated)
    make = partial(make_reader, finding, recognizing, choosing, running) if model is None else _model(model, running)
    make()  # whatever is wrong with it is told now, and by this process
    settings = f"{model} {quality} {max_pixels} {truncated} {_chosen(finding, recognizing, choosing)}"
    job = Job(source, destination, make, settings, working.shard, working.column, working.allow_private)
    count = working.workers or max(1, available_threads() // working.threads)
    progress = _follow(run(job, working.engine, count, working.threads, working.address))
    raise typer.Exit(1 if progress.errors else 0)


def _chosen(*groups: DataclassInstance) -> str:
    """What the user chose, without what has its default."""
    pairs = [(one, getattr(group, one.name)) for group in groups for one in fields(group)]
    return " ".join(f"{one.name}={value!r}" for one, value in pairs if value != one.default)


def _model(name: str, running: opt.Running) -> Maker:
    from wordsight.fields.extract import TaughtModel
    from wordsight.stages import StageOptions

    options = StageOptions(quality=running.quality, engine=running.engine, threads=running.threads)
    return partial(TaughtModel.open, name, options)


def _follow(steps: Iterable[Progress]) -> Progress:
    """Tell how far a run is, on one line where a person watches, else now and then on a new one."""
    watched = sys.stderr.isatty()
    told, last = 0.0, None
    for last in steps:
        now = time.monotonic()
        if watched or now - told >= EVERY:
            told = now
            typer.echo(("\r\x1b[K" if watched else "") + _line(last), err=True, nl=not watched)
    if last is None:
        raise AssertionError("a run tells of its beginning")
    typer.echo(("\r\x1b[K" if watched else "") + _summary(last), err=True)
    return last


def _line(progress: Progress) -> str:
    done = progress.before + progress.pictures
    share = 100 * done / max(progress.total, 1)
    left = "" if progress.rate == 0 else f", {progress.rate:.1f} a second, {_time(progress.remaining)} left"
    return f"{done} of {progress.total} pictures ({share:.0f} %){left}, {progress.errors.total()} errors"


def _summary(progress: Progress) -> str:
    errors = ", ".join(f"{count} {name}" for name, count in sorted(progress.errors.items())) or "no errors"
    before = f" ({progress.before} were done before)" if progress.before else ""
    cost = progress.core_seconds / max(progress.pictures, 1)
    return (
        f"{progress.pictures} pictures{before} in {_time(progress.seconds)}: {progress.rate:.1f} a second, "
        f"{cost:.3f} core-seconds each; {errors}"
    )


def _time(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"
