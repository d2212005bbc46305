"""How well, and how fast, is text found? Detection by detector and quality, with what belongs to it.

    python benchmarks/detection.py ../shared/data/icdar2015_train --split train --count 100
    python benchmarks/detection.py --only choice --sets ../shared/data
    python benchmarks/detection.py ../shared/data/msra_td500_train --only quality --join

Parts (``--only`` takes several, with commas):

quality   precision, recall and F of the boxes (ICDAR 2015 protocol), for every detector and quality
speed     pictures a second, from the decoded picture to quads: one after the other (its inverse is the latency), and
          with several in flight, each on one thread, as a server would
decode    processor time of EAST's decoder alone for 10,000 voting cells, on one thread
rotated   F of copies turned by 0, 30, ... 330 degrees, kept in runs/detection (or --work)
choice    how often `auto` calls a picture a page, for all sets in the folder --sets

``--join`` puts words together into lines first, for sets whose truth is lines. What was found is kept in --work; after
an interruption, --resume goes on with it (only do so with the same version).
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np

import common
from wordsight.config import Quality
from wordsight.data.jsonl import read_jsonl
from wordsight.data.manifest import LABELS, Manifest, Sample
from wordsight.data.rotate import rotate_manifest
from wordsight.data.transform import undo_squash
from wordsight.detection.auto import is_page
from wordsight.detection.lanms import decode
from wordsight.evaluation.protocols import Counts, count_boxes
from wordsight.image.load import load
from wordsight.reader import Reader
from wordsight.types import Picture

PARTS = ("quality", "speed", "decode", "rotated", "choice")
PAGES = ("sroie", "funsd_train", "tess_pages", "mrz")
PHOTOS = ("icdar2015_train", "plates", "msra_td500_train")
ROUNDS = 3
WORDS = 24

Record = dict[str, Any]
Setting = tuple[str, Quality]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    options = parse(arguments)
    settings: list[Setting] = [(d, q) for d in options.detectors.split(",") for q in options.qualities.split(",")]
    results: dict[str, Any] = {"set": options.manifest.resolve().name if options.manifest else None}
    parts: list[str] = []
    only = options.only.split(",")
    if options.manifest and set(only) & {"quality", "speed", "rotated"}:
        samples = common.select(options.manifest, options)
        results |= {"pictures": len(samples), "seed": options.seed}
        parts.append(f"{len(samples)} pictures of {results['set']}, seed {options.seed}; lines: {options.join}.")
        if "quality" in only:
            results["quality"] = [quality(options, one, samples, "upright") for one in settings]
            parts.append(quality_table(results["quality"]))
        if "speed" in only:
            results["speed"] = speed(settings, samples, options.in_flight)
            parts.append(speed_table(results["speed"]))
        if "rotated" in only:
            results["rotated"] = [rotated(options, one, samples) for one in settings]
            parts.append(rotated_table(results["rotated"]))
    if "decode" in only:
        results["decode"] = decoding()
        parts.append("EAST's decoder: {cells} cells, {words} words, {ms:.1f} ms.".format(**results["decode"]))
    if "choice" in only and options.sets:
        results["choice"] = choice(options.sets)
        parts.append(choice_table(results["choice"]))
    if not parts:
        raise SystemExit("nothing to measure; name a manifest, or --only choice --sets FOLDER")
    name = "detection" if not results["set"] else f"detection-{results['set']}"
    common.write_results(options, name, results, parts)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options."""
    parser = common.parser(__doc__)
    parser.add_argument("manifest", type=Path, nargs="?", help="folder of pictures and their words")
    common.add_selection(parser, None)
    parser.add_argument("--only", default=",".join(PARTS), help=f"parts (default {','.join(PARTS)})")
    parser.add_argument("--detectors", default="east,dbnet", help="default east,dbnet")
    parser.add_argument("--qualities", default="fast,balanced,best", help="default fast,balanced,best")
    parser.add_argument("--model", type=Path, help="the detector of this file, instead of east's own")
    parser.add_argument("--join", action="store_true", help="put words together into lines first")
    parser.add_argument("--in-flight", type=int, default=3, help="pictures under way at once (default 3)")
    parser.add_argument("--step", type=int, default=30, help="degrees between two copies (default 30)")
    parser.add_argument("--sets", type=Path, help="folder of the sets for choice")
    parser.add_argument("--work", type=Path, default=common.RUNS / "detection", help="folder for what is kept")
    parser.add_argument("--resume", action="store_true", help="keep what an interrupted run has found")
    options = parser.parse_args(arguments)
    unknown = set(options.only.split(",")) - set(PARTS)
    if unknown:
        parser.error(f"--only knows {', '.join(PARTS)}, not {', '.join(sorted(unknown))}")
    return options


def reader_for(options: argparse.Namespace, setting: Setting, threads: int | None = None) -> Reader:
    """A reader with one detector at one quality."""
    detector, level = setting
    model = options.model if detector == "east" else None
    return Reader(detector=detector, quality=level, threads=threads, east_model=model)


def opened(sample: Sample) -> tuple[Picture, Sample]:
    """A picture and its truth at its original size."""
    return undo_squash(load(sample.path), sample)


def quality(options: argparse.Namespace, setting: Setting, samples: Manifest, name: str) -> Record:
    """Precision, recall and F over all pictures."""
    total = Counts()
    for sample, found in found_in(options, setting, samples, name):
        total += count_boxes(sample, found, with_text=False)
    return {
        "detector": setting[0],
        "quality": setting[1],
        "precision": total.precision,
        "recall": total.recall,
        "f": total.f,
    }


def found_in(
    options: argparse.Namespace, setting: Setting, samples: Manifest, name: str
) -> list[tuple[Sample, Record]]:
    """The truth of every picture, and what a detector found in it; each kept in a file as soon as it is there."""
    options.work.mkdir(parents=True, exist_ok=True)
    kind = "lines" if options.join else "boxes"
    path = options.work / f"{samples.folder.resolve().name}-{name}-{'-'.join(setting)}-{kind}.jsonl"
    if not options.resume:
        path.unlink(missing_ok=True)
    known = {record["image"]: record for _, record in read_jsonl(path)} if path.is_file() else {}
    reader = reader_for(options, setting)
    pairs = []
    with path.open("a", encoding="utf-8") as file:
        for number, sample in enumerate(samples, 1):
            picture, truth = opened(sample)
            if sample.image not in known:
                page = reader.detect(picture)
                quads = [line.quad for line in page.lines] if options.join else [word.quad for word in page.words]
                known[sample.image] = {"image": sample.image, "words": [{"quad": quad.tolist()} for quad in quads]}
                file.write(json.dumps(known[sample.image]) + "\n")
                file.flush()
            pairs.append((truth, known[sample.image]))
            common.progress(number, len(samples))
    return pairs


def speed(settings: Sequence[Setting], samples: Manifest, in_flight: int) -> list[Record]:
    """Pictures a second of every setting; all take turns, so that a disturbance meets them alike."""
    pictures = [opened(sample)[0] for sample in list(samples)[:8]]
    options = argparse.Namespace(model=None)
    single = {one: reader_for(options, one) for one in settings}
    many = {one: reader_for(options, one, threads=1) for one in settings}
    times: dict[tuple[Setting, str], list[float]] = {}
    for reader in [*single.values(), *many.values()]:
        for picture in pictures:  # a network is compiled anew for each shape that it meets
            reader.detect(picture)
    for _ in range(ROUNDS):
        for one in settings:
            start = time.perf_counter()
            for picture in pictures:
                single[one].detect(picture)
            times.setdefault((one, "one"), []).append((time.perf_counter() - start) / len(pictures))
            times.setdefault((one, "many"), []).append(overlapping(many[one], pictures, in_flight))
    return [
        {
            "detector": one[0],
            "quality": one[1],
            "latency_ms": 1000 * min(times[one, "one"]),
            "fps": 1 / min(times[one, "one"]),
            "in_flight": in_flight,
            "fps_in_flight": 1 / min(times[one, "many"]),
        }
        for one in settings
    ]


def overlapping(reader: Reader, pictures: Sequence[Picture], in_flight: int) -> float:
    """Seconds a picture with several under way at once."""
    with ThreadPoolExecutor(in_flight) as pool:
        start = time.perf_counter()
        list(pool.map(reader.detect, [*pictures, *pictures]))
        return (time.perf_counter() - start) / (2 * len(pictures))


def decoding() -> Record:
    """Time of the decoder for some 10,000 cells of leaning words."""
    cv2.setNumThreads(1)
    score, maps = np.zeros((184, 320), np.float32), np.zeros((5, 184, 320), np.float32)
    y, x = np.mgrid[:184, :320] * 4.0
    for number in range(WORDS):
        cx, cy, angle = 110 + 210 * (number % 6), 90 + 180 * (number // 6), np.radians(4 * (number % 7) - 12)
        along = (x - cx) * np.cos(angle) + (y - cy) * np.sin(angle)
        across = (y - cy) * np.cos(angle) - (x - cx) * np.sin(angle)
        core = (abs(along) < 70) & (abs(across) < 24)
        score[core] = 0.9
        sides = (40 + across, 90 - along, 40 - across, 90 + along, np.full_like(x, -angle))
        for channel, values in enumerate(sides):
            maps[channel][core] = values[core]
    times = []
    for _ in range(20):
        start = time.thread_time()
        quads, _ = decode(score, maps)
        times.append(time.thread_time() - start)
    return {"cells": int((score > 0.8).sum()), "words": len(quads), "ms": 1000 * min(times)}


def rotated(options: argparse.Namespace, setting: Setting, samples: Manifest) -> Record:
    """F by angle of turned copies."""
    name = f"{samples.folder.resolve().name}-{len(samples)}-{options.seed}-{options.step}"
    folder = options.work / name
    turned = (
        Manifest.open(folder)
        if (folder / LABELS).is_file()
        else rotate_manifest(samples, folder, range(0, 360, options.step), common.progress)
    )
    totals: dict[int, Counts] = {}
    for sample, found in found_in(options, setting, turned, "turned"):
        angle = int(Path(sample.image).stem.rpartition("_r")[2])
        totals[angle] = totals.get(angle, Counts()) + count_boxes(sample, found, with_text=False)
    fs = {angle: total.f for angle, total in sorted(totals.items())}
    return {"detector": setting[0], "quality": setting[1], "f": fs, "drop": 100 * (fs[0] - min(fs.values()))}


def choice(folder: Path) -> list[Record]:
    """How often a picture of each set is called a page, and what that decision costs."""
    rows = []
    for name in (*PHOTOS, *PAGES):
        if not (folder / name / LABELS).is_file():
            continue
        pages, seconds, samples = 0, 0.0, Manifest.open(folder / name)
        for sample in samples:
            picture = load(sample.path)
            start = time.perf_counter()
            pages += is_page(picture)
            seconds += time.perf_counter() - start
        right = pages if name in PAGES else len(samples) - pages
        kind = "pages" if name in PAGES else "photographs"
        rows.append(
            {"set": name, "kind": kind, "pictures": len(samples), "pages": pages, "right": right / len(samples)}
            | {"ms": 1000 * seconds / len(samples)}
        )
    return rows


def quality_table(rows: Sequence[Record]) -> str:
    """One row a detector and quality."""
    keys = ("detector", "quality", "precision", "recall", "f")
    return common.table(keys, [[row[key] for key in keys] for row in rows])


def speed_table(rows: Sequence[Record]) -> str:
    """One row a detector and quality."""
    header = ("detector", "quality", "latency, ms", "pictures a second", f"with {rows[0]['in_flight']} in flight")
    keys = ("detector", "quality", "latency_ms", "fps", "fps_in_flight")
    return common.table(
        header, [[row[k] if isinstance(row[k], str) else f"{row[k]:.1f}" for k in keys] for row in rows]
    )


def rotated_table(rows: Sequence[Record]) -> str:
    """One row an angle, one column a detector and quality."""
    table: list[list[object]] = [[f"{a}°", *(f"{100 * row['f'][a]:.1f}" for row in rows)] for a in rows[0]["f"]]
    table.append(["drop", *(f"{row['drop']:.1f}" for row in rows)])
    return common.table(["angle", *(f"{row['detector']}, {row['quality']}" for row in rows)], table)


def choice_table(rows: Sequence[Record]) -> str:
    """One row a set."""
    header = ("set", "are", "pictures", "called pages", "right", "ms")
    return common.table(header, [[r["set"], r["kind"], r["pictures"], r["pages"], r["right"], r["ms"]] for r in rows])


if __name__ == "__main__":
    main()
