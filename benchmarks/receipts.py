"""How well does the shipped reader of receipts find company, date, address and total? And: make it.

    python benchmarks/receipts.py ../shared/data/sroie
    python benchmarks/receipts.py ../shared/data/sroie --ship src/wordsight/weights/receipt.wordsight

Thirty receipts (--held-out), drawn by the seed, are held out, the reader is taught on the others as `wordsight teach`
does, and F is exact text after white space is folded (SROIE 2019, task 3; BENCHMARKS.md 4.2). With --ship the reader is
then taught on all and written; its card has the figures of the run with 30 held out. No value of the set is kept in
the file: unlike a user's own model it knows no list of companies and addresses. What was read is kept in runs/receipts
(or --work) and used again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

import common
from wordsight.evaluation.fields import Case, folded
from wordsight.fields.confidence import fit
from wordsight.fields.document import Tagger
from wordsight.fields.document_values import document_candidates
from wordsight.fields.model import LabelCard, ModelCard, write_model
from wordsight.fields.parts import TAGGER, build_parts
from wordsight.stages import StageOptions
from wordsight.training.events import Room
from wordsight.training.fields import train_tagger
from wordsight.training.lesson import Example, Label, folds, prepare
from wordsight.training.teach_documents import Answer, ReadExample, cases, make_cards, read_examples, wanted

FIELDS = ("company", "date", "address", "total")
FOLDS = 5
TERMS = "SROIE 2019, scanned receipts: licence not stated, research use; words that occur on several serve as features"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = common.parser(__doc__)
    parser.add_argument("manifest", type=Path, help="folder of labelled receipts")
    parser.add_argument("--held-out", type=int, default=30, help="so many are held out (default 30)")
    parser.add_argument("--seed", type=int, default=0, help="draws them (default 0)")
    parser.add_argument("--ship", type=Path, metavar="FILE", help="write the reader, taught on all of them")
    parser.add_argument("--threads", type=int, help="most threads (default: all)")
    parser.add_argument("--work", type=Path, default=common.RUNS / "receipts", help="folder for what was read")
    options = parser.parse_args(arguments)
    lesson = prepare(options.manifest, dict.fromkeys(FIELDS, "document"))
    labels = [label for label in lesson.labels if label.name in FIELDS]
    read = read_all(lesson.examples, labels, options)
    order = np.random.default_rng(options.seed).permutation(len(read))
    tested = [read[i] for i in order[: options.held_out]]
    learnt = [read[i] for i in sorted(order[options.held_out :])]
    tagger, cards = taught(learnt, labels)
    answered = cases(ask(tagger, cards, tested), cards)
    results = {
        "set": options.manifest.resolve().name,
        "learnt_from": len(learnt),
        "held_out": len(tested),
        "seed": options.seed,
        "f": figures(answered),
    }
    rows = [[name, *(results["f"][name][kind] for kind in ("f", "precision", "recall"))] for name in results["f"]]
    table = common.table(["field", "F", "precision", "recall"], rows)
    common.write_results(options, options.name or f"receipts-{options.manifest.resolve().name}", results, [table])
    for case in answered:
        if not case.right():
            print(case.label, "|", " / ".join(case.wanted), "|", " / ".join(said.text for said in case.said))
    if options.ship:
        ship(options.ship, *taught(read, labels), results, len(read))


def read_all(examples: Sequence[Example], labels: Sequence[Label], options: Any) -> list[ReadExample]:
    """Read the pages of all receipts, or take them from the last run."""
    reader = build_parts({}, StageOptions(threads=options.threads)).reader
    room = Room(options.work, 0.0, options.seed, "balanced", options.threads)
    return common.outcome(read_examples(examples, labels, reader, room), len(examples))


def taught(learnt: Sequence[ReadExample], labels: Sequence[Label]) -> tuple[Tagger, list[LabelCard]]:
    """A tagger, and cards whose confidences were fitted by cross-validation. The cards hold no values."""
    cards = [replace(card, values=()) for card in make_cards(labels, [one.example for one in learnt])]
    by_name = {one.example.name: one for one in learnt}
    answers: list[Answer] = []
    for some, others in folds([one.example for one in learnt], FOLDS):
        tagger = train_tagger([by_name[e.name].document for e in some], [label.name for label in labels])
        answers += ask(tagger, cards, [by_name[e.name] for e in others])
    tagger = train_tagger([one.document for one in learnt], [label.name for label in labels])
    return tagger, [replace(card, calibration=fitted(answers, card)) for card in cards]


def ask(tagger: Tagger, cards: Sequence[LabelCard], asked: Sequence[ReadExample]) -> list[Answer]:
    """What a tagger says about receipts."""
    return [Answer(one, tuple(document_candidates(tagger, one.page, cards))) for one in asked]


def fitted(answers: Sequence[Answer], card: LabelCard) -> tuple[float, ...]:
    """Weights of a field's confidence, from answers about receipts that were not learnt from."""
    signals, right = [], []
    for answer in answers:
        truth = {folded(value) for value in wanted(answer.read.example, card.name)}
        for candidate in answer.candidates:
            if candidate.label == card.name:
                signals.append(candidate.signals)
                right.append(folded(candidate.text) in truth)
    return fit(signals, right)


def figures(answered: Sequence[Case]) -> dict[str, dict[str, float]]:
    """F, precision and recall of all fields and of each."""
    found = {}
    for name in ("all", *FIELDS):
        counts = [case.counts() for case in answered if name in ("all", case.label)]
        total = sum(counts[1:], counts[0])
        found[name] = {"f": round(total.f, 4), "precision": round(total.precision, 4), "recall": round(total.recall, 4)}
    return found


def ship(path: Path, tagger: Tagger, cards: Sequence[LabelCard], results: dict[str, Any], count: int) -> None:
    """Write the reader that was taught on all receipts."""
    card = ModelCard(
        name="receipt",
        labels=tuple(cards),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        version=version("wordsight"),
        data={"pictures": count, "sets": [{"name": results["set"], "terms": TERMS}]},
        metrics={
            "note": f"of another reader, taught on {results['learnt_from']} of these and measured on the other "
            f"{results['held_out']}; this one was taught on all {count}",
            "held_out": results["f"],
        },
        licence="Apache-2.0",
    )
    write_model(path, card, {TAGGER: tagger.dump()})
    print(f"written: {path} ({path.stat().st_size} bytes)")


if __name__ == "__main__":
    main()
