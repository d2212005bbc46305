"""The report of `wordsight evaluate` and `teach`: a table here, a page and JSON where they are asked for."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from wordsight.cli import options as opt
from wordsight.cli.output import check_file
from wordsight.cli.read import progress
from wordsight.errors import ConfigError, ManifestError

if TYPE_CHECKING:
    from wordsight.data.manifest import Manifest, Sample
    from wordsight.evaluation.protocols import Prediction


def report_model(samples: Manifest, model: str, page: Path | None, as_json: bool, running: opt.Running) -> None:
    """Measure a taught model against the stock reader; see ``training.examine``."""
    from wordsight.evaluation.summary import summarize
    from wordsight.fields.extract import TaughtModel
    from wordsight.fields.parts import build_parts
    from wordsight.stages import StageOptions
    from wordsight.training.examine import compare_model
    from wordsight.training.lesson import examples_of

    options = StageOptions(engine=running.engine, quality=running.quality, threads=running.threads)
    taught, stock = TaughtModel.open(model, options), build_parts({}, options)
    examples = examples_of(_there(samples))
    answered = list(progress(compare_model(taught, stock, examples), len(examples)))
    before = [case for one in answered for case in one.before]
    after = [case for one in answered for case in one.after]
    held_out = "as the manifest is: pictures that the model learnt from look better than new ones"
    report = {"name": taught.card.name, "pictures": len(examples), "held_out": held_out, **summarize(before, after)}
    _give(report, samples, page, as_json)


def report_records(samples: Manifest, cases: Sequence[Sample], records: Sequence[Prediction], page: Path) -> None:
    """A page about predictions that were made or read before."""
    from wordsight.evaluation.report import pair
    from wordsight.evaluation.summary import summarize
    from wordsight.training.examine import cases_of_record
    from wordsight.training.lesson import examples_of

    examples = examples_of(_there(replace(samples, samples=tuple(cases))))
    pairs = pair([example.sample for example in examples], records, missing_ok=True)
    answered = [
        case for example, (_, record) in zip(examples, pairs, strict=True) for case in cases_of_record(example, record)
    ]
    report = {"name": samples.folder.resolve().name, "pictures": len(examples), **summarize((), answered)}
    _give(report, samples, page, as_json=False)


def check_page(page: Path) -> None:
    """Refuse what cannot be a page, before any work is done for it.

    Raises:
        ConfigError: It is a folder, in none, or has the name of the JSON that is written beside it.
    """
    check_file(page)
    if page.suffix.casefold() not in (".html", ".htm"):
        raise ConfigError(f"the report {page} is a page: end its name in .html; the same as .json is written beside it")


def _there(samples: Manifest) -> Manifest:
    if not len(samples):
        raise ManifestError("no picture to evaluate; check the manifest, the split and the flag")
    missing = [sample.image for sample in samples if not sample.path.is_file()]
    if missing:
        raise ManifestError(f"{len(missing)} pictures are not there (first: {missing[0]}); copy them into the folder")
    return samples


def _give(report: Mapping[str, Any], samples: Manifest, page: Path | None, as_json: bool) -> None:
    from wordsight.evaluation.page import write_page

    if as_json:
        typer.echo(json.dumps(report, ensure_ascii=False))
    else:
        show_figures(report)
    if page is not None:
        write_page(page, report, {sample.image: sample.path for sample in samples})
        typer.echo(f"report: {page}", err=True)


def show_figures(report: Mapping[str, Any]) -> None:
    """Before and now by field, as lines of text."""
    before, after = report["before"], report["after"]
    compared = bool(before.get("cases"))
    head = ("field", *(("F before", "F now") if compared else ("F",)), "95 %", "exact", "letters", "cover 98 %", "ECE")
    rows = [head]
    for label in ("", *after.get("by_label", {})):
        old, new = ((of.get("by_label", {}).get(label, {}) if label else of) for of in (before, after))
        if new.get("cases"):
            low, high = new["f_interval"]
            figures = [*([old.get("f", 0.0)] if compared else []), new["f"]]
            cells = [label or "all", *map(_number, figures), f"{low:.2f}-{high:.2f}"]
            rows.append((*cells, *(_number(new[key]) for key in ("exact", "letters_exact", "coverage", "ece"))))
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    for row in rows:
        typer.echo("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
