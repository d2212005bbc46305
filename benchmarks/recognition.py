"""Word crops: accuracy, speed, what each rule adds, and whether the confidence means what it says.

    python benchmarks/recognition.py
    python benchmarks/recognition.py ../shared/data/svt_words_train --count 100 --no-ablation
    python benchmarks/recognition.py --fit

Accuracy is that of the recognition benchmarks: a-z and 0-9 only, case folded, crops without such a character left out.
Words a second are those of `Reader.recognize` with 64 crops at a time, already decoded.

The rules, each of which the ablation adds to plain greedy decoding alone and takes away from all:

  ascii        characters outside of ASCII only where they are sure
  tall         tall crops that make no sense are read lying on either side
  widened      narrow crops are stretched, so that every character gets several frames
  second look  stretched crops that stay doubtful are read at their natural width too

Calibration is measured on every second crop of each set, those at odd places (counted from 0, after the crops without
a letter or digit were left out): the coefficients in wordsight.recognition.confidence were fitted on the others. --fit
prints them anew. "Before" is the plain product of the characters' probabilities.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

import common
from wordsight import registry
from wordsight.data.manifest import Sample
from wordsight.evaluation.calibration import coverage_at, expected_calibration_error, reliability
from wordsight.evaluation.protocols import fold
from wordsight.evaluation.report import evaluate
from wordsight.image.load import load
from wordsight.reader import Reader
from wordsight.recognition.confidence import product
from wordsight.recognition.svtr import SvtrRecognizer
from wordsight.stages import StageOptions
from wordsight.types import Picture, Reading

DATA = Path(__file__).parents[2] / "shared" / "data"
SETS = ("iiit5k_train", "svt_words_train", "icdar2015_words_train")
TOGETHER = 64
RULES = ("ascii", "tall", "widened", "second look")

Recognize = Callable[[Sequence[Picture]], list[Reading]]


@dataclass(frozen=True)
class CropSet:
    """Crops with their truth."""

    name: str
    samples: tuple[Sample, ...]
    crops: tuple[Picture, ...]


@dataclass(frozen=True)
class Result:
    """Readings of a set: protocol figures, and of each compared crop its confidences and whether it is right."""

    totals: dict[str, Any]
    seconds: float
    core_seconds: float
    confidences: list[float]
    products: list[float]
    right: list[bool]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = common.parser(__doc__)
    parser.add_argument("manifests", type=Path, nargs="*", help=f"folders of crops (default: {', '.join(SETS)})")
    common.add_selection(parser, count=None)
    parser.add_argument("--threads", type=int, help="most threads (default: all)")
    parser.add_argument("--no-ablation", action="store_true", help="leave out the table of rules")
    parser.add_argument("--fit", action="store_true", help="fit the calibration on the crops at even places, print it")
    options = parser.parse_args(arguments)
    sets = [open_set(folder, options) for folder in options.manifests or [DATA / name for name in SETS]]
    if options.fit:
        print_fit([measure(readers(options.threads, set(RULES)), one) for one in sets])
        return
    results = {one.name: measure(readers(options.threads, set(RULES)), one) for one in sets}
    record: dict[str, Any] = {"seed": options.seed, "count": options.count, "threads": options.threads}
    record["sets"] = {one.name: figures(results[one.name]) for one in sets}
    parts = ["Splits: " + "; ".join(f"{one.name}: {splits(one)}" for one in sets), accuracy_table(results)]
    parts += ["Calibration, on every second crop:", calibration_table(results)]
    held = [held_out(result) for result in results.values()]
    confidences, right = [c for one in held for c in one[0]], [r for one in held for r in one[2]]
    rows = reliability(confidences, right)
    record["reliability"] = [[row.low, row.high, row.count, row.confidence, row.accuracy] for row in rows]
    parts += ["Reliability of all sets together:", reliability_table(rows)]
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


def readers(threads: int | None, rules: set[str]) -> Recognize:
    """A function that reads crops under some of the rules."""
    stock = registry.create_recognizer("svtr", StageOptions(threads=threads))
    assert isinstance(stock, SvtrRecognizer)
    if "ascii" not in rules:
        stock = replace(stock, allowed=np.arange(len(stock.charset)))
    if "widened" not in rules:
        stock = replace(stock, min_width=16)
    if "second look" not in rules:
        stock = replace(stock, second_look=0.0)
    # Turning is the reader's part, not the recognizer's.
    return Reader(recognizer=stock, threads=threads).recognize if "tall" in rules else stock.recognize


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
    return Result(
        totals=report.totals,
        seconds=clock,
        core_seconds=cores,
        confidences=[reading.confidence for _, reading in pairs],
        products=[product(reading.spans) for _, reading in pairs],
        right=[fold(sample.text or "") == fold(reading.text) for sample, reading in pairs],
    )


def held_out(result: Result) -> tuple[list[float], list[float], list[bool]]:
    """Confidences, products and verdicts of the crops that the calibration has not seen."""
    return result.confidences[1::2], result.products[1::2], result.right[1::2]


def figures(result: Result) -> dict[str, Any]:
    """All figures of a set."""
    confidences, products, right = held_out(result)
    return result.totals | {
        "words_per_second": result.totals["crops"] / result.seconds,
        "core_seconds_per_1000": 1000 * result.core_seconds / result.totals["crops"],
        "ece_before": expected_calibration_error(products, right),
        "ece_after": expected_calibration_error(confidences, right),
        "coverage_at_98": coverage_at(confidences, right, 0.98),
        "calibration_crops": len(right),
    }


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


def print_fit(results: Sequence[Result]) -> None:
    """Fit 1 / (1 + exp(-(a ln p - b ln(1 - p) + c))) by Newton's method on the crops at even places.

    Kull, Silva Filho and Flach, "Beta calibration" (AISTATS 2017), section 4.1.
    """
    p = np.clip([p for result in results for p in result.products[::2]], 1e-5, 1 - 1e-5)
    right = np.array([r for result in results for r in result.right[::2]], float)
    features = np.column_stack([np.log(p), -np.log(1 - p), np.ones(len(p))])
    weights = np.zeros(3)
    for _ in range(50):
        guess = 1 / (1 + np.exp(-features @ weights))
        curvature = (features * (guess * (1 - guess))[:, None]).T @ features
        weights += np.linalg.solve(curvature + 1e-6 * np.eye(3), features.T @ (right - guess))
    a, b, c = weights.round(3)
    print(f"A, B, C = {a}, {b}, {c}  # {len(p)} crops, of which {right.mean():.1%} are right")


def accuracy_table(results: dict[str, Result]) -> str:
    """One row a set."""
    header = ["set", "accuracy %", "compared", "exact %", "crops", "CER %", "words/s", "core-s per 1000"]
    rows = []
    for name, result in results.items():
        t, all_figures = result.totals, figures(result)
        shares = [f"{100 * t[key]:.1f}" for key in ("accuracy", "exact", "cer")]
        speed = [f"{all_figures[key]:.0f}" for key in ("words_per_second", "core_seconds_per_1000")]
        rows.append([name, shares[0], t["words"], shares[1], t["crops"], shares[2], *speed])
    return common.table(header, rows)


def calibration_table(results: dict[str, Result]) -> str:
    """One row a set, and one for all."""
    parts = {name: held_out(result) for name, result in results.items()}
    parts["all"] = tuple([x for one in parts.values() for x in one[i]] for i in range(3))  # type: ignore[assignment]
    rows = [
        [
            name,
            len(right),
            expected_calibration_error(products, right),
            expected_calibration_error(confidences, right),
            coverage_at(confidences, right, 0.98),
        ]
        for name, (confidences, products, right) in parts.items()
    ]
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
