"""`wordsight evaluate`, `doctor` and `languages`."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wordsight.cli import options as opt
from wordsight.cli.languages import languages
from wordsight.cli.output import check_file, target
from wordsight.cli.read import make_reader, progress
from wordsight.cli.teach_report import check_page, report_model, report_records
from wordsight.config import Task

if TYPE_CHECKING:
    from wordsight.data.manifest import Manifest, Sample
    from wordsight.evaluation.protocols import Prediction
    from wordsight.evaluation.report import Report
    from wordsight.reader import Reader
    from wordsight.vocabulary import Vocabulary


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(opt.grouped(evaluate))
    app.command()(doctor)
    app.command()(languages)


def evaluate(
    manifest: Annotated[Path, typer.Argument(help="Folder with labels.jsonl.")],
    task: Annotated[Task, typer.Option("--task", help="What is measured.")] = "end-to-end",
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
    missing_ok: Annotated[bool, typer.Option("--missing-ok", help="Count a missing prediction as empty.")] = False,
    own_lexicons: Annotated[bool, typer.Option("--own-lexicons", help="Expect each line's own `lexicon`.")] = False,
    model: Annotated[
        str, typer.Option("--model", help="Measure a taught model against the stock reader, field by field.")
    ] = "",
    page: Annotated[
        Path | None, typer.Option("--report", help="Write a report as an HTML page here, and as JSON beside it.")
    ] = None,
    *,
    finding: opt.Finding,
    recognizing: opt.Recognizing,
    choosing: opt.Choosing,
    running: opt.Running,
) -> None:
    """Measure how right readings are, by the protocols of the field.

    Examples:
        wordsight evaluate street --task page-words

        wordsight evaluate street --task detection --predictions read.jsonl

        wordsight evaluate words --task recognition --own-lexicons

        wordsight evaluate receipts --model receipts --report receipts.html
    """
    from wordsight.data.manifest import Manifest
    from wordsight.evaluation import report

    if rows is not None:
        check_file(rows)
    if page is not None:
        check_page(page)
    samples = Manifest.open(manifest).part(split, where)
    if model:
        report_model(samples, model, page, as_json, running)
        return
    if predictions is not None:
        cases, records = list(samples), report.read_predictions(predictions)
    else:
        lexicons, recognizing = _lexicons(recognizing, own_lexicons)
        reader = make_reader(finding, recognizing, choosing, running)
        cases, records = _read(reader, samples, task == "recognition", lexicons)
    _print(report.evaluate(cases, records, task, min_score=min_score, missing_ok=missing_ok), rows, as_json)
    if page is not None:
        report_records(samples, cases, records, page)


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


def _lexicons(recognizing: opt.Recognizing, own: bool) -> tuple[Callable[[Sample], Vocabulary | None], opt.Recognizing]:
    """What each sample may say, and the options for the reader.

    With ``own`` it is the list of the sample's line, with the pattern and strictness of the options.
    """
    from wordsight.vocabulary import Vocabulary

    def listed(sample: Sample) -> Vocabulary | None:
        words = sample.lexicon if own else None
        return Vocabulary(words, recognizing.pattern, strict=recognizing.strict_lexicon) if words else None

    if own and recognizing.lexicon is None and not recognizing.pattern:
        return listed, replace(recognizing, strict_lexicon=False)  # what is strict is each picture's list
    return listed, recognizing


def _read(
    reader: Reader, samples: Manifest, crops: bool, lexicons: Callable[[Sample], Vocabulary | None]
) -> tuple[list[Sample], list[Prediction]]:
    """The samples as they were read, and what was read in them."""
    from wordsight.evaluation.predict import predict

    pairs = list(progress(predict(reader, samples, crops, lexicons), len(samples)))
    return [sample for sample, _ in pairs], [record for _, record in pairs]


def _print(report: Report, rows: Path | None, as_json: bool) -> None:
    if rows is not None:
        with target(rows) as out:
            out.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in report.rows)
    typer.echo(json.dumps(report.totals) if as_json else "  ".join(_figure(*item) for item in report.totals.items()))


def _figure(name: str, value: object) -> str:
    return f"{name} {value:.4f}" if isinstance(value, float) else f"{name} {value}"
