"""What `wordsight teach` makes of 100 number-plate photos and of 560 captchas, on pictures that it never saw.

    python benchmarks/teach.py
    python benchmarks/teach.py --only plates-1 captcha

Each row is one run of the command that a user types, in a process of its own, with a home of its own in --work. What
was done stays done: a run that was stopped goes on where it was, and a finished row is not measured again (--anew).

The plates are parted into three folds by plate: pictures that show the same text, and pictures that are the same file
under two names, are in one fold. Of the others --learn are given to the command, which holds out a part of them itself
for its own report; the figures here are of the fold. Of the captchas every fifth is unseen (by a hash of its name).

  AP50      average precision of boxes at an IoU of 0.5 by detection score; pictures marked "ignore" are left out
  exact     share of the pictures with a text in which the one value given is right: letters and digits, case folded
  F         of the same: 2 right / (given + wanted)
  cov. 98   share of the values that can be taken unseen, the surest first, so that 98 % of them are right
  ECE       mean distance between confidence and share of right values, 15 bins
  minutes   of the training (asked for), and wall time of the whole command
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np

import common
from wordsight.data.manifest import Manifest, Sample
from wordsight.evaluation.average_precision import Scene, average_precision
from wordsight.evaluation.calibration import coverage_at, expected_calibration_error
from wordsight.fields.extract import Prediction, TaughtModel
from wordsight.fields.store import Store

DATA = Path(__file__).parents[2] / "shared" / "data"
FOLDS = 3
ROWS = (*(f"plates-{fold + 1}" for fold in range(FOLDS)), "captcha")
HEADER = ("row", "date", "learnt", "unseen", "AP50", "exact", "F", "cov. 98", "ECE", "minutes", "wall", "load")


def plain(text: str | None) -> str:
    """Letters and digits, case folded."""
    return "".join(c for c in (text or "").casefold() if c.isalnum())


def plate_folds(samples: Sequence[Sample]) -> list[list[Sample]]:
    """The photos in parts of equal size; all that share a text or a file are in one part."""
    names: dict[str, str] = {}

    def root(name: str) -> str:
        while names.setdefault(name, name) != name:
            name = names[name]
        return name

    for sample in samples:
        text = plain((sample.words or ())[0].text) or sample.image
        names[root(text)] = root(hashlib.sha256(sample.path.read_bytes()).hexdigest())
    groups: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        groups[root(plain((sample.words or ())[0].text) or sample.image)].append(sample)
    parts: list[list[Sample]] = [[] for _ in range(FOLDS)]
    for group in sorted(groups, key=lambda name: (-len(groups[name]), hashlib.sha256(name.encode()).digest())):
        min(parts, key=len).extend(groups[group])
    return parts


def parted(row: str, options: argparse.Namespace) -> tuple[list[Sample], list[Sample]]:
    """What is given to the command, and what is unseen."""
    kind, _, fold = row.partition("-")
    samples = list(Manifest.open(options.data / kind))
    if kind == "captcha":
        unseen = [s for s in samples if crc32(s.image.encode()) % 5 == 0]
        return [s for s in samples if crc32(s.image.encode()) % 5], unseen
    parts = plate_folds(samples)
    unseen = parts.pop(int(fold) - 1)
    rest = [sample for part in parts for sample in part]
    random.Random(0).shuffle(rest)
    return rest[: options.learn], unseen


def run(row: str, options: argparse.Namespace) -> dict[str, Any]:
    """One row: teach, then measure on the unseen pictures."""
    place = options.work / row
    done = place / "row.json"
    if options.anew:
        shutil.rmtree(place, ignore_errors=True)
    if done.is_file():
        return dict(json.loads(done.read_text(encoding="utf-8")))
    learnt, unseen = parted(row, options)
    name = row.partition("-")[0]
    if not (place / "data").is_dir():
        common.link_manifest(place / "data", learnt)
    minutes = options.captcha_minutes if name == "captcha" else options.plate_minutes
    command = [sys.executable, "-m", "wordsight", "teach", str(place / "data"), "--name", name]
    start = time.monotonic()
    finished = subprocess.run(
        [*command, "--minutes", str(minutes), "--report", str(place / "report.html")],
        env={**os.environ, "WORDSIGHT_HOME": str(place / "home")},
        check=False,
    )
    wall = (time.monotonic() - start) / 60
    record: dict[str, Any] = {"row": row, "date": date.today().isoformat(), "learnt": len(learnt)}
    record |= {"unseen": len(unseen), "minutes": minutes, "wall": round(wall, 1)}
    record["load"] = round(os.getloadavg()[0], 1)
    store = Store(place / "home" / "models")
    if finished.returncode or name not in store.names():
        return record | {"note": f"no model was kept (exit status {finished.returncode})"}
    model = TaughtModel.open(store.find(name).path)
    answers = [model.predict(sample.path) for sample in unseen]
    record |= figures(unseen, answers)
    done.write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return record


def figures(samples: Sequence[Sample], answers: Sequence[Prediction]) -> dict[str, Any]:
    """All figures of a model on pictures."""
    scenes, right, sure, wanted, wrong = [], [], [], 0, []
    for sample, answer in zip(samples, answers, strict=True):
        truth = sample.text if sample.words is None else sample.words[0].text
        if sample.words is not None:
            scenes.append(_scene(sample, answer))
        if not truth:
            continue
        wanted += 1
        said = answer.details[:1]
        sure += [value.confidence for value in said]
        right += [plain(value.text) == plain(truth) for value in said]
        if not (said and right[-1]):
            wrong.append([sample.image, truth, said[0].text if said else "", round(sure[-1], 3) if said else 0])
    return {
        "AP50": round(average_precision(scenes), 4) if scenes else None,
        "exact": round(sum(right) / wanted, 4),
        "F": round(2 * sum(right) / (len(right) + wanted), 4),
        "cov. 98": round(coverage_at(sure, right, 0.98) * len(right) / wanted, 4),
        "ECE": round(expected_calibration_error(sure, right), 4),
        "wrong": wrong,
    }


def _scene(sample: Sample, answer: Prediction) -> Scene:
    found = [value for value in answer.details if value.quad is not None]
    words = [word for word in sample.words or () if word.quad is not None]
    return Scene(
        wanted=_boxes([word.quad for word in words if not word.ignore]),
        ignored=_boxes([word.quad for word in words if word.ignore]),
        found=_boxes([value.quad.tolist() for value in found if value.quad]),
        scores=np.array([value.score for value in found], np.float32),
    )


def _boxes(quads: Sequence[Any]) -> Any:
    points = np.array(quads, np.float32).reshape(-1, 4, 2)
    (left, top), (right, bottom) = points.min(axis=1).T, points.max(axis=1).T
    return np.stack([left, top, right, top, right, bottom, left, bottom], 1).reshape(-1, 4, 2)


def main() -> None:
    """Run the rows that are not there yet."""
    parser = common.parser(__doc__)
    parser.add_argument("--only", nargs="+", choices=ROWS, default=ROWS, help="rows to run (default: all)")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the sets")
    parser.add_argument("--work", type=Path, default=common.RUNS / "teach", help="where runs and rows are kept")
    parser.add_argument("--learn", type=int, default=100, help="photos of plates that are given (default 100)")
    parser.add_argument("--plate-minutes", type=float, default=10.0)
    parser.add_argument("--captcha-minutes", type=float, default=15.0)
    parser.add_argument("--anew", action="store_true", help="measure rows again that are there")
    options = parser.parse_args()
    options.work = options.work.resolve()
    records = []
    for row in options.only:
        records.append(run(row, options))
        print(common.table(HEADER, [[records[-1].get(key) for key in HEADER]]), flush=True)
    table = common.table(HEADER, [[record.get(key) for key in HEADER] for record in records])
    notes = [f"{record['row']}: {record['note']}" for record in records if "note" in record]
    # What the sets' pictures say stays in --work: their labels are not ours to publish.
    rows = [{key: value for key, value in record.items() if key != "wrong"} for record in records]
    common.write_results(options, "teach", {"rows": rows}, [table, *notes])


if __name__ == "__main__":
    main()
