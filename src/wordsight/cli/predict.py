"""`wordsight predict` and `suggest`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from wordsight.cli import options as opt
from wordsight.cli.output import target
from wordsight.cli.read import progress
from wordsight.cli.values import write

ModelName = Annotated[
    str, typer.Argument(metavar="MODEL", help="Name of a taught model, such as plates or plates@2, or a model file.")
]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(predict)
    app.command()(suggest)


def predict(
    model: ModelName,
    paths: opt.Paths,
    form: opt.FormatName = "text",
    output: opt.Output = None,
    quality: opt.QualityName = "balanced",
    engine: opt.EngineName = "auto",
    threads: opt.Threads = None,
) -> None:
    """Read the fields of a taught model in pictures.

    Examples:
        wordsight predict plates photo.jpg

        wordsight predict receipts scans/ --format jsonl > fields.jsonl
    """
    from wordsight.cli.sources import Sources, expand
    from wordsight.fields.extract import TaughtModel
    from wordsight.stages import StageOptions

    names = expand(paths)
    taught = TaughtModel.open(model, StageOptions(quality=quality, engine=engine, threads=threads))
    with target(output) as out:
        results = progress(taught.predict_many(Sources(names, taught.parts.reader.limits)), len(names))
        failed = write(results, form, out, many=len(names) > 1)
    raise typer.Exit(1 if failed else 0)


def suggest(
    model: ModelName,
    folder: Annotated[Path, typer.Argument(help="Folder with pictures that nobody has labelled.")],
    count: Annotated[int, typer.Option("--count", "-n", min=1, help="How many pictures to name.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON lines with doubt and fields.")] = False,
    output: opt.Output = None,
    threads: opt.Threads = None,
) -> None:
    """Name the pictures whose labels would help a taught model most, the best first.

    Examples:
        wordsight suggest plates unlabelled -n 20
    """
    from wordsight.cli.sources import expand
    from wordsight.fields.extract import TaughtModel
    from wordsight.fields.suggest import examine, rank
    from wordsight.stages import StageOptions

    names = expand([str(folder)])
    taught = TaughtModel.open(model, StageOptions(threads=threads))
    looked = []
    for name, one in zip(names, progress(examine(taught, names), len(names)), strict=True):
        if one is None:
            typer.echo(f"{name}: cannot be read", err=True)
        else:
            looked.append(one)
    with target(output) as out:
        for one in rank(looked, count):
            record = {"image": one.image, "doubt": round(one.doubt, 4), "fields": dict(one.fields)}
            out.write((json.dumps(record, ensure_ascii=False) if as_json else one.image) + "\n")
