"""wordsight, RapidOCR and Tesseract on the same pictures, in one run.

    python benchmarks/peers.py ../shared/data/icdar2015_train --count 100
    python benchmarks/peers.py ../shared/data/plates --plates --max-side 700
    python benchmarks/peers.py photos --quality fast --quality best --engines wordsight,rapidocr --threads 1

Every engine lives in a process of its own. Picture after picture is given to all of them, one after the other, in an
order that rotates, so that whatever else the machine does falls on all alike. All get the same decoded pixels (squashed
pictures of a set at their original size). The first pictures are also read once beforehand, which does not count:
runtimes prepare themselves for each new size of input.

The figures: processor time (user and system, all threads) and time on the clock a picture; the largest resident set of
each process, loading included; precision, recall and F of the page's words; where the truth has boxes, F of detection
and end to end (wordsight.evaluation). RapidOCR's boxes are lines unless it is asked for words (`rapidocr-words`, which
costs it more time): at the level "word" compare detection with that one only.

--plates adds the share of plates read exactly. Only letters A-Z and digits are compared, case folded. A plate counts
when its text equals the text of a line anywhere in the picture, or that of one or more words which follow each other in
the engine's order, their centres inside the true box.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shapely import Point, Polygon

import common
from engines import Answer, Record, Settings, Worker, find_tessdata
from wordsight.config import Task
from wordsight.data.jsonl import write_jsonl
from wordsight.data.manifest import Manifest, Sample
from wordsight.data.transform import undo_squash
from wordsight.evaluation.protocols import fold
from wordsight.evaluation.report import evaluate
from wordsight.image.load import load

BASE = "rapidocr"
"""The engine that ratios refer to."""
PEERS = ("rapidocr", "rapidocr-words", "tesseract", "east-tesseract")
"""What wordsight is compared with."""


@dataclass
class Run:
    """What one engine did."""

    answers: list[Answer] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)

    def add(self, sample: Sample, answer: Answer) -> None:
        """Keep an answer."""
        self.answers.append(answer)
        self.records.append(answer.record | {"image": sample.image})

    def costs(self) -> dict[str, float]:
        """Seconds a picture and memory."""
        cores, clock = [a.core_seconds for a in self.answers], [a.seconds for a in self.answers]
        return {
            "core_seconds_median": common.median(cores),
            "core_seconds_mean": sum(cores) / len(cores),
            "seconds_median": common.median(clock),
            "seconds_mean": sum(clock) / len(clock),
            "seconds_most": max(clock),
            "peak_mb": self.answers[-1].peak,
            "failed": sum("error" in record for record in self.records),
        }


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    options = parse(arguments)
    samples = common.select(options.manifest, options)
    names = engine_names(options)
    truth, runs = run_engines(samples, names, options.threads, options.warm_up)
    if options.predictions:
        keep(options.predictions, runs)
    results = {name: run.costs() | rightness(truth, run.records, options.plates) for name, run in runs.items()}
    report(options, truth, results)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options."""
    parser = common.parser(__doc__)
    parser.add_argument("manifest", type=Path, help="folder with labels.jsonl")
    common.add_selection(parser, count=None)
    parser.add_argument(
        "--engines",
        default="wordsight,rapidocr,tesseract",
        help="comma-separated: wordsight, rapidocr, rapidocr-words, tesseract, east-tesseract (EAST finds words, "
        "Tesseract reads each); default: all but rapidocr-words and east-tesseract",
    )
    parser.add_argument(
        "--quality", action="append", choices=["fast", "balanced", "best"], help="of wordsight; may be repeated"
    )
    parser.add_argument("--detector", action="append", help="of wordsight; may be repeated (default: its own)")
    parser.add_argument("--threads", type=int, help="most threads of every engine (default: each engine's own default)")
    parser.add_argument("--warm-up", type=int, default=10, help="pictures read once before the clock runs (default 10)")
    parser.add_argument("--plates", action="store_true", help="add the share of plates read exactly")
    parser.add_argument("--predictions", type=Path, help="folder for what each engine read: ENGINE.jsonl")
    return parser.parse_args(arguments)


def engine_names(options: argparse.Namespace) -> list[str]:
    """The engines to run; wordsight once for each quality."""
    names: list[str] = []
    for name in options.engines.split(","):
        if name == "wordsight":
            detectors = [f"-{detector}" for detector in options.detector or []] or [""]
            qualities = options.quality or ["balanced"]
            names += [f"wordsight-{quality}{detector}" for quality in qualities for detector in detectors]
        elif name in PEERS:
            names.append(name)
        else:
            raise SystemExit(f"there is no engine {name!r}; choose from wordsight, {', '.join(PEERS)}")
    return names


def run_engines(
    samples: Manifest, names: Sequence[str], threads: int | None, warm_up: int
) -> tuple[list[Sample], dict[str, Run]]:
    """Read all pictures with all engines, in turns.

    Args:
        samples: The pictures.
        names: The engines, as ``engines.Settings`` names them.
        threads: Most threads of each; None leaves every engine its default.
        warm_up: Pictures that are read once before anything counts.

    Returns:
        The truth of each picture at its original size, and what each engine did.
    """
    tessdata = find_tessdata() if any("tesseract" in name for name in names) else ""
    runs: dict[str, Run] = {name: Run() for name in names}
    truth: list[Sample] = []
    with ExitStack() as stack:
        workers = [stack.enter_context(Worker(Settings(name, threads, tessdata))) for name in names]
        for number, (sample, turn) in enumerate(read_all(workers, samples, warm_up), 1):
            truth.append(sample)
            for name, answer in turn.items():
                runs[name].add(sample, answer)
            common.progress(number, len(samples))
    return truth, runs


def read_all(workers: Sequence[Worker], samples: Manifest, warm_up: int) -> Iterator[tuple[Sample, dict[str, Answer]]]:
    """Each picture's truth, and each engine's answer by its name."""
    for sample in samples.samples[:warm_up]:
        picture, _ = undo_squash(load(sample.path), sample)
        for worker in workers:
            worker.read(picture)
    for number, sample in enumerate(samples):
        picture, original = undo_squash(load(sample.path), sample)
        first = number % len(workers)
        yield original, {worker.name: worker.read(picture) for worker in [*workers[first:], *workers[:first]]}


def rightness(truth: Sequence[Sample], records: Sequence[Record], plates: bool) -> dict[str, Any]:
    """Precision, recall and F by task, as far as the truth allows, and the share of plates."""
    # The truth of some sets is lines: there, lines are what has to be found.
    boxed = [r | {"words": r["lines"]} if s.level == "line" else r for s, r in zip(truth, records, strict=True)]
    found: dict[str, Any] = {
        task: evaluate(truth, records if task == "page-words" else boxed, task).totals for task in tasks(truth)
    }
    if plates:
        wanted = [
            (str(word.text), word.quad, record)
            for sample, record in zip(truth, records, strict=True)
            for word in sample.words or ()
            if word.quad and not word.ignore and fold(word.text or "")
        ]
        found["plates"] = len(wanted)
        found["plates_exact"] = sum(plate_is_read(*one) for one in wanted) / max(len(wanted), 1)
    return found


def tasks(truth: Sequence[Sample]) -> list[Task]:
    """What can be measured with this truth."""
    words = [word for sample in truth for word in sample.words or () if not word.ignore]
    texts = any(word.text for word in words)
    boxes = bool(words) and all(word.quad for word in words)
    chosen: list[Task] = ["page-words"] if texts else []
    if boxes and all(sample.level != "plate" for sample in truth):
        chosen += ["detection", "end-to-end"] if texts else ["detection"]
    return chosen


def plate_is_read(text: str, quad: Sequence[tuple[float, float]], record: Mapping[str, Any]) -> bool:
    """Whether a plate was read exactly; the rule stands at the head of this file."""
    plate = fold(text)
    if any(fold(line["text"]) == plate for line in record["lines"]):
        return True
    box = Polygon(quad).convex_hull
    inside = [fold(w["text"]) for w in record["words"] if box.covers(Point(Polygon(w["quad"]).convex_hull.centroid))]
    return any(
        "".join(inside[start:end]) == plate for start in range(len(inside)) for end in range(start + 1, len(inside) + 1)
    )


def keep(folder: Path, runs: Mapping[str, Run]) -> None:
    """Write each engine's records, with the costs of each picture."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, run in runs.items():
        costs = ({"core_seconds": round(a.core_seconds, 4), "clock_seconds": round(a.seconds, 4)} for a in run.answers)
        write_jsonl(folder / f"{name}.jsonl", (r | c for r, c in zip(run.records, costs, strict=True)))


def report(options: argparse.Namespace, truth: Sequence[Sample], results: Mapping[str, Mapping[str, Any]]) -> None:
    """Print and write the tables."""
    folder = options.manifest.resolve().name
    about = (
        f"{len(truth)} pictures of {folder}, seed {options.seed}; split {options.split or 'all'}; threads "
        f"{options.threads or 'as each engine chooses'}. Ratios are to {BASE}, of the medians."
    )
    parts = [about, cost_table(results), rightness_table(results)]
    settings = {
        "set": folder,
        "pictures": len(truth),
        "seed": options.seed,
        "split": options.split,
        "where": options.where,
        "max_side": options.max_side,
        "threads": options.threads,
    }
    common.write_results(options, f"peers-{folder}", settings | {"engines": dict(results)}, parts)


def cost_table(results: Mapping[str, Mapping[str, Any]]) -> str:
    """Seconds and memory of each engine."""
    base = results.get(BASE, {})
    header = ["engine", "core-s median", "mean", "clock-s median", "mean", "most", "peak MB", "core ratio", "clock"]
    keys = ["core_seconds_median", "core_seconds_mean", "seconds_median", "seconds_mean", "seconds_most"]
    rows = [
        [
            name,
            *(one[key] for key in keys),
            round(one["peak_mb"]),
            *(one[key] / base[key] if base else None for key in ("core_seconds_median", "seconds_median")),
        ]
        for name, one in results.items()
    ]
    return common.table(header, rows)


def rightness_table(results: Mapping[str, Mapping[str, Any]]) -> str:
    """What each engine got right."""
    header = ["engine", "page-words P", "R", "F", f"F − {BASE}", "detection F", "end to end F", "plates", "failed"]
    base = results.get(BASE, {}).get("page-words")
    rows = []
    for name, one in results.items():
        words = one.get("page-words", {})
        boxed = [one.get(task, {}).get("f") for task in ("detection", "end-to-end")]
        more = words["f"] - base["f"] if words and base else None
        shares = [words.get(key) for key in ("precision", "recall", "f")]
        rows.append([name, *shares, more, *boxed, one.get("plates_exact"), one["failed"]])
    return common.table(header, rows)


if __name__ == "__main__":
    main()
