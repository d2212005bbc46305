"""Word crops: accuracy, speed, what each rule adds, and whether the confidence means what it says.

    python benchmarks/recognition.py
    python benchmarks/recognition.py ../shared/data/svt_words_train --count 100 --no-ablation
    python benchmarks/recognition.py --recognizer crnn --no-ablation
    python benchmarks/recognition.py --fit

Accuracy is that of the recognition benchmarks: a-z and 0-9 only, case folded, crops without such a character left out.
"Held out" is the same on the crops whose name has an odd CRC-32, on which no rule was chosen. Words a second are those
of `Reader.recognize` with 64 crops at a time, already decoded. The second table compares the recognizer, with its rules
and with all sets mixed, with the published weights and plain greedy decoding, batch by batch in turn.

The rules, each of which the ablation adds to plain greedy decoding alone and takes away from all:

  ascii        characters outside of ASCII only where they are sure
  tall         tall crops that make no sense are read lying on either side
  widened      narrow crops are stretched, so that every character gets several frames
  second look  stretched crops that stay doubtful are read at their natural width too
  views        crops that stay doubtful are looked at from four other sides, and the readings vote

Calibration is measured on the crops whose name (`image` in the manifest) has an odd CRC-32: the coefficients in
wordsight.recognition.confidence were fitted on the even ones. --fit prints them anew. "Before" is the plain product of
the characters' probabilities.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

import common
from wordsight import registry
from wordsight.data.manifest import Sample
from wordsight.evaluation.calibration import coverage_at, expected_calibration_error, reliability
from wordsight.evaluation.protocols import fold
from wordsight.evaluation.report import evaluate
from wordsight.image.load import load
from wordsight.reader import Reader
from wordsight.recognition.confidence import LEAST, product
from wordsight.recognition.svtr import SvtrRecognizer
from wordsight.recognition.views import DOUBTFUL, views, vote
from wordsight.stages import StageOptions
from wordsight.types import Picture, Reading

DATA = Path(__file__).parents[2] / "shared" / "data"
SETS = ("iiit5k_train", "svt_words_train", "icdar2015_words_train")
TOGETHER = 64
SPEED = 1024
"""So many crops are read to compare speeds."""
RULES = ("ascii", "tall", "widened", "second look", "views")

Recognize = Callable[[Sequence[Picture]], list[Reading]]


@dataclass(frozen=True)
class CropSet:
    """Crops with their truth."""

    name: str
    samples: tuple[Sample, ...]
    crops: tuple[Picture, ...]


@dataclass(frozen=True)
class Answers:
    """Of each compared crop the confidence, the product of its characters' probabilities, and whether it is right."""

    confidences: NDArray[np.float64]
    products: NDArray[np.float64]
    right: NDArray[np.bool_]

    def where(self, chosen: NDArray[np.bool_]) -> Answers:
        """A part of them."""
        return Answers(self.confidences[chosen], self.products[chosen], self.right[chosen])

    def figures(self) -> dict[str, Any]:
        """How well the confidence is calibrated."""
        return {
            "calibration_crops": len(self.right),
            "ece_before": expected_calibration_error(self.products, self.right),
            "ece_after": expected_calibration_error(self.confidences, self.right),
            "coverage_at_98": coverage_at(self.confidences, self.right, 0.98),
        }


@dataclass(frozen=True)
class Result:
    """Readings of a set: the protocol's figures, speed, and the answers on which calibration is measured, or fitted."""

    totals: dict[str, Any]
    speed: dict[str, float]
    held_out: Answers
    others: Answers


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = common.parser(__doc__)
    parser.add_argument("manifests", type=Path, nargs="*", help=f"folders of crops (default: {', '.join(SETS)})")
    common.add_selection(parser, count=None)
    parser.add_argument("--threads", type=int, help="most threads (default: all)")
    parser.add_argument("--recognizer", default="svtr", help="svtr (default) or crnn")
    parser.add_argument("--no-ablation", action="store_true", help="leave out the table of rules")
    parser.add_argument("--fit", action="store_true", help="fit the calibration on the other crops, and print it")
    options = parser.parse_args(arguments)
    sets = [open_set(folder, options) for folder in options.manifests or [DATA / name for name in SETS]]
    if options.fit:
        print_fit(together(measure(readers(options.threads, set(RULES)), one).others for one in sets))
        return
    results = {one.name: measure(readers(options.threads, set(RULES), options.recognizer), one) for one in sets}
    record: dict[str, Any] = {"seed": options.seed, "count": options.count, "threads": options.threads}
    record["sets"] = {name: one.totals | one.speed | one.held_out.figures() for name, one in results.items()}
    parts = ["Splits: " + "; ".join(f"{one.name}: {splits(one)}" for one in sets), accuracy_table(results)]
    record["speed"] = compare_speed(sets, options)
    parts += ["Speed, all sets mixed:", speed_table(record["speed"])]
    answers = {name: one.held_out for name, one in results.items()}
    answers["all"] = together(answers.values())
    record["sets"]["all"] = answers["all"].figures()
    rows = reliability(answers["all"].confidences, answers["all"].right)
    record["reliability"] = [[row.low, row.high, row.count, row.confidence, row.accuracy] for row in rows]
    parts += ["Calibration, on the crops that it was not fitted on:", calibration_table(answers)]
    parts += ["Reliability of all these crops:", reliability_table(rows)]
    if not options.no_ablation:
        record["ablation"] = ablation(sets, options.threads)
        parts += ["Accuracy by rules:", ablation_table(record["ablation"])]
    common.write_results(options, "recognition", record, parts)


def open_set(folder: Path, options: argparse.Namespace) -> CropSet:
    """The chosen crops of a manifest, decoded."""
    samples = tuple(sample for sample in common.select(folder, options) if sample.text is not None)
    return CropSet(folder.resolve().name, samples, tuple(load(sample.path) for sample in samples))


def splits(one: CropSet) -> str:
    """The parts of a set that were read."""
    return f"{len(one.samples)} crops of " + ", ".join(sorted({sample.split or "no split" for sample in one.samples}))


def readers(threads: int | None, rules: set[str], name: str = "svtr") -> Recognize:
    """A function that reads crops under some of the rules."""
    stock = registry.create_recognizer(name, StageOptions(threads=threads))
    assert isinstance(stock, SvtrRecognizer)
    if "ascii" not in rules:
        stock = replace(stock, allowed=np.arange(len(stock.charset)))
    if "widened" not in rules:
        stock = replace(stock, min_width=16)
    if "second look" not in rules:
        stock = replace(stock, second_look=0.0)
    # Turning and other views are the reader's part, not the recognizer's.
    if not rules & {"tall", "views"}:
        return stock.recognize
    reader = Reader(recognizer=stock, threads=threads, quality="balanced" if "views" in rules else "fast")
    if "tall" in rules:
        return reader.recognize
    return lambda crops: _voted(stock, crops)


def _voted(stock: SvtrRecognizer, crops: Sequence[Picture]) -> list[Reading]:
    """Readings where doubtful crops are looked at from other sides, but not turned."""
    readings = stock.recognize(crops)
    return [
        vote(reading, stock.recognize(views(crop))) if reading.confidence < DOUBTFUL else reading
        for crop, reading in zip(crops, readings, strict=True)
    ]


def measure(recognize: Recognize, one: CropSet) -> Result:
    """Read a set."""
    recognize(one.crops[:TOGETHER])  # so that the network's shapes are compiled
    cores, clock = time.process_time(), time.perf_counter()
    starts = range(0, len(one.crops), TOGETHER)
    readings = [reading for start in starts for reading in recognize(one.crops[start : start + TOGETHER])]
    cores, clock = time.process_time() - cores, time.perf_counter() - clock
    records = [{"image": s.image, "text": r.text} for s, r in zip(one.samples, readings, strict=True)]
    report = evaluate(one.samples, records, "recognition")
    pairs = [(s, r) for s, r in zip(one.samples, readings, strict=True) if fold(s.text or "")]
    answers = Answers(
        confidences=np.array([reading.confidence for _, reading in pairs]),
        products=np.array([product(reading.spans) for _, reading in pairs]),
        right=np.array([fold(sample.text or "") == fold(reading.text) for sample, reading in pairs]),
    )
    held_out = np.array([crc32(sample.image.encode()) % 2 == 1 for sample, _ in pairs])
    speed = {
        "words_per_second": len(one.crops) / clock,
        "core_seconds_per_1000": 1000 * cores / len(one.crops),
    }
    return Result(report.totals, speed, answers.where(held_out), answers.where(~held_out))


def compare_speed(sets: Sequence[CropSet], options: argparse.Namespace) -> dict[str, dict[str, float]]:
    """Words a second of the recognizer and of plain greedy decoding with the published weights."""
    crops = [crop for one in sets for crop in one.crops]
    random.Random(0).shuffle(crops)
    runs = {
        "published weights, plain greedy": readers(options.threads, set()),
        f"{options.recognizer}, all rules": readers(options.threads, set(RULES), options.recognizer),
    }
    clocks, cores = dict.fromkeys(runs, 0.0), dict.fromkeys(runs, 0.0)
    batches = [crops[start : start + TOGETHER] for start in range(0, min(SPEED, len(crops)), TOGETHER)]
    for recognize in runs.values():  # once before, so that the network's shapes are compiled
        for batch in batches:
            recognize(batch)
    for number, batch in enumerate(batches):
        # In turn: who comes first may have to prepare shapes of the network that the others then find.
        for name, recognize in list(runs.items())[:: 1 if number % 2 else -1]:
            clock, core = time.perf_counter(), time.process_time()
            recognize(batch)
            clocks[name] += time.perf_counter() - clock
            cores[name] += time.process_time() - core
    count = sum(map(len, batches))
    return {
        name: {"words_per_second": count / clocks[name], "core_seconds_per_1000": 1000 * cores[name] / count}
        for name in runs
    }


def speed_table(found: dict[str, dict[str, float]]) -> str:
    """One row for each way to read."""
    first = next(iter(found.values()))
    rows = []
    for name, one in found.items():
        share = first["core_seconds_per_1000"] / one["core_seconds_per_1000"]
        rows.append([name, f"{one['words_per_second']:.0f}", f"{one['core_seconds_per_1000']:.1f}", f"{share:.2f}"])
    return common.table(["", "words/s", "core-s per 1000", "speed by core-s, relative"], rows)


def together(parts: Iterable[Answers]) -> Answers:
    """Answers of several sets as one."""
    return Answers(*(np.concatenate(column) for column in zip(*(astuple(part) for part in parts), strict=True)))


def ablation(sets: Sequence[CropSet], threads: int | None) -> dict[str, dict[str, float]]:
    """Accuracy by set, for variants of the rules."""
    everything = set(RULES)
    variants = {"plain greedy": set[str](), **{f"plain + {rule}": {rule} for rule in RULES}}
    variants |= {f"all − {rule}": everything - {rule} for rule in RULES} | {"all": everything}
    found: dict[str, dict[str, float]] = {}
    for number, (name, rules) in enumerate(variants.items(), 1):
        recognize = readers(threads, rules)
        found[name] = {one.name: measure(recognize, one).totals["accuracy"] for one in sets}
        common.progress(number, len(variants))
    return found


def print_fit(answers: Answers) -> None:
    """Fit 1 / (1 + exp(-(a ln p - b ln(1 - p) + c))) by Newton's method.

    Kull, Silva Filho and Flach, "Beta calibration" (AISTATS 2017), section 4.1.
    """
    p = np.clip(answers.products, LEAST, 1 - LEAST)
    features = np.column_stack([np.log(p), -np.log(1 - p), np.ones(len(p))])
    weights = np.zeros(3)
    for _ in range(50):
        guess = 1 / (1 + np.exp(-features @ weights))
        curvature = (features * (guess * (1 - guess))[:, None]).T @ features
        weights += np.linalg.solve(curvature + 1e-6 * np.eye(3), features.T @ (answers.right - guess))
    a, b, c = weights.round(3)
    print(f"A, B, C = {a}, {b}, {c}  # {len(p)} crops, {answers.right.mean():.1%} right")


def accuracy_table(results: dict[str, Result]) -> str:
    """One row a set."""
    rows = []
    for name, one in results.items():
        t = one.totals
        accuracy, exact, cer = (f"{100 * t[key]:.1f}" for key in ("accuracy", "exact", "cer"))
        speed = [f"{value:.0f}" for value in one.speed.values()]
        held_out = f"{100 * one.held_out.right.mean():.1f}"
        rows.append([name, accuracy, t["words"], held_out, len(one.held_out.right), exact, t["crops"], cer, *speed])
    header = [
        "set",
        "accuracy %",
        "compared",
        "held out %",
        "of them",
        "exact %",
        "crops",
        "CER %",
        "words/s",
        "core-s per 1000",
    ]
    return common.table(header, rows)


def calibration_table(answers: dict[str, Answers]) -> str:
    """One row a set, and one for all."""
    rows = [[name, *one.figures().values()] for name, one in answers.items()]
    return common.table(["set", "crops", "ECE before", "ECE after", "coverage at 98 %"], rows)


def reliability_table(rows: Sequence[Any]) -> str:
    """The bins of a reliability diagram."""
    cells = [[f"{r.low:.2f}–{r.high:.2f}", r.count, r.confidence, r.accuracy] for r in rows]
    return common.table(["confidence", "crops", "mean confidence", "share right"], cells)


def ablation_table(found: dict[str, dict[str, float]]) -> str:
    """One row a variant."""
    names = list(next(iter(found.values())))
    rows = [[variant, *(f"{100 * accuracies[name]:.2f}" for name in names)] for variant, accuracies in found.items()]
    return common.table(["rules", *names], rows)


if __name__ == "__main__":
    main()
