"""The referee of the project, score.py, and wordsight.evaluation must print the same figures."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from wordsight.data.manifest import Manifest
from wordsight.errors import ManifestError
from wordsight.evaluation.report import evaluate, read_predictions

SHARED = Path(__file__).parents[3] / "shared"
REFEREE = SHARED / "score.py"
BOXES = ("detection", "end-to-end", "page-words")
Json = dict[str, Any]

pytestmark = pytest.mark.skipif(not REFEREE.is_file(), reason="the referee ../shared/score.py is not here")
needs_data = pytest.mark.skipif(not (SHARED / "data").is_dir(), reason="the real sets of ../shared/data are not here")


def write(folder: Path, manifest: list[Json], predictions: list[Json]) -> None:
    for name, records in (("labels.jsonl", manifest), ("predictions.jsonl", predictions)):
        lines = (json.dumps(record, ensure_ascii=False) + "\n" for record in records)
        (folder / name).write_text("".join(lines), encoding="utf-8")


def referee(folder: Path, task: str, *options: str) -> Json | None:
    """What score.py prints; None where it ends with status 2."""
    command = [sys.executable, str(REFEREE), task, str(folder), str(folder / "predictions.jsonl"), "--json", *options]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode in (0, 2), run.stderr
    return json.loads(run.stdout) if run.returncode == 0 else None


def ours(folder: Path, task: Any, split: str = "", where: str = "", **options: Any) -> Json | None:
    manifest = Manifest.open(folder)
    manifest = manifest.split(split) if split else manifest
    manifest = manifest.where(where) if where else manifest
    try:
        return evaluate(manifest, read_predictions(folder / "predictions.jsonl"), task, **options).totals
    except ManifestError:
        return None


def same(folder: Path, task: str, **options: Any) -> Json:
    """Our figures, after a check that they are the referee's."""
    flags = [f"--{name.replace('_', '-')}" + ("" if value is True else f"={value}") for name, value in options.items()]
    expected, found = referee(folder, task, *flags), ours(folder, task, **options)
    assert expected is not None
    assert found is not None
    assert list(found) == list(expected)
    assert found == expected
    return found


def box(left: float, top: float, right: float, bottom: float) -> list[list[float]]:
    return [[left, top], [right, top], [right, bottom], [left, bottom]]


def word(quad: Any, text: str | None = "word", **more: Any) -> Json:
    return {"quad": quad, "text": text, **more}


A, B, C = box(0, 0, 10, 10), box(20, 0, 30, 10), box(40, 0, 50, 10)
CROSSED = [[0, 0], [10, 10], [10, 0], [0, 10]]
POINT, LINE = [[3, 3]] * 4, [[0, 0], [9, 9], [0, 0], [9, 9]]
ENDS = ["'Word.'", "Word.", "(a)", "·x·", "..", "!", "-a-", "£5", "[06]", "A.B", "straße", "İ", "a/b/"]

PICTURES: dict[str, tuple[list[Json], list[Json]]] = {
    "no truth": ([], [word(A), word(B)]),
    "nothing found": ([word(A), word(B)], []),
    "duplicates": ([word(A), word(A), word(B)], [word(A), word(A, "wrong"), word(B, "wrong"), word(B)]),
    "greedy": ([word(A), word(box(0, 0, 10, 15))], [word(box(0, 0, 10, 15)), word(A)]),
    "just half": ([word(A), word(B)], [word(box(0, 0, 20, 10)), word(box(20, 0, 40, 10))]),
    "don't care": (
        [word(A, ignore=True), word(B, "###"), word(C, "secret", ignore=True)],
        [word(box(5, 0, 15, 10)), word(box(4.9, 0, 14.9, 10)), word(B, "x"), word(C, "y"), word(A)],
    ),
    "crossed": ([word(CROSSED), word(B)], [word(A), word([B[0], B[2], B[1], B[3]])]),
    "degenerate": ([word(POINT), word(LINE), word(A)], [word(POINT), word(LINE), word(A[:3]), word([*A, [-9, 5]])]),
    "regions without area": ([word(POINT, ignore=True), word(LINE, ignore=True)], [word(POINT), word(LINE), word(A)]),
    "empty text": ([word(A, ""), word(B, None), word(C)], [word(A, ""), word(B, None), word(C, "")]),
    "several words": ([word(A, "two words"), word(B, "& two")], [word(A, "words"), word(B, "TWO, two & two")]),
    "special ends": (
        [word(box(20 * i, 0, 20 * i + 10, 10), text) for i, text in enumerate(ENDS * 4)],
        [
            word(box(20 * i, 0, 20 * i + 10, 10), text)
            for i, text in enumerate([text[a : len(text) - b] for a in (0, 1) for b in (0, 1) for text in ENDS])
        ],
    ),
    "scores": (
        [word(A), word(B), word(C)],
        [word(A, detection_score=0.5, confidence=0.2), word(B, detection_score=0.2, confidence=0.9), word(C)],
    ),
    "far away": ([word(box(0, 0, 1e6, 1e6)), word(A)], [word(box(1, 1, 1e6, 1e6)), word(box(-1e-9, 0, 10, 10))]),
}


@pytest.mark.parametrize("case", PICTURES)
def test_hand_made_pictures(tmp_path: Path, case: str) -> None:
    truth, found = PICTURES[case]
    write(tmp_path, [{"image": "x.jpg", "words": truth}], [{"image": "x.jpg", "words": found}])
    for task in BOXES:
        same(tmp_path, task)


@pytest.mark.parametrize("task", BOXES)
def test_hand_made_pictures_together(tmp_path: Path, task: str) -> None:
    manifest = [
        {"image": f"images/{i}.jpg", "words": truth, "split": "ab"[i % 2], "odd": i % 3}
        for i, (truth, _) in enumerate(PICTURES.values())
    ]
    predictions = [
        {"image": f"C:\\pictures\\images\\{i}.jpg", "words": found}
        for i, (_, found) in enumerate(PICTURES.values())
        if i != 3
    ]
    write(tmp_path, manifest, [*predictions, {"image": "9.jpg", "error": {"type": "NotAnImage", "message": "?"}}][:-1])
    same(tmp_path, task, missing_ok=True, min_score=0.3)
    same(tmp_path, task, split="a", where="odd")


REFUSED: dict[str, tuple[str, list[Json], list[Json]]] = {
    "missing": ("detection", [{"image": "a.jpg", "words": []}], []),
    "double": ("detection", [{"image": "a.jpg", "words": []}], [{"image": "1/a.jpg"}, {"image": "2/a.jpg"}]),
    "no truth quad": ("detection", [{"image": "a.jpg", "words": [{"text": "a"}]}], [{"image": "a.jpg"}]),
    "no quad": ("detection", [{"image": "a.jpg", "words": []}], [{"image": "a.jpg", "words": [{"text": "a"}]}]),
    "infinite": (
        "detection",
        [{"image": "a.jpg", "words": []}],
        [{"image": "a.jpg", "words": [word([["inf", 0]] * 4)]}],
    ),
    "two corners": ("end-to-end", [{"image": "a.jpg", "words": []}], [{"image": "a.jpg", "words": [word(A[:2])]}]),
    "no line": ("recognition", [], []),
}


@pytest.mark.parametrize("case", REFUSED)
def test_both_refuse(tmp_path: Path, case: str) -> None:
    task, manifest, predictions = REFUSED[case]
    write(tmp_path, manifest, predictions)
    assert referee(tmp_path, task) is None
    assert ours(tmp_path, task) is None


def test_pictures_of_equal_names_and_error_records(tmp_path: Path) -> None:
    manifest = [{"image": f"{folder}/x.jpg", "text": folder} for folder in "abc"]
    predictions = [{"image": f"/set/{folder}/x.jpg", "text": folder} for folder in "ba"]
    write(tmp_path, manifest, [*predictions, {"image": "c/x.jpg", "error": {"type": "NotAnImage", "message": "?"}}])
    assert same(tmp_path, "recognition")["accuracy"] == 2 / 3


def test_fields(tmp_path: Path) -> None:
    manifest = [
        {"image": "a", "fields": {"total": " 9.00  RM", "plate": ["AB 1", "CD 2", "CD 2"], "date": "1 MAY", "": "x"}},
        {"image": "b", "fields": {}},
        {"image": "c"},
        {"image": "d", "fields": {"total": "", "plate": [], "date": "  "}},
    ]
    predictions = [
        {"image": "a", "fields": {"total": "9.00 rm", "plate": ["cd 2", "AB 1", "ab 1", None, ""], "shop": 7}},
        {"image": "b", "fields": {"total": "1"}},
        {"image": "c", "fields": None},
        {"image": "d", "fields": {"date": " "}},
    ]
    write(tmp_path, manifest, predictions)
    same(tmp_path, "fields")


def noisy_text(text: str, chance: random.Random) -> str:
    for _ in range(chance.choice([0, 0, 1, 2])):
        place = chance.randrange(len(text) + 1)
        text = text[:place] + chance.choice(["", "", "x", "É", ".", " "]) + text[place + chance.randrange(2) :]
    return chance.choice([text, text, text.swapcase()])


def noisy_words(words: list[Json], chance: random.Random) -> list[Json]:
    """Words found none, one or two times each, moved a little, misread now and then, in any order."""
    found = [
        word(
            [[x + chance.gauss(0, far), y + chance.gauss(0, far)] for x, y in true["quad"]],
            noisy_text(true["text"] or "", chance),
            detection_score=chance.random(),
            confidence=chance.random(),
        )
        for true in words
        for far in chance.choice([(), (0,), (1,), (3,), (1, 2)])
    ]
    chance.shuffle(found)
    return found


@needs_data
@pytest.mark.parametrize("name", ["icdar2015_train", "funsd_train", "msra_td500_train"])
def test_noisy_words_of_real_sets(tmp_path: Path, name: str) -> None:
    chance = random.Random(name)
    manifest = [sample.to_record() for sample in Manifest.open(SHARED / "data" / name).choose(25, seed=1)]
    for line in manifest:
        line["words"] = [{"text": None} | true for true in line["words"]]
    predictions = [{"image": line["image"], "words": noisy_words(line["words"], chance)} for line in manifest]
    write(tmp_path, manifest, predictions)
    assert 0.5 < same(tmp_path, "detection")["recall"] < 0.95
    for task in BOXES:
        same(tmp_path, task, min_score=0.25)


@needs_data
def test_noisy_fields_of_real_receipts(tmp_path: Path) -> None:
    chance = random.Random(3)
    manifest = [sample.to_record() for sample in Manifest.open(SHARED / "data" / "sroie")]
    predictions = [
        {"image": line["image"], "fields": {k: noisy_text(v, chance) for k, v in line["fields"].items()}}
        for line in manifest
    ]
    write(tmp_path, manifest, predictions)
    assert 0.3 < same(tmp_path, "fields")["f"] < 0.9


@needs_data
@pytest.mark.parametrize("name", ["iiit5k_train", "svt_words_train"])
def test_noisy_texts_of_real_sets(tmp_path: Path, name: str) -> None:
    chance = random.Random(4)
    manifest = [sample.to_record() for sample in Manifest.open(SHARED / "data" / name)]
    predictions = [{"image": line["image"], "text": noisy_text(line["text"], chance)} for line in manifest]
    write(tmp_path, manifest, predictions)
    assert 0 < same(tmp_path, "recognition")["cer"] < 0.5
