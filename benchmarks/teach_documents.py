"""What `wordsight teach` makes of 5 to 100 labelled receipts, on receipts that it never saw.

    python benchmarks/teach_documents.py
    python benchmarks/teach_documents.py --counts 5 100 --seeds 3

For each seed a hash of their names draws --unseen receipts; of the others the first --counts are labelled, and taught
as the command does it (confidences are fitted by cross-validation on the labelled ones). Receipts with the same values
in all fields are one receipt that was scanned twice, and never on both sides. Nothing was chosen on the receipts that
seed 0 leaves unseen; the others' were looked at while the tagger was made.

The pages are read once, by the stock reader, and kept in --work like each finished row: a run that was stopped goes on.

  F         2 right / (given + wanted) over all fields, exact but for case and white space; mean of the seeds, and range
  letters   the same, letters and digits only: 28-03-18 is 28/03/18 here
  ECE       mean distance between confidence and share of right values, 15 bins, values of all seeds together
  cov. 98   share of the given values, the surest first, of which 98 % are right, values of all seeds together
  seconds   of teaching, pages read already; mean
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from statistics import fmean
from typing import Any

import common
from wordsight.evaluation.calibration import coverage_at, expected_calibration_error
from wordsight.evaluation.fields import Case, Said, figures
from wordsight.fields.parts import build_parts
from wordsight.reader import Reader
from wordsight.stages import StageOptions
from wordsight.training.events import Outcome, Room
from wordsight.training.lesson import Example, Lesson, Split, prepare
from wordsight.training.pages import read_page
from wordsight.training.teach_documents import teach_documents

DATA = Path(__file__).parents[2] / "shared" / "data" / "sroie"
COUNTS = (5, 10, 25, 50, 100)
HEADER = ("labelled", "unseen", "seeds", "F", "from", "to", "seed 0", "letters", "ECE", "cov. 98", "seconds")
FIELDS = ("field", "labelled", "F", "letters", "ECE", "cov. 98")


def part(lesson: Lesson, seed: int, unseen: int, count: int) -> Split:
    """Which receipts are labelled, and which are unseen; the same for equal arguments on every machine."""
    ranked: dict[str, list[Example]] = defaultdict(list)
    for example in lesson.examples:
        ranked[json.dumps(dict(example.values), sort_keys=True)].append(example)
    order = sorted(ranked.values(), key=lambda group: hashlib.sha256(f"{seed}/{group[0].name}".encode()).digest())
    flat = [example for group in order for example in group]
    asked = flat[:unseen]
    while ranked[json.dumps(dict(asked[-1].values), sort_keys=True)][-1] is not asked[-1]:
        asked = flat[: len(asked) + 1]
    return Split(tuple(flat[len(asked) :][:count]), (), tuple(asked), told=True)


def taught(split: Split, lesson: Lesson, reader: Reader, folder: Path) -> Outcome:
    """Teach as the command does, without its report."""
    return common.outcome(teach_documents(lesson.labels, split, reader, Room(folder, 1.0, 0, "balanced")))


def run(count: int, seed: int, lesson: Lesson, reader: Reader, options: argparse.Namespace) -> dict[str, Any]:
    """One row, measured or as it was kept."""
    path = options.work / "rows" / f"{options.unseen}-{count}-{seed}.json"
    return common.kept(path, lambda: measured(count, seed, lesson, reader, options), options.anew)


def measured(count: int, seed: int, lesson: Lesson, reader: Reader, options: argparse.Namespace) -> dict[str, Any]:
    """One row, measured now."""
    split = part(lesson, seed, options.unseen, count)
    start = time.monotonic()
    outcome = taught(split, lesson, reader, options.work)
    return {
        "labelled": len(split.learn),
        "seed": seed,
        "date": date.today().isoformat(),
        "seconds": round(time.monotonic() - start, 1),
        "load": round(os.getloadavg()[0], 1),
        "unseen": [example.name for example in split.test],
        "cases": [asdict(case) for case in outcome.after],
    }


def cases_of(record: dict[str, Any]) -> list[Case]:
    """A kept row's cases; pictures of different seeds count as different ones."""
    return [
        Case(
            image=f"{record['seed']}/{case['image']}",
            label=case["label"],
            wanted=tuple(case["wanted"]),
            said=tuple(Said(said["text"], said["confidence"]) for said in case["said"]),
        )
        for case in record["cases"]
    ]


def trust(cases: Sequence[Case]) -> dict[str, float]:
    """ECE, and coverage at an accuracy of 98 %."""
    sure = [said.confidence for case in cases for said in case.counted]
    right = [verdict for case in cases for verdict in case.verdicts()]
    return {
        "ECE": round(expected_calibration_error(sure, right), 4),
        "cov. 98": round(coverage_at(sure, right, 0.98), 4),
    }


def row(records: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The figures of all seeds of one count."""
    each = [figures(cases_of(record)) for record in records]
    every = [case for record in records for case in cases_of(record)]
    f = [one["f"] for one in each]
    return {
        "labelled": records[0]["labelled"],
        "unseen": len(records[0]["unseen"]),
        "seeds": len(records),
        "F": round(fmean(f), 4),
        "from": min(f),
        "to": max(f),
        "seed 0": f[0],
        "letters": round(fmean(one["letters_f"] for one in each), 4),
        **trust(every),
        "seconds": round(fmean(record["seconds"] for record in records), 1),
        "seed 0 alone": {"interval": each[0]["f_interval"], **trust(cases_of(records[0]))},
    }


def by_field(records: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same for each field, the seeds' values together."""
    every = [case for record in records for case in cases_of(record)]
    rows = []
    for name in sorted({case.label for case in every}):
        own = [case for case in every if case.label == name]
        numbers = figures(own)
        total = {"field": name, "labelled": records[0]["labelled"], "F": numbers["f"], "letters": numbers["letters_f"]}
        rows.append({**total, **trust(own)})
    return rows


def main() -> None:
    """Measure the rows that are not there yet, and print all."""
    parser = common.parser(__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="manifest of the receipts")
    parser.add_argument("--work", type=Path, default=common.RUNS / "teach_documents", help="where pages and rows are")
    parser.add_argument("--counts", type=int, nargs="+", default=COUNTS, help="labelled receipts (default 5 ... 100)")
    parser.add_argument("--seeds", type=int, default=5, help="so many drawings (default 5)")
    parser.add_argument("--unseen", type=int, default=30, help="so many receipts are never learnt from (default 30)")
    parser.add_argument("--anew", action="store_true", help="measure rows again that are there")
    options = parser.parse_args()
    lesson = prepare(options.data).decided("document")
    lesson = replace(lesson, examples=tuple(sorted(lesson.examples, key=lambda example: example.name)))
    reader = build_parts({}, StageOptions()).reader
    start = time.monotonic()
    for number, example in enumerate(lesson.examples):
        read_page(reader, example.sample.path, options.work / "pages")
        common.progress(number + 1, len(lesson.examples))
    minutes = (time.monotonic() - start) / 60
    records = [[run(count, seed, lesson, reader, options) for seed in range(options.seeds)] for count in options.counts]
    rows, fields = [row(some) for some in records], by_field(records[-1])
    dates = sorted({record["date"] for some in records for record in some})
    table = common.table(HEADER, [[one[key] for key in HEADER] for one in rows])
    detail = common.table(FIELDS, [[one[key] for key in FIELDS] for one in fields])
    note = f"Measured {' and '.join(dates)}; reading the pages took {minutes:.1f} minutes of this run."
    common.write_results(
        options, "teach_documents", {"rows": rows, "fields": fields, "note": note}, [table, detail, note]
    )


if __name__ == "__main__":
    main()
