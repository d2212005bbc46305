"""`wordsight evaluate` and `doctor`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wordsight.cli import options as opt
from wordsight.cli.output import check_file, target
from wordsight.cli.read import progress
from wordsight.config import MIN_CONFIDENCE, PADDING, Task

if TYPE_CHECKING:
    from wordsight.data.manifest import Manifest, Sample
    from wordsight.evaluation.protocols import Prediction
    from wordsight.evaluation.report import Report
    from wordsight.reader import Reader


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(evaluate)
    app.command()(doctor)


def evaluate(
    manifest: Annotated[Path, typer.Argument(help="Folder with labels.jsonl.")],
    task: Annotated[
        Task, typer.Option("--task", help="detection, end-to-end, page-words, recognition or fields.")
    ] = "end-to-end",
    predictions: Annotated[
        Path | None,
        typer.Option(
            "--predictions", "-p", help="JSON lines of `wordsight read`; without it the pictures are read now."
        ),
    ] = None,
    split: Annotated[str, typer.Option("--split", help="Only this part of the manifest.")] = "",
    where: Annotated[str, typer.Option("--where", help="Only lines where this flag is true.")] = "",
    min_score: Annotated[float, typer.Option("--min-score", help="Leave out words below this score.")] = 0.0,
    rows: Annotated[Path | None, typer.Option("--rows", help="Write a line of JSON for every picture here.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    missing_ok: Annotated[
        bool, typer.Option("--missing-ok", help="Count pictures without prediction as empty.")
    ] = False,
    detector: opt.DetectorName = "dbnet",
    recognizer: opt.RecognizerName = "svtr",
    quality: opt.QualityName = "balanced",
    language: opt.Language = "auto",
    allow: opt.Allow = "",
    min_confidence: opt.MinConfidence = MIN_CONFIDENCE,
    padding: opt.Padding = PADDING,
    engine: opt.EngineName = "auto",
    threads: opt.Threads = None,
) -> None:
    """Measure how right readings are, by the protocols of the field.

    Examples:
        wordsight evaluate street --task page-words

        wordsight evaluate street --task detection --predictions read.jsonl
    """
    from wordsight.data.manifest import Manifest
    from wordsight.evaluation import report
    from wordsight.reader import Reader

    if rows is not None:
        check_file(rows)
    samples = Manifest.open(manifest).part(split, where)
    if predictions is not None:
        cases, records = list(samples), report.read_predictions(predictions)
    else:
        reader = Reader(
            detector=detector,
            recognizer=recognizer,
            quality=quality,
            language=language,
            allow=allow,
            min_confidence=min_confidence,
            padding=padding,
            engine=engine,
            threads=threads,
        )
        cases, records = _read(reader, samples, crops=task == "recognition")
    _print(report.evaluate(cases, records, task, min_score=min_score, missing_ok=missing_ok), rows, as_json)


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Say what is installed, what runs the networks, and whether the weights are whole."""
    from wordsight.doctor import examine

    checks = examine()
    if as_json:
        typer.echo(json.dumps([check.to_dict() for check in checks], ensure_ascii=False, indent=2))
    else:
        width = max(len(check.name) for check in checks)
        for check in checks:
            typer.echo(f"{'ok ' if check.ok else 'BAD'}  {check.name:<{width}}  {check.found}")
    raise typer.Exit(0 if all(check.ok for check in checks) else 1)


def _read(reader: Reader, samples: Manifest, crops: bool) -> tuple[list[Sample], list[Prediction]]:
    """The samples as they were read, and what was read in them."""
    from wordsight.evaluation.predict import predict

    pairs = list(progress(predict(reader, samples, crops), len(samples)))
    return [sample for sample, _ in pairs], [record for _, record in pairs]


def _print(report: Report, rows: Path | None, as_json: bool) -> None:
    if rows is not None:
        with target(rows) as out:
            out.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in report.rows)
    typer.echo(json.dumps(report.totals) if as_json else "  ".join(_figure(*item) for item in report.totals.items()))


def _figure(name: str, value: object) -> str:
    return f"{name} {value:.4f}" if isinstance(value, float) else f"{name} {value}"
