"""`wordsight teach`."""

from __future__ import annotations

import json
import sys
from collections.abc import Generator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wordsight.cli import options as opt
from wordsight.errors import ConfigError, MissingExtra

if TYPE_CHECKING:
    from rich.console import Console

    from wordsight.training.events import Event, Taught

NEEDED = {"torch": "torch", "onnx": "onnx", "onnxslim": "onnxslim", "safetensors": "safetensors"}
NEEDED |= {"sklearn": "scikit-learn", "rapidfuzz": "rapidfuzz"}
INTERRUPTED = 130


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(teach)


def teach(
    manifest: Annotated[Path, typer.Argument(help="Folder with labels.jsonl and pictures.")],
    name: Annotated[str, typer.Option("--name", help="Name of the model.")],
    minutes: Annotated[float, typer.Option("--minutes", help="Time for the trainings.")] = 10.0,
    test_split: Annotated[
        str | None,
        typer.Option("--test-split", help="Split, or share of the pictures, that is held out for the report."),
    ] = None,
    kind: Annotated[
        list[str] | None,
        typer.Option("--kind", metavar="LABEL=KIND", help="object, document or crop; the data decide the rest."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Draws other held-out pictures.")] = 0,
    report: Annotated[
        Path | None, typer.Option("--report", help="Write the report here: HTML, and JSON beside it.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    quality: opt.QualityName = "balanced",
    threads: opt.Threads = None,
) -> None:
    """Teach a model from labelled pictures, and prove on held-out ones that it got better.

    Ctrl-C stops; the same command goes on where it was, after a kill too. A model that is not better than the stock
    reader is not kept.

    Examples:
        wordsight teach plates --name plates --minutes 10

        wordsight teach receipts --name receipts --test-split 0.25 --kind total=document
    """
    for module, package in NEEDED.items():
        if find_spec(module) is None:
            raise MissingExtra(package, "train")
    from wordsight.training.teach import TeachConfig
    from wordsight.training.teach import teach as events

    config = TeachConfig(
        folder=manifest,
        name=name,
        minutes=minutes,
        test_split=test_split,
        kinds=dict(map(_kind, kind or [])),
        seed=seed,
        quality=quality,
        threads=threads,
        report=report,
    )
    from rich.console import Console

    taught = _follow(events(config), Console(stderr=True))
    if as_json:
        typer.echo(json.dumps(taught.report, ensure_ascii=False))
    else:
        _show(taught)


def _kind(text: str) -> tuple[str, str]:
    label, equals, kind = text.rpartition("=")
    if not equals:
        raise ConfigError(f"--kind {text!r} says no kind; write it as LABEL=KIND, such as total=document")
    return label, kind


def _follow(events: Generator[Event, None, Taught], console: Console) -> Taught:
    """Consume the events, which makes the teaching run, and show them."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    from wordsight.training.events import Checked, Noted, Scored, Taught, Working

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task, stage = bar.add_task("looking through the data", total=None), ""
        try:
            for event in events:
                if isinstance(event, Working):
                    if event.stage != stage:
                        bar.reset(task)
                        stage = event.stage
                    told = f"{event.stage}  {event.message}"[:60]
                    bar.update(task, total=1.0, completed=event.done, description=told)
                elif isinstance(event, Checked):
                    _say(console, _checked(event))
                    for warning in event.warnings:
                        _say(console, warning)
                elif isinstance(event, Scored):
                    figures = "  ".join(f"{key} {value:.3f}" for key, value in event.figures.items())
                    _say(console, f"{event.stage}: held out {figures}")
                elif isinstance(event, Noted):
                    _say(console, event.message)
                elif isinstance(event, Taught):
                    return event
        except KeyboardInterrupt:
            events.close()
            _say(console, "stopped; the same command goes on from here")
            sys.exit(INTERRUPTED)
    raise ConfigError("the teaching ended without a word; look at the error before this one")


def _checked(event: Any) -> str:
    held = f"{event.test} held out" if event.test else "each held out once"
    labels = ", ".join(f"{name} ({kind})" for name, kind in event.labels.items())
    return f"{event.pictures} pictures, {held}; labels: {labels}"


def _say(console: Console, text: str) -> None:
    console.print(text, highlight=False, markup=False)


def _show(taught: Taught) -> None:
    """The report in a few lines."""
    from wordsight.cli.teach_report import show_figures

    show_figures(taught.report)
    for name, value in taught.report["extra"].get("box_ap50", {}).items():
        typer.echo(f"boxes of {name}: average precision {value:.3f}")
    for doubt in taught.report["doubts"][:5]:
        typer.echo(f"looks wrong: {doubt['image']} {doubt['label']}: {doubt['labelled']!r}, found {doubt['found']!r}")
    typer.echo(f"{taught.reason}.")
    kept = f"kept as {taught.model}" if taught.adopted else "not kept; what was in use stays in use"
    typer.echo(f"{kept}; report: {taught.page}")
