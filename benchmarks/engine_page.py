"""The page that compares engines, docs/engines.md: its tables and its picture.

    python benchmarks/engine_page.py --count 20
    python benchmarks/engine_page.py --count 20 --sets captcha,plates --page runs/engines.md

Four sets of real pictures and one of made scenes are read by wordsight, RapidOCR, Tesseract and the classic recipe
(EAST finds words, Tesseract reads each), as in ``peers.py``: one process and one thread each, picture by picture in
rotating order, from the same decoded pixels. Figures: rightness by the set's own measure, processor seconds a picture
(median), the largest resident set, and the pictures that an engine fails on: less than half of their words are right (F
of page words), or the one text that counts is not.

The tables go between the two marks in ``--page``. Real pictures are named only, because they may not be shown; of the
made scenes the one on which each engine is worst, against the best of the others, is drawn into the page's picture.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

import common
from engines import Record
from peers import Run, plate_is_read, run_engines
from wordsight.data.manifest import Manifest, Sample
from wordsight.data.synth import SynthConfig, write_synthetic
from wordsight.evaluation.protocols import Counts, count_page_words, fold
from wordsight.image.draw import draw
from wordsight.image.load import load
from wordsight.types import Picture, Quad, Word

ENGINES = {
    "wordsight-balanced": "wordsight",
    "rapidocr": "RapidOCR",
    "tesseract": "Tesseract",
    "east-tesseract": "EAST + Tesseract",
}
BASE = "rapidocr"
DATA = Path(__file__).parents[2] / "shared" / "data"
PAGE = Path(__file__).parents[1] / "docs" / "engines.md"
MARKS = ("<!-- tables: benchmarks/engine_page.py -->", "<!-- end of tables -->")
SCENES = (11, (896, 768))
"""Seed and size of the made scenes: no training has seen this seed."""
HALF = 0.5
NAMED = 4
"""So many of the pictures that an engine fails on are named."""
WIDTH = 900
"""Of the page's picture, pixels."""


@dataclass(frozen=True)
class Kind:
    """A set and what counts in it.

    Attributes:
        title: Its heading.
        folder: Its folder in the data, empty for made scenes.
        measure: What the figure is called.
        judge: Counts of one picture.
        figure: Which of the counts' figures: ``f``, or ``recall`` where one text counts.
        where: ``M:R``, see ``common.numbered``.
        max_side: Only pictures up to this size, pixels.
    """

    title: str
    folder: str
    measure: str
    judge: Callable[[Sample, Record], Counts]
    figure: str = "f"
    where: str | None = None
    max_side: int | None = None


def plates(sample: Sample, record: Record) -> Counts:
    """Plates that were read exactly, of one picture."""
    wanted = [word for word in sample.words or () if word.quad and not word.ignore and fold(word.text or "")]
    hits = sum(plate_is_read(str(word.text), word.quad or (), record) for word in wanted)
    return Counts(hits, len(wanted), len(wanted))


def whole(sample: Sample, record: Record) -> Counts:
    """Whether all that was read in a picture is its one text."""
    said = fold("".join(word["text"] for word in record["words"]))
    return Counts(int(said == fold(sample.text or "")), 1, 1)


KINDS = {
    "icdar2015_train": Kind("Street photographs", "icdar2015_train", "F of page words", count_page_words, where="10:5"),
    "plates": Kind("Number plates", "plates", "plates read exactly", plates, "recall", max_side=700),
    "sroie": Kind("Receipts", "sroie", "F of page words", count_page_words),
    "captcha": Kind("Captchas", "captcha", "texts read exactly", whole, "recall"),
    "scenes": Kind("Made scenes", "", "F of page words", count_page_words),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    options = parse(arguments)
    parts, results = [], {}
    for name in options.sets.split(","):
        kind = KINDS[name]
        samples = chosen(kind, options)
        truth, runs = run_engines(samples, list(ENGINES), threads=1, warm_up=min(options.warm_up, len(samples)))
        judged = {engine: list(map(kind.judge, truth, run.records)) for engine, run in runs.items()}
        results[name] = {engine: figures(kind, truth, runs[engine], judged[engine]) for engine in ENGINES}
        parts += section(kind, len(truth), results[name])
        if not kind.folder:
            show_worst(truth, runs, judged, options.page.with_suffix(".jpg"))
    put(options.page, parts)
    common.write_results(options, "engines", {"sets": results}, parts)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options."""
    parser = common.parser(__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the sets (default ../shared/data)")
    parser.add_argument("--sets", default=",".join(KINDS), help=f"default {','.join(KINDS)}")
    parser.add_argument("--count", type=int, default=20, help="pictures of each set, drawn by the seed (default 20)")
    parser.add_argument("--seed", type=int, default=0, help="equal seeds draw equal pictures (default 0)")
    parser.add_argument("--warm-up", type=int, default=3, help="pictures read once before the clock runs (default 3)")
    parser.add_argument(
        "--page", type=Path, default=PAGE, help="page to write the tables into (default docs/engines.md)"
    )
    options = parser.parse_args(arguments)
    if unknown := set(options.sets.split(",")) - set(KINDS):
        parser.error(f"--sets knows {', '.join(KINDS)}, not {', '.join(sorted(unknown))}")
    return options


def chosen(kind: Kind, options: argparse.Namespace) -> Manifest:
    """The pictures of a set; made scenes are made at their first use and kept in runs/."""
    if kind.folder:
        wanted = {"split": None, "where": None, "where_number": kind.where, "max_side": kind.max_side}
        return common.select(options.data / kind.folder, argparse.Namespace(**vars(options) | wanted))
    seed, size = SCENES
    folder = common.RUNS / f"engine-scenes-{options.count}"
    if (folder / "labels.jsonl").is_file():
        return Manifest.open(folder)
    return write_synthetic(
        "scenes", folder, options.count, seed, SynthConfig(scene_size=size, negatives=0.0), workers=1
    )


def figures(kind: Kind, truth: Sequence[Sample], run: Run, judged: Sequence[Counts]) -> dict[str, Any]:
    """What an engine reached on a set, and on which pictures it failed."""
    costs = run.costs()
    missed = [Path(sample.image).stem for sample, one in zip(truth, judged, strict=True) if one.wanted and one.f < HALF]
    return {
        "right": getattr(sum(judged, start=Counts()), kind.figure),
        "core_seconds": costs["core_seconds_median"],
        "peak_mb": costs["peak_mb"],
        "fails_on": missed,
    }


def section(kind: Kind, count: int, results: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Heading and table of a set."""
    base, best = results[BASE]["core_seconds"], max(one["right"] for one in results.values())
    header = ["engine", kind.measure, "core-seconds, median", "ratio to RapidOCR", "peak MB", "fails on", "such as"]
    rows = []
    for engine, one in results.items():
        cost, missed = one["core_seconds"], one["fails_on"]
        named = ", ".join(missed[:NAMED]) if kind.folder and kind.folder != "captcha" else None
        right = f"**{one['right']:.3f}**" if one["right"] == best > 0 else one["right"]
        rows.append([ENGINES[engine], right, cost, f"{cost / base:.2f}", round(one["peak_mb"]), len(missed), named])
    source = f"{count} pictures of `{kind.folder}`" if kind.folder else f"{count} scenes of `wordsight synth scenes`"
    part = f", `img_N` with N % {kind.where.replace(':', ' = ')}" if kind.where else ""
    small = f", at most {kind.max_side} pixels" if kind.max_side else ""
    return [f"### {kind.title}", f"{source}{part}{small}.", common.table(header, rows)]


def put(page: Path, parts: Sequence[str]) -> None:
    """Write the tables between the page's marks; a page without them is made new."""
    text = page.read_text(encoding="utf-8") if page.is_file() else "\n".join(MARKS)
    before, _, rest = text.partition(MARKS[0])
    _, _, after = rest.partition(MARKS[1])
    page.write_text("\n\n".join([before + MARKS[0], *parts, MARKS[1]]) + after, encoding="utf-8")


def show_worst(
    truth: Sequence[Sample], runs: Mapping[str, Run], judged: Mapping[str, Sequence[Counts]], path: Path
) -> None:
    """Draw for each engine the picture on which it falls behind the best of the others most, with what it read."""
    rows = []
    for engine, title in ENGINES.items():
        behind = [
            max(judged[other][i].f for other in ENGINES if other != engine) - judged[engine][i].f
            for i in range(len(truth))
        ]
        worst = int(np.argmax(behind))
        words = [as_word(word) for word in runs[engine].records[worst]["words"]]
        rows.append(labelled(draw(load(truth[worst].path), words), f"{title}: F {judged[engine][worst].f:.2f}"))
    Image.fromarray(np.concatenate(rows)).save(path, quality=82, optimize=True, progressive=True)


def as_word(record: Record) -> Word:
    """A word of an engine's answer."""
    return Word(Quad(np.array(record["quad"], np.float32)), record["text"], float(record["confidence"]), 1.0)


def labelled(picture: Picture, title: str) -> Picture:
    """A picture at the page's width under a title."""
    high = round(picture.shape[0] * WIDTH / picture.shape[1])
    head = np.full((26, WIDTH, 3), 255, np.uint8)
    cv2.putText(head, title, (4, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (20, 20, 20), 1, cv2.LINE_AA)
    return np.concatenate(
        [head, np.asarray(cv2.resize(picture, (WIDTH, high), interpolation=cv2.INTER_AREA), np.uint8)]
    )


if __name__ == "__main__":
    main()
