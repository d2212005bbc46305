"""Labels that `wordsight suggest` saves: receipts labelled as it ranks them, against receipts drawn by chance.

    python benchmarks/suggest.py
    python benchmarks/suggest.py --budgets 5 10 20 --seeds 2

For each seed a hash draws --unseen receipts, as in teach_documents.py, and the order of the others. Both ways start
from the first of these. "chance" goes on in that order; "suggest" teaches a tagger from what is labelled, ranks all
others with it as the command does, and labels the best until the next budget is reached. Confidences have the weights
that every teaching of documents starts from: there is one model for each budget, not six, and the order is the model's.

The pages are read once and kept in --work, like each finished row: a run that was stopped goes on.

  F       exact but for case and white space, over all fields of the unseen receipts; mean of the seeds
  saved   share of labels that chance needs more for the same mean F (between its budgets: straight lines); negative
          where suggest needs more; none where chance does not get there within the budgets
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from statistics import fmean
from typing import Any

import common
from teach_documents import DATA, part
from wordsight import __version__
from wordsight.evaluation.fields import figures
from wordsight.fields.extract import TaughtModel
from wordsight.fields.model import LabelCard, ModelCard
from wordsight.fields.parts import Parts, build_parts
from wordsight.fields.suggest import looked, rank
from wordsight.image.load import load
from wordsight.stages import StageOptions
from wordsight.training.events import Room
from wordsight.training.fields import train_tagger
from wordsight.training.lesson import Label, Lesson, prepare
from wordsight.training.teach_documents import USUAL, Answer, ReadExample, cases, make_cards, read_examples

BUDGETS = (5, 10, 15, 20, 30, 50)
WAYS = ("chance", "suggest")
HEADER = ("labelled", "unseen", "seeds", *WAYS, "chance needs", "saved")


def cards_of(labels: Sequence[Label], learnt: Sequence[ReadExample]) -> tuple[LabelCard, ...]:
    """What is known about labels from some pages."""
    cards = make_cards(labels, [one.example for one in learnt])
    return tuple(replace(card, calibration=USUAL) for card in cards)


def taught(learnt: Sequence[ReadExample], lesson: Lesson, parts: Parts) -> TaughtModel:
    """A model from some pages, of the labels whose values were read on any of them."""
    found = [label for label in lesson.labels if any(one.document.spans.get(label.name) for one in learnt)]
    tagger = train_tagger([one.document for one in learnt], [label.name for label in found])
    card = ModelCard("receipts", cards_of(found, learnt), datetime.now(UTC).isoformat(), __version__)
    return TaughtModel(card, replace(parts, tagger=tagger))


def score(model: TaughtModel, unseen: Sequence[ReadExample], cards: Sequence[LabelCard]) -> float:
    """F of a model on pages; what it has no label for is missed."""
    answers = [Answer(read, tuple(model.candidates(load(read.example.sample.path), read.page))) for read in unseen]
    return float(figures(cases(answers, cards))["f"])


def best(model: TaughtModel, left: Sequence[ReadExample], count: int) -> list[ReadExample]:
    """The pages that the model wants labelled next."""
    by_name = {one.example.name: one for one in left}
    seen = []
    for name, one in by_name.items():
        picture = load(one.example.sample.path)
        seen.append(looked(model, name, picture, model.candidates(picture, one.page)))
    return [by_name[one.image] for one in rank(seen, count)]


def curve(
    way: str, seed: int, lesson: Lesson, read: dict[str, ReadExample], parts: Parts, options: argparse.Namespace
) -> dict[str, Any]:
    """F at every budget, measured or as it was kept."""
    budgets = "-".join(map(str, options.budgets))
    path = options.work / "suggest" / f"{way}-{seed}-{len(lesson.examples)}-{options.unseen}-{budgets}.json"
    return common.kept(path, lambda: measured(way, seed, lesson, read, parts, options), options.anew)


def measured(
    way: str, seed: int, lesson: Lesson, read: dict[str, ReadExample], parts: Parts, options: argparse.Namespace
) -> dict[str, Any]:
    """F at every budget, measured now."""
    split = part(lesson, seed, options.unseen, len(lesson.examples))
    left, unseen = ([read[example.name] for example in some] for some in (split.learn, split.test))
    learnt: list[ReadExample] = []
    scores: list[float] = []
    model = None
    for budget in options.budgets:
        more = budget - len(learnt)
        chosen = left[:more] if model is None or way == "chance" else best(model, left, more)
        learnt += chosen
        left = [one for one in left if one not in chosen]
        model = taught(learnt, lesson, parts)
        scores.append(score(model, unseen, cards_of(lesson.labels, learnt)))
    return {"way": way, "seed": seed, "date": date.today().isoformat(), "unseen": len(unseen), "F": scores}


def needed(score: float, budgets: Sequence[int], scores: Sequence[float]) -> float | None:
    """Labels with which a curve first reaches a score; None where it does not, or starts above it."""
    if scores[0] > score:
        return None
    for low, high, at, after in zip(budgets, budgets[1:], scores, scores[1:], strict=False):
        if at == score:
            return float(low)
        if after >= score:
            return low + (score - at) / (after - at) * (high - low)
    return float(budgets[-1]) if scores[-1] == score else None


def main() -> None:
    """Measure the curves that are not there yet, and print the table."""
    parser = common.parser(__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="manifest of the receipts")
    parser.add_argument("--work", type=Path, default=common.RUNS / "teach_documents", help="where pages and rows are")
    parser.add_argument("--budgets", type=int, nargs="+", default=BUDGETS, help="labelled receipts, ascending")
    parser.add_argument("--seeds", type=int, default=5, help="so many drawings (default 5)")
    parser.add_argument("--unseen", type=int, default=30, help="so many receipts are never learnt from (default 30)")
    parser.add_argument("--pictures", type=int, help="only the first so many by name (default: all)")
    parser.add_argument("--anew", action="store_true", help="measure curves again that are there")
    options = parser.parse_args()
    if sorted(set(options.budgets)) != list(options.budgets):
        parser.error("budgets ascend")
    lesson = prepare(options.data).decided("document")
    lesson = replace(lesson, examples=tuple(sorted(lesson.examples, key=lambda one: one.name)[: options.pictures]))
    if len(lesson.examples) < options.budgets[-1] + options.unseen:
        parser.error(f"{len(lesson.examples)} receipts are too few for these budgets")
    parts = build_parts({}, StageOptions())
    steps = read_examples(lesson.examples, lesson.labels, parts.reader, Room(options.work, 1.0, 0, "balanced"))
    read = {one.example.name: one for one in common.outcome(steps)}
    records = [curve(way, seed, lesson, read, parts, options) for seed in range(options.seeds) for way in WAYS]
    means = {way: [fmean(f) for f in zip(*(r["F"] for r in records if r["way"] == way), strict=True)] for way in WAYS}
    rows = []
    for budget, chance, suggest in zip(options.budgets, *(means[way] for way in WAYS), strict=True):
        same = needed(suggest, options.budgets, means["chance"])
        saved = None if same is None else round(1 - budget / same, 3)
        rows.append((budget, records[0]["unseen"], options.seeds, chance, suggest, same, saved))
    note = f"Measured {' and '.join(sorted({record['date'] for record in records}))}."
    results = {"rows": [dict(zip(HEADER, row, strict=True)) for row in rows], "curves": records}
    common.write_results(options, "suggest", results, [common.table(HEADER, rows), note])


if __name__ == "__main__":
    main()
