"""What each step of enhancement buys and costs, on pages degraded in ten ways (benchmarks/degradations.py).

    python benchmarks/enhance.py --fonts 2
    python benchmarks/enhance.py --fonts 5 --kinds clean,blur --steps none,auto,deblur,sharpen
    python benchmarks/enhance.py --fonts 0 --photos ../shared/data/icdar2015_train

Printed are the words read exactly and in order, percent, for each degradation and step, and the processor time of the
step for a page. With --photos: how many of its pictures ``auto`` changes, and the time it takes to find that out.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

import common
import pages
from degradations import DEGRADATIONS, degrade
from wordsight.data.manifest import Manifest
from wordsight.image.enhance import MOVES, TONES, enhance, steps_of
from wordsight.image.load import load
from wordsight.reader import Reader


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = common.parser(__doc__)
    parser.add_argument("--fonts", type=int, default=2, help="so many of the 20 fonts, a page of each (default 2)")
    parser.add_argument("--kinds", help="clean and the degradations, separated by commas (default: all)")
    parser.add_argument("--steps", help="none, auto and steps, separated by commas (default: all)")
    parser.add_argument("--photos", type=Path, help="manifest of pictures that should be left alone")
    parser.add_argument("--seed", type=int, default=0, help="makes the texts (default 0)")
    options = parser.parse_args(arguments)
    kinds = options.kinds.split(",") if options.kinds else ["clean", *DEGRADATIONS]
    steps = options.steps.split(",") if options.steps else ["none", "auto", *TONES, *MOVES]
    cv2.setNumThreads(1)
    results: dict[str, Any] = {"fonts": options.fonts, "seed": options.seed}
    parts = []
    if options.fonts:
        results["words"], results["seconds"] = measure(options, kinds, steps)
        parts += tables(results, kinds, steps)
    if options.photos:
        results["photos"] = left_alone(options.photos)
        parts.append(
            "{set}: {changed} of {pictures} changed, {seconds:.4f} core-seconds each".format(**results["photos"])
        )
    common.write_results(options, "enhance", results, parts)


def measure(
    options: argparse.Namespace, kinds: list[str], steps: list[str]
) -> tuple[dict[str, dict[str, float]], dict[str, float]]:
    """Words read, percent, by kind and step; core-seconds of each step."""
    reader = Reader(pages.DETECTOR, threads=1, enhance="none")
    words: dict[str, dict[str, float]] = {}
    seconds: dict[str, list[float]] = {step: [] for step in steps}
    for kind in kinds:
        scores: dict[str, list[float]] = {step: [] for step in steps}
        for number in range(options.fonts):
            clean, truth = pages.page(number, options.seed)
            picture = degrade(clean, kind, number, options.seed)
            for step in steps:
                start = time.process_time()
                better = enhance(picture, steps_of(step)).picture
                seconds[step].append(time.process_time() - start)
                text = " ".join(reader.read(better).text.split())
                scores[step].append(pages.score(truth, text)[1])
        words[kind] = {step: 100 * float(np.mean(found)) for step, found in scores.items()}
    return words, {step: float(np.mean(found)) for step, found in seconds.items()}


def left_alone(folder: Path) -> dict[str, Any]:
    """How many pictures of a set ``auto`` changes, and its time for each."""
    samples = Manifest.open(folder)
    changed, spent = 0, 0.0
    for sample in samples:
        picture = load(sample.path)
        start = time.process_time()
        changed += bool(enhance(picture, steps_of("auto")).steps)
        spent += time.process_time() - start
    name = folder.resolve().name
    return {"set": name, "pictures": len(samples), "changed": changed, "seconds": spent / max(1, len(samples))}


def tables(results: dict[str, Any], kinds: list[str], steps: list[str]) -> list[str]:
    """Kinds down, steps across; the seconds below."""
    words = results["words"]
    rows: list[list[object]] = [[kind, *(f"{words[kind][step]:.1f}" for step in steps)] for kind in kinds]
    hard = [kind for kind in kinds if kind != "clean"]
    if hard:
        means = (np.mean([words[kind][step] for kind in hard]) for step in steps)
        rows.append(["mean of the degraded", *(f"{mean:.1f}" for mean in means)])
    rows.append(["core-seconds", *(f"{results['seconds'][step]:.2f}" for step in steps)])
    about = f"{results['fonts']} pages in as many fonts, seed {results['seed']}; words read exactly, percent."
    return [about, common.table(["", *steps], rows)]


if __name__ == "__main__":
    main()
