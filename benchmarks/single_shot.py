"""Objects learnt from a hundred photos: average precision on photos that the network never saw.

    python benchmarks/single_shot.py
    python benchmarks/single_shot.py --steps 200 --threads 1

The pictures are parted into folds by what stands on the object (one plate is never both learnt and tested), those
without a text by themselves. For each fold a network learns from --learn pictures of the others, is validated on the
rest of them, and is exported; the ONNX file is measured on the fold. Boxes are compared as axis-aligned boxes; pictures
that are marked "ignore" count neither way. Each fold trains for --minutes (wall time) or --steps, whichever ends first;
processor time is printed beside it, because another process may use the machine too.

  AP50       average precision at an IoU of 0.5 (COCO, 101 recalls)
  AP         mean of the same over IoUs from 0.5 to 0.95
  P, R       precision and recall of what has a score of at least 0.5
  ECE        mean distance between score and share of right boxes, 15 bins, scores from 0.05
"""

from __future__ import annotations

import argparse
import random
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

import common
from wordsight.data.manifest import Manifest, Sample
from wordsight.detection.single_shot import SingleShot
from wordsight.evaluation.average_precision import Scene, judged, precisions
from wordsight.evaluation.calibration import expected_calibration_error
from wordsight.stages import StageOptions
from wordsight.training.cells import IGNORED
from wordsight.training.loop import TrainConfig, Validated
from wordsight.training.measure_objects import as_quads
from wordsight.training.objects import Picked, Scenery
from wordsight.training.single_shot import (
    SingleShotConfig,
    export_single_shot,
    train_single_shot,
)

DATA = Path(__file__).parents[2] / "shared" / "data" / "plates"
LABEL = "plate"
LOWEST = 0.05
HEADER = ("fold", "pictures", "AP50", "AP", "P", "R", "ECE", "steps", "core minutes", "ms a picture")


def folds(samples: tuple[Sample, ...], count: int, seed: int) -> list[list[Sample]]:
    """The samples in so many parts of equal size; all with one text are in one part."""
    groups: dict[str, list[Sample]] = {}
    for sample in samples:
        texts = sorted("".join(filter(str.isalnum, word.text or "")).upper() for word in sample.words or ())
        groups.setdefault("".join(texts) or sample.image, []).append(sample)
    names = sorted(groups)
    random.Random(seed).shuffle(names)
    parts: list[list[Sample]] = [[] for _ in range(count)]
    for name in names:
        min(parts, key=len).extend(groups[name])
    return parts


def measure(model: SingleShot, samples: list[Sample], scenery: Scenery) -> tuple[dict[str, float], list[Scene]]:
    """Figures of an exported network on pictures."""
    scenes, seconds = [], 0.0
    for sample in samples:
        picked = Picked.open(sample, scenery)
        start = time.process_time()
        found = model.find(picked.picture)
        seconds += time.process_time() - start
        boxes = np.array([one.box for one in found], np.float32).reshape(-1, 4)
        truth = as_quads(np.concatenate([picked.quads.min(axis=1), picked.quads.max(axis=1)], 1))
        scores = np.array([one.score for one in found], np.float32)
        out = picked.labels == IGNORED
        scenes.append(Scene(truth[~out], truth[out], as_quads(boxes), scores))
    return {**precisions([scenes]), **shares(scenes), "ms": 1000 * seconds / len(samples)}, scenes


def shares(scenes: list[Scene]) -> dict[str, float]:
    """Precision and recall at a score of 0.5, and calibration."""
    scores, right = judged(scenes)
    sure, wanted = scores >= 0.5, sum(len(scene.wanted) for scene in scenes)
    return {
        "precision": float(right[sure].sum() / max(sure.sum(), 1)),
        "recall": float(right[sure].sum() / max(wanted, 1)),
        "ece": expected_calibration_error(scores, right) if len(scores) else 1.0,
    }


def learn(train: list[Sample], held_out: list[Sample], out: Path, options: argparse.Namespace) -> tuple[int, float]:
    """Train and export into a folder; gives steps and processor minutes."""
    steps, start = 0, time.process_time()
    budget = TrainConfig(minutes=options.minutes, steps=options.steps, seed=options.seed, ema=options.ema, warmup=30)
    config = replace(SingleShotConfig(), workers=0, side=options.side)
    for event in train_single_shot(train, [LABEL], held_out, out, budget, config):
        steps = event.step
        if isinstance(event, Validated):
            print(f"  step {event.step}: " + ", ".join(f"{k} {v:.3f}" for k, v in event.figures.items()), flush=True)
    minutes = (time.process_time() - start) / 60
    export_single_shot(out, out / "model.onnx")
    return steps, minutes


def main() -> None:
    """Run the folds."""
    parser = common.parser(__doc__)
    parser.add_argument("data", nargs="?", type=Path, default=DATA, help="manifest (default: the number plates)")
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument("--only", type=int, help="run only the first so many folds")
    parser.add_argument("--learn", type=int, default=100, help="pictures to learn from (default 100)")
    parser.add_argument("--minutes", type=float, help="training time of a fold (default 10, or no limit with --steps)")
    parser.add_argument("--steps", type=int, help="most training steps of a fold")
    parser.add_argument("--side", type=int, help="longer side of pictures, pixels (default: by the objects)")
    parser.add_argument("--ema", type=float, default=0.99)
    parser.add_argument("--threads", type=int, help="of the exported network (default all)")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if options.minutes is None and options.steps is None:
        options.minutes = 10.0
    parts = folds(Manifest.open(options.data).samples, options.folds, options.seed)
    rows: list[list[Any]] = []
    everything: list[Scene] = []
    for number in range(options.only or options.folds):
        rest = [sample for k, part in enumerate(parts) if k != number for sample in part]
        random.Random(options.seed).shuffle(rest)
        train, held_out = rest[: options.learn], rest[options.learn :]
        with TemporaryDirectory() as folder:
            steps, minutes = learn(train, held_out, Path(folder), options)
            model = SingleShot.open(Path(folder) / "model.onnx", StageOptions(threads=options.threads))
            figures, scenes = measure(replace(model, min_score=LOWEST), parts[number], Scenery.of([LABEL], train))
        everything += scenes
        keys = ("ap50", "ap", "precision", "recall", "ece")
        rows.append([number + 1, len(scenes), *(figures[k] for k in keys), steps, minutes, round(figures["ms"])])
        print(common.table(HEADER, rows[-1:]), flush=True)
    together = {**precisions([everything]), **shares(everything)}
    rows.append(["all", len(everything), *(together[k] for k in keys), None, None, None])
    common.write_results(
        options,
        "single_shot",
        {"rows": [dict(zip(HEADER, row, strict=True)) for row in rows]},
        [common.table(HEADER, rows)],
    )


if __name__ == "__main__":
    main()
