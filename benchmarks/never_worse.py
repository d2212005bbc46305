"""Is a taught model ever worse than no teaching? Ten small domains, three seeds, two minutes each.

    python benchmarks/never_worse.py
    python benchmarks/never_worse.py --only segments captcha --seeds 1

Every run is `wordsight teach DATA --name DOMAIN --minutes 2 --seed SEED` in a process and a home of its own. It is
judged on pictures that the command never had, so its own guard never saw them: which values are right with what it left
behind (the taught model where it was kept, else the stock reader), and which with the stock reader. Two domains have
wrong labels on purpose: half of their texts belong to other pictures; what is judged has right ones.

What was done stays done: a run that was stopped goes on where it was, and a finished one is not repeated (--anew).

  captcha, captcha-wrong   whole pictures that say five characters (120 learnt)
  plates, plates-wrong     number plates in photos (50 learnt)
  devanagari               single characters that the stock recognizer does not have (460 learnt)
  segments, dots           displays of seven segments, and printing of dots, drawn here (80 learnt)
  signs                    coloured signs without text on noise, drawn here (40 learnt)
  totals, dates            one field of receipts (20 learnt)

  kept     whether the command kept the model
  stock    share of the unseen values that are right without teaching; taught: with what the command left
  verdict  "better", "equal" or "WORSE" by the number of right values
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import cv2
import numpy as np

import common
from wordsight.data.manifest import Manifest, Sample, TrueWord
from wordsight.evaluation.fields import Case, Said
from wordsight.fields.extract import TaughtModel
from wordsight.fields.model import LabelCard
from wordsight.fields.parts import Parts, build_parts
from wordsight.fields.store import Store
from wordsight.fields.values import forms_of
from wordsight.image.load import load
from wordsight.stages import StageOptions
from wordsight.training.baseline import by_form
from wordsight.training.lesson import Example, prepare

DATA = Path(__file__).parents[2] / "shared" / "data"
UNSEEN = 60
HEADER = ("domain", "seed", "date", "learnt", "unseen", "kept", "stock", "taught", "verdict", "wall")
Drawn = tuple[list[Sample], list[Sample]]
Domain = Callable[[Path, Path, random.Random], Drawn]


def cut(name: str, learnt: int, fields: Sequence[str] = ()) -> Domain:
    """A part of a shared set; of a set with fields only some of them."""

    def make(data: Path, _: Path, draw: random.Random) -> Drawn:
        samples = list(Manifest.open(data / name))
        draw.shuffle(samples)
        if fields:
            kept = [{key: sample.fields[key] for key in fields if key in sample.fields} for sample in samples]
            samples = [replace(s, fields=own, words=None) for s, own in zip(samples, kept, strict=True) if own]
        return samples[:learnt], samples[learnt : learnt + UNSEEN]

    return make


def misled(domain: Domain) -> Domain:
    """The same with half of the texts of what is learnt moved to other pictures."""

    def make(data: Path, place: Path, draw: random.Random) -> Drawn:
        learnt, unseen = domain(data, place, draw)
        wrong = draw.sample(range(len(learnt)), len(learnt) // 2)
        given = [learnt[i] for i in wrong]
        for i, other in zip(wrong, [*given[1:], given[0]], strict=True):
            text = other.text if other.words is None else other.words[0].text
            words = tuple(replace(word, text=text) for word in learnt[i].words or ()) or None
            fields = {name: (text,) for name in learnt[i].fields if text}
            learnt[i] = replace(learnt[i], words=words, fields=fields, text=text if words is None else None)
        return learnt, unseen

    return make


def drawn(paint: Callable[[random.Random], tuple[np.ndarray[Any, Any], Any]], learnt: int) -> Domain:
    """Pictures that are painted; ``paint`` gives one, and its text or box."""

    def make(_: Path, place: Path, draw: random.Random) -> Drawn:
        folder = place / "drawn"
        folder.mkdir(parents=True, exist_ok=True)
        samples = []
        for number in range(learnt + UNSEEN):
            picture, truth = paint(draw)
            path = folder / f"{number}.png"
            cv2.imwrite(str(path), picture)
            if isinstance(truth, str):
                samples.append(Sample(path.name, path, text=truth))
            else:
                samples.append(Sample(path.name, path, (TrueWord(truth, None, label="sign"),)))
        return samples[:learnt], samples[learnt:]

    return make


def segments(draw: random.Random) -> tuple[np.ndarray[Any, Any], str]:
    """Four to six digits of seven segments each, slanted, on a display."""
    lit = ("abcdef", "bc", "abged", "abgcd", "fgbc", "afgcd", "afgedc", "abc", "abcdefg", "abcfgd")
    ends = {"a": (0, 0, 1, 0), "b": (1, 0, 1, 1), "c": (1, 1, 1, 2), "d": (0, 2, 1, 2), "e": (0, 1, 0, 2)}
    ends |= {"f": (0, 0, 0, 1), "g": (0, 1, 1, 1)}
    text = "".join(draw.choice("0123456789") for _ in range(draw.randint(4, 6)))
    back, ink = draw.choice(
        (((20, 30, 20), (60, 220, 90)), ((160, 180, 170), (40, 45, 40)), ((15, 15, 30), (50, 60, 230)))
    )
    picture = np.full((64, 34 * len(text) + 24, 3), back, np.uint8)
    for place, digit in enumerate(text):
        for name in lit[int(digit)]:
            x1, y1, x2, y2 = ends[name]
            corners = [(round(16 + 34 * place + 18 * x - 3 * y), 12 + 19 * y) for x, y in ((x1, y1), (x2, y2))]
            cv2.line(picture, corners[0], corners[1], ink, draw.choice((3, 4)), cv2.LINE_AA)
    return noisy(cv2.GaussianBlur(picture, (0, 0), draw.uniform(0.5, 1.5)), draw), text


def dots(draw: random.Random) -> tuple[np.ndarray[Any, Any], str]:
    """A code such as a printer of dots puts on packages."""
    text = f"{draw.choice('LBX')}{draw.randint(1000, 9999)}{draw.choice('ACDEFHKM')}"
    small = np.zeros((11, 9 * len(text), 1), np.uint8)
    for place, character in enumerate(text):
        cv2.putText(small, character, (9 * place, 9), cv2.FONT_HERSHEY_PLAIN, 0.72, (255,), 1)
    picture = np.full((11 * 5 + 10, small.shape[1] * 5 + 10, 3), draw.randint(170, 230), np.uint8)
    for y, x in zip(*np.nonzero(small[..., 0] > 110), strict=True):
        centre = (5 * int(x) + 7 + draw.randint(-1, 1), 5 * int(y) + 7 + draw.randint(-1, 1))
        cv2.circle(picture, centre, 2, (40, 40, 60), -1, cv2.LINE_AA)
    return noisy(picture, draw), text


def signs(draw: random.Random) -> tuple[np.ndarray[Any, Any], Any]:
    """A round sign somewhere on noise, beside other shapes."""
    picture = np.random.default_rng(draw.randint(0, 2**31)).integers(60, 190, (15, 20, 3)).astype(np.uint8)
    picture = np.asarray(cv2.resize(picture, (320, 240)), np.uint8)
    cv2.rectangle(
        picture, (draw.randint(0, 200), draw.randint(0, 180)), (draw.randint(210, 310), 230), (40, 90, 160), -1
    )
    radius = draw.randint(18, 40)
    x, y = draw.randint(radius, 319 - radius), draw.randint(radius, 239 - radius)
    cv2.circle(picture, (x, y), radius, (30, 30, 200), -1)
    cv2.rectangle(picture, (x - radius // 2, y - 5), (x + radius // 2, y + 5), (240, 240, 240), -1)
    left, top, right, bottom = x - radius, y - radius, x + radius, y + radius
    return noisy(picture, draw), ((left, top), (right, top), (right, bottom), (left, bottom))


def noisy(picture: Any, draw: random.Random) -> np.ndarray[Any, Any]:
    """A picture with the noise of a sensor."""
    noise = np.random.default_rng(draw.randint(0, 2**31)).normal(0, draw.uniform(2, 12), picture.shape)
    return (picture + noise).clip(0, 255).astype(np.uint8)


DOMAINS: dict[str, Domain] = {
    "captcha": cut("captcha", 120),
    "captcha-wrong": misled(cut("captcha", 120)),
    "plates": cut("plates", 50),
    "plates-wrong": misled(cut("plates", 50)),
    "devanagari": cut("devanagari_chars_train", 460),
    "segments": drawn(segments, 80),
    "dots": drawn(dots, 80),
    "signs": drawn(signs, 40),
    "totals": cut("sroie", 20, ["total"]),
    "dates": cut("sroie", 20, ["date"]),
}


def run(domain: str, seed: int, options: argparse.Namespace) -> dict[str, Any]:
    """One run: teach, then judge on the unseen pictures."""
    place = options.work / f"{domain}-{seed}"
    done = place / "row.json"
    if options.anew:
        shutil.rmtree(place, ignore_errors=True)
    if done.is_file():
        return dict(json.loads(done.read_text(encoding="utf-8")))
    if not (place / "unseen" / "labels.jsonl").is_file():
        learnt, unseen = DOMAINS[domain](options.data, place, random.Random(f"{domain}{seed}"))
        for name, samples in (("data", learnt), ("unseen", unseen)):
            common.link_manifest(place / name, [replace(sample, split=None) for sample in samples])
    command = [sys.executable, "-m", "wordsight", "teach", str(place / "data"), "--name", domain]
    start = time.monotonic()
    finished = subprocess.run(
        [*command, "--minutes", str(options.minutes), "--seed", str(seed), "--report", str(place / "report.html")],
        env={**os.environ, "WORDSIGHT_HOME": str(place / "home")},
        check=False,
    )
    record = {"domain": domain, "seed": seed, "date": date.today().isoformat()}
    record |= judge(place, domain) | {"wall": round((time.monotonic() - start) / 60, 1)}
    if finished.returncode:
        raise SystemExit(f"teaching {domain} ended with status {finished.returncode}")
    done.write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return record


def judge(place: Path, name: str) -> dict[str, Any]:
    """Stock reader and what the command left, on the unseen pictures."""
    lesson, unseen = prepare(place / "data"), prepare(place / "unseen").examples
    record: dict[str, Any] = {"learnt": len(lesson.examples), "unseen": len(unseen)}
    store = Store(place / "home" / "models")
    stock = build_parts({}, StageOptions())
    model = TaughtModel.open(store.find(name).path) if name in store.names() else None
    labels = model.card.labels if model else tuple(_plain_card(lesson.examples, one.name) for one in lesson.labels)
    before = [_case(e, label, _stock(e, label, stock)) for e in unseen for label in labels]
    after = before
    if model:
        said = [model.predict(example.sample.path).details for example in unseen]
        after = [
            _case(e, label, tuple(_said(v) for v in values if v.name == label.name))
            for e, values in zip(unseen, said, strict=True)
            for label in labels
        ]
    old, new = (sum(case.right() for case in cases) for cases in (before, after))
    verdict = "better" if new > old else "equal" if new == old else "WORSE"
    shares = {"stock": round(old / len(before), 4), "taught": round(new / len(before), 4)}
    return record | {"kept": "yes" if model else "no", **shares, "verdict": verdict}


def _plain_card(examples: Sequence[Example], name: str) -> LabelCard:
    texts = [text for example in examples for text in example.values.get(name, ())]
    boxes = any(box.label == name for example in examples for box in example.boxes)
    kind = "object" if boxes else "crop" if name == "text" else "document"
    return LabelCard(name, kind, texts=bool(texts), forms=forms_of(texts), letters=True)


def _stock(example: Example, label: LabelCard, stock: Parts) -> tuple[Said, ...]:
    if label.kind == "crop":
        (reading,) = stock.recognizer.recognize([load(example.sample.path)])
        return (Said(reading.text, reading.confidence),)
    return by_form(stock.reader.read(example.sample.path), label)[:1] if label.texts else ()


def _said(value: Any) -> Said:
    quad = tuple((x, y) for x, y in value.quad.tolist()) if value.quad else None
    return Said(value.text, value.confidence, quad)


def _case(example: Example, label: LabelCard, said: tuple[Said, ...]) -> Case:
    boxes = None if label.texts else tuple(box.quad for box in example.boxes if box.label == label.name)
    wanted = tuple(example.values.get(label.name, ())) if label.texts else ()
    return Case(example.name, label.name, wanted, said[: max(len(wanted), 1)], boxes, letters=label.letters)


def main() -> None:
    """Run what is not there yet."""
    parser = common.parser(__doc__)
    parser.add_argument("--only", nargs="+", choices=DOMAINS, default=list(DOMAINS), help="domains (default: all)")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the shared sets")
    parser.add_argument("--work", type=Path, default=common.RUNS / "never_worse", help="where runs are kept")
    parser.add_argument("--anew", action="store_true", help="repeat what is there")
    options = parser.parse_args()
    options.work = options.work.resolve()
    records = []
    for seed in range(options.seeds):
        for domain in options.only:
            records.append(run(domain, seed, options))
            print(common.table(HEADER, [[records[-1].get(key) for key in HEADER]]), flush=True)
    clean = [record for record in records if not record["domain"].endswith("-wrong")]
    worse = sum(record["verdict"] == "WORSE" for record in records)
    better = sum(record["verdict"] == "better" for record in clean)
    told = f"{len(records) - worse} of {len(records)} not worse than stock; of {len(clean)} clean ones {better} better."
    table = common.table(HEADER, [[record.get(key) for key in HEADER] for record in records])
    common.write_results(options, "never_worse", {"rows": records}, [table, told])


if __name__ == "__main__":
    main()
