"""Every family of text detectors on the same pictures, in one run.

    python benchmarks/detectors.py ../shared/data/icdar2015_train --where-number 10:5
    python benchmarks/detectors.py ../shared/data/icdar2015_train --count 20 --weights region=runs/region/detector.onnx
    python benchmarks/detectors.py --literal example:street

For each detector: precision, recall and F of the boxes (ICDAR 2015 protocol), processor seconds a picture on one thread
(from the decoded picture to quads; the least of --rounds, in which the detectors take turns), number of weights, recall
by the text's height, and F of copies turned by --angles. ``region-mser`` is the region-based detector with MSER's
proposals instead of its own. --weights measures a file of ``wordsight train detector`` in place of a family's own.

``--literal PICTURE`` compares the sliding window run convolutionally with the same windows looked at one by one.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx

import common
from wordsight import geometry
from wordsight.data.manifest import Manifest, Sample
from wordsight.data.rotate import rotate_manifest
from wordsight.data.transform import undo_squash
from wordsight.detection import families, own
from wordsight.detection.region import RegionDetector
from wordsight.detection.sliding_window import SlidingWindowDetector
from wordsight.evaluation.protocols import DONT_CARE, Counts, count_boxes
from wordsight.examples import example_path
from wordsight.image.load import load
from wordsight.image.scale import working_size
from wordsight.models import cards
from wordsight.registry import create_detector
from wordsight.stages import Detector, StageOptions
from wordsight.types import Picture

NAMES = ("sliding-window", "single-shot", "region", "region-mser", "east", "dbnet")
HEIGHTS = (0, 12, 20, 32, 64, 10_000)
"""Bounds of the classes of the text's height, pixels of the picture."""
FOUND = 0.5
"""A word is found by a quad whose intersection over union with it is above this."""
TIMED = 4
"""So many pictures, the first ones, are timed."""
LITERAL_SIDE = 192
"""Longer side of the picture on which windows are looked at one by one, pixels."""

Record = dict[str, Any]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    options = parse(arguments)
    given = dict(word.split("=", 1) for word in options.weights)
    made = {name: detector_of(name, given, options) for name in options.detectors.split(",")}
    results: Record = {"quality": options.quality}
    parts: list[str] = []
    if options.manifest:
        samples = common.select(options.manifest, options)
        results |= {"set": options.manifest.resolve().name, "pictures": len(samples)}
        parts.append(f"{len(samples)} pictures of {results['set']}, quality {options.quality}.")
        results["detectors"] = [measured(name, made[name], samples, options) for name in made]
        costs = seconds(made, [picture for picture, _ in opened(list(samples)[:TIMED])], options.rounds)
        for row in results["detectors"]:
            row |= {"seconds": costs[row["detector"]], "weights": parameters(row["detector"], given)}
        parts += [table(results["detectors"]), by_height(results["detectors"]), by_angle(results["detectors"])]
    if options.literal:
        results["literal"] = literal(made, options.literal)
        parts.append(
            "Sliding windows one by one on {width} x {height} pixels: {windows} windows, {one_by_one:.2f} s; "
            "convolutionally {at_once:.3f} s, {saved:.0f} times as fast; scores differ by {differ:.1e} at "
            "most.".format(**results["literal"])
        )
    if not parts:
        raise SystemExit("nothing to measure; name a manifest, or --literal PICTURE")
    common.write_results(options, "detectors", results, [part for part in parts if part])


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options."""
    parser = common.parser(__doc__)
    parser.add_argument("manifest", type=Path, nargs="?", help="folder of pictures and their words")
    common.add_selection(parser, None)
    parser.add_argument("--detectors", default=",".join(NAMES), help=f"default {','.join(NAMES)}")
    parser.add_argument("--quality", default="balanced", choices=["fast", "balanced", "best"], help="default balanced")
    parser.add_argument("--weights", action="append", default=[], metavar="NAME=FILE", help="weights of a detector")
    parser.add_argument("--angles", default="0,15,45,90", help="degrees of turned copies (default 0,15,45,90)")
    parser.add_argument("--turned", type=int, default=10, help="so many pictures are turned (default 10; 0: none)")
    parser.add_argument("--rounds", type=int, default=2, help="rounds of timing on 4 pictures (default 2)")
    parser.add_argument("--literal", metavar="PICTURE", help="compare windows one by one on this picture")
    options = parser.parse_args(arguments)
    unknown = set(options.detectors.split(",")) - set(NAMES)
    if unknown:
        parser.error(f"--detectors knows {', '.join(NAMES)}, not {', '.join(sorted(unknown))}")
    return options


def detector_of(name: str, given: dict[str, str], options: argparse.Namespace) -> Detector:
    """A detector on one thread."""
    chosen = StageOptions(quality=options.quality, threads=1)
    base = name.removesuffix("-mser")
    made: Detector = own.create(Path(given[base]), chosen) if base in given else create_detector(base, chosen)
    return replace(made, source="mser") if name.endswith("-mser") and isinstance(made, RegionDetector) else made


def parameters(name: str, given: dict[str, str]) -> int:
    """Number of weights in a detector's file."""
    base = name.removesuffix("-mser")
    known = {"east": cards.EAST_DETECTOR, "dbnet": cards.PP_OCR_DETECTOR, **families.CARDS}
    graph = onnx.load(given[base] if base in given else str(cards.locate(known[base]))).graph
    constants = [a.t for node in graph.node if node.op_type == "Constant" for a in node.attribute]
    return sum(int(np.prod(tensor.dims)) for tensor in [*graph.initializer, *constants])


def measured(name: str, detector: Detector, samples: Manifest, options: argparse.Namespace) -> Record:
    """How right one detector is."""
    total, seen, hit = Counts(), np.zeros(len(HEIGHTS) - 1, int), np.zeros(len(HEIGHTS) - 1, int)
    for number, (picture, truth) in enumerate(opened(samples), 1):
        quads = detector.detect(picture).quads
        total += counted(truth, quads)
        heights, found = recalled(truth, quads)
        classes = np.digitize(heights, HEIGHTS[1:-1])
        seen += np.bincount(classes, minlength=len(seen))
        hit += np.bincount(classes[found], minlength=len(seen))
        common.progress(number, len(samples))
    return {
        "detector": name,
        "precision": total.precision,
        "recall": total.recall,
        "f": total.f,
        "words": seen.tolist(),
        "recall_by_height": [h / n if n else None for h, n in zip(hit.tolist(), seen.tolist(), strict=True)],
        "f_by_angle": turned(detector, samples, options),
    }


def opened(samples: Iterable[Sample]) -> Iterable[tuple[Picture, Sample]]:
    """Pictures and their truth at their original size."""
    for sample in samples:
        yield undo_squash(load(sample.path), sample)


def counted(truth: Sample, quads: np.ndarray[Any, Any]) -> Counts:
    """Hits, found and wanted words of a picture."""
    return count_boxes(truth, {"words": [{"quad": quad.tolist()} for quad in quads]}, with_text=False)


def recalled(truth: Sample, quads: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Height of every word that counts, pixels, and whether it was found."""
    words = [word.quad for word in truth.words or () if word.quad and not word.ignore and word.text != DONT_CARE]
    wanted = np.array(words, np.float32).reshape(-1, 4, 2)
    found = np.zeros(len(wanted), bool)
    for i, j, _, iou in geometry.overlaps(np.concatenate([wanted, quads])):
        if i < len(wanted) <= j and iou > FOUND:
            found[i] = True
    return np.minimum(*geometry.sides(wanted)) if len(wanted) else np.zeros(0), found


def seconds(made: dict[str, Detector], pictures: Sequence[Picture], rounds: int) -> dict[str, float]:
    """Processor seconds a picture of each detector, the least of a few rounds; they take turns in each."""
    for detector in made.values():
        for picture in pictures:  # a network is compiled anew for each shape that it meets
            detector.detect(picture)
    least = dict.fromkeys(made, float("inf"))
    for _ in range(rounds):
        for name, detector in made.items():
            start = time.process_time()
            for picture in pictures:
                detector.detect(picture)
            least[name] = min(least[name], (time.process_time() - start) / len(pictures))
    return least


def turned(detector: Detector, samples: Manifest, options: argparse.Namespace) -> dict[str, float]:
    """F by angle of turned copies."""
    if not options.turned:
        return {}
    angles = [int(word) for word in options.angles.split(",")]
    some = Manifest(samples.folder, tuple(samples)[: options.turned])
    totals = dict.fromkeys(map(str, angles), Counts())
    with tempfile.TemporaryDirectory() as folder:
        for sample in rotate_manifest(some, Path(folder), angles):
            picture, truth = undo_squash(load(sample.path), sample)
            angle = Path(sample.image).stem.rpartition("_r")[2].lstrip("0") or "0"
            totals[angle] += counted(truth, detector.detect(picture).quads)
    return {angle: total.f for angle, total in totals.items()}


def literal(made: dict[str, Detector], name: str) -> Record:
    """Time of the windows of a picture, all at once and one by one."""
    detector = made.get("sliding-window")
    if not isinstance(detector, SlidingWindowDetector):
        raise SystemExit("--literal needs sliding-window among --detectors")
    picture = load(example_path() if name.startswith("example:") else name)
    size = working_size(*picture.shape[1::-1], LITERAL_SIDE / max(picture.shape[:2]))
    maps, times = [], []
    for one in (detector, replace(detector, literal=True)):
        one.levels(picture, size)
        start = time.process_time()
        maps.append(one.levels(picture, size))
        times.append(time.process_time() - start)
    return {
        "width": size[0],
        "height": size[1],
        "windows": sum(level.size for level in maps[0]),
        "at_once": times[0],
        "one_by_one": times[1],
        "saved": times[1] / times[0],
        "differ": max(float(np.abs(a - b).max()) for a, b in zip(*maps, strict=True)),
    }


def table(rows: Sequence[Record]) -> str:
    """One row a detector."""
    header = ("detector", "precision", "recall", "f", "core-seconds a picture", "million weights")
    keys = ("detector", "precision", "recall", "f", "seconds")
    return common.table(header, [[*(row[key] for key in keys), f"{row['weights'] / 1e6:.2f}"] for row in rows])


def by_height(rows: Sequence[Record]) -> str:
    """Recall by the text's height, one row a detector."""
    if not rows:
        return ""
    bounds = zip(HEIGHTS, HEIGHTS[1:], rows[0]["words"], strict=False)
    header = [
        f"{low} to {high - 1} px ({n})" if high < HEIGHTS[-1] else f"{low} px on ({n})" for low, high, n in bounds
    ]
    lines = [[row["detector"], *("" if r is None else r for r in row["recall_by_height"])] for row in rows]
    return "Recall by the text's height (words):\n\n" + common.table(["detector", *header], lines)


def by_angle(rows: Sequence[Record]) -> str:
    """F by angle, one row a detector."""
    if not rows or not rows[0]["f_by_angle"]:
        return ""
    lines = [[row["detector"], *row["f_by_angle"].values()] for row in rows]
    return "F of turned copies:\n\n" + common.table(["detector", *(f"{a}°" for a in rows[0]["f_by_angle"])], lines)


if __name__ == "__main__":
    main()
