"""`wordsight dataset ...` as a person or a script uses it."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest
from commands import Run
from PIL import Image


@pytest.fixture
def dataset(run: Run) -> Run:
    """Runs `wordsight dataset`."""
    return partial(run, "dataset")


@pytest.fixture
def yolo(tmp_path: Path) -> Path:
    """A YOLO set of six pictures with one plate each."""
    folder = tmp_path / "yolo"
    for part in ("images", "labels"):
        (folder / part).mkdir(parents=True)
    for index in range(6):
        Image.new("RGB", (100, 50), (index, 0, 0)).save(folder / "images" / f"{index}.png")
        (folder / "labels" / f"{index}.txt").write_text("0 0.5 0.5 0.2 0.4\n")
    (folder / "classes.txt").write_text("plate\n")
    return folder


def test_from_another_program_and_to_another(dataset: Run, yolo: Path, tmp_path: Path) -> None:
    plates = tmp_path / "plates"
    done = dataset("import", yolo, plates)
    assert (done.code, done.out) == (0, f"6 pictures in {plates} (yolo)\n")
    done = dataset("split", plates, "--shares", "train=0.5,test=0.5", "--exact")
    assert (done.code, done.out) == (0, "train 3\ntest 3\n")
    done = dataset("check", plates, "--label", "plate", "--strict")
    assert (done.code, done.out) == (0, "6 pictures: 0 errors, 0 warnings\n")
    done = dataset("stats", plates, "--split", "test", "--format", "json", "--picture", tmp_path / "stats.png")
    assert json.loads(done.out)["labels"] == {"plate": 3}
    with Image.open(tmp_path / "stats.png") as drawn:
        assert drawn.size[0] == 1120
    assert "median 20" in dataset("stats", plates).out
    done = dataset("export", plates, tmp_path / "voc", "--format", "voc")
    assert (done.code, done.out) == (0, f"6 pictures in {tmp_path / 'voc'}\n")
    done = dataset("import", "voc", tmp_path / "voc", tmp_path / "again", "--link")
    assert (done.code, done.out) == (0, f"6 pictures in {tmp_path / 'again'} (voc)\n")
    done = dataset("merge", plates, tmp_path / "again", "--out", tmp_path / "both")
    assert done.code == 0
    assert done.out == f"6 pictures in {tmp_path / 'both'}\n"
    assert done.err.count("is the same file as") == 6


def test_faults_are_told_with_file_line_and_advice(dataset: Run, tmp_path: Path) -> None:
    labels = tmp_path / "labels.jsonl"
    labels.write_text('{"image": "a.png"}\n{"image"\n')
    done = dataset("check", tmp_path)
    assert done.code == 1
    first, second, total = done.out.splitlines()
    assert first.startswith(f"{labels}:1: error missing-picture: a.png is not there; copy the picture there")
    assert second.startswith(f"{labels}:2: error bad-line: not JSON")
    assert total == "1 pictures: 2 errors, 0 warnings"
    report = json.loads(dataset("check", tmp_path, "--format", "json").out)
    assert (report["pictures"], report["errors"], report["warnings"]) == (1, 2, 0)
    assert report["faults"][0] == {
        "file": str(labels),
        "line": 1,
        "severity": "error",
        "kind": "missing-picture",
        "message": "a.png is not there",
        "advice": "copy the picture there, or delete the line",
    }


def test_warnings_count_where_that_is_wanted(dataset: Run, tmp_path: Path) -> None:
    for index in range(2):
        Image.new("RGB", (9, 9)).save(tmp_path / f"{index}.png")
    (tmp_path / "labels.jsonl").write_text('{"image": "0.png"}\n{"image": "1.png"}\n')
    done = dataset("check", tmp_path)
    assert (done.code, done.out.splitlines()[-1]) == (0, "2 pictures: 0 errors, 1 warning")
    assert dataset("check", tmp_path, "--strict").code == 1


def test_errors_and_wrong_usage(dataset: Run, yolo: Path, tmp_path: Path) -> None:
    (yolo / "labels" / "3.txt").write_text("0 0.5\n")
    done = dataset("import", yolo, tmp_path / "out", "--format", "yolo")
    assert done.code == 1
    assert "3.txt:1: a line has a class and 4 numbers" in done.err
    assert not (tmp_path / "out").exists()
    done = dataset("import", yolo, tmp_path / "out", "--format", "yolo", "--lenient")
    assert (done.code, done.out) == (1, f"5 pictures in {tmp_path / 'out'} (yolo)\n")
    assert "left out:" in done.err
    for arguments in (
        ("import", yolo),
        ("import", yolo, tmp_path / "x", "--format", "yollo"),
        ("export", tmp_path / "out", tmp_path / "x", "--format", "word"),
        ("split", tmp_path / "out", "--shares", "train"),
        ("info", "svnh"),
        ("check", tmp_path / "out", "--format", "xml"),
    ):
        assert dataset(*arguments).code == 2, arguments
    assert dataset("check", tmp_path / "nowhere").code == 1


def test_what_is_known_of_public_sets(dataset: Run) -> None:
    listed = dataset("info").out
    assert len(listed.splitlines()) == 16
    card = dataset("info", "svhn").out
    assert "non-commercial" in card
    assert "http://ufldl.stanford.edu/housenumbers/" in card
    assert "--format svhn" in card
    assert "digitStruct.mat" in dataset("info", "--formats").out
