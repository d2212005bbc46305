"""`wordsight dataset ...` as a person or a script uses it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image


def wordsight(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "wordsight", "dataset", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=120, check=False)


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


def test_from_another_program_and_to_another(yolo: Path, tmp_path: Path) -> None:
    plates = tmp_path / "plates"
    done = wordsight("import", yolo, plates)
    assert (done.returncode, done.stdout) == (0, f"6 pictures in {plates} (yolo)\n")
    done = wordsight("split", plates, "--shares", "train=0.5,test=0.5", "--exact")
    assert (done.returncode, done.stdout) == (0, "train 3\ntest 3\n")
    done = wordsight("check", plates, "--label", "plate", "--strict")
    assert (done.returncode, done.stdout) == (0, "6 pictures: 0 errors, 0 warnings\n")
    done = wordsight("stats", plates, "--split", "test", "--format", "json", "--picture", tmp_path / "stats.png")
    assert json.loads(done.stdout)["labels"] == {"plate": 3}
    with Image.open(tmp_path / "stats.png") as drawn:
        assert drawn.size[0] == 1120
    assert "median 20" in wordsight("stats", plates).stdout
    done = wordsight("export", plates, tmp_path / "voc", "--format", "voc")
    assert (done.returncode, done.stdout) == (0, f"6 pictures in {tmp_path / 'voc'}\n")
    done = wordsight("import", "voc", tmp_path / "voc", tmp_path / "again", "--link")
    assert (done.returncode, done.stdout) == (0, f"6 pictures in {tmp_path / 'again'} (voc)\n")
    done = wordsight("merge", plates, tmp_path / "again", "--out", tmp_path / "both")
    assert done.returncode == 0
    assert done.stdout == f"6 pictures in {tmp_path / 'both'}\n"
    assert done.stderr.count("is the same file as") == 6


def test_faults_are_told_with_file_line_and_advice(tmp_path: Path) -> None:
    labels = tmp_path / "labels.jsonl"
    labels.write_text('{"image": "a.png"}\n{"image"\n')
    done = wordsight("check", tmp_path)
    assert done.returncode == 1
    first, second, total = done.stdout.splitlines()
    assert first.startswith(f"{labels}:1: error missing-picture: a.png is not there; copy the picture there")
    assert second.startswith(f"{labels}:2: error bad-line: not JSON")
    assert total == "1 pictures: 2 errors, 0 warnings"
    report = json.loads(wordsight("check", tmp_path, "--format", "json").stdout)
    assert (report["pictures"], report["errors"], report["warnings"]) == (1, 2, 0)
    assert report["faults"][0] == {
        "file": str(labels),
        "line": 1,
        "severity": "error",
        "kind": "missing-picture",
        "message": "a.png is not there",
        "advice": "copy the picture there, or delete the line",
    }


def test_warnings_count_where_that_is_wanted(tmp_path: Path) -> None:
    for index in range(2):
        Image.new("RGB", (9, 9)).save(tmp_path / f"{index}.png")
    (tmp_path / "labels.jsonl").write_text('{"image": "0.png"}\n{"image": "1.png"}\n')
    done = wordsight("check", tmp_path)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "2 pictures: 0 errors, 1 warning")
    assert wordsight("check", tmp_path, "--strict").returncode == 1


def test_errors_and_wrong_usage(yolo: Path, tmp_path: Path) -> None:
    (yolo / "labels" / "3.txt").write_text("0 0.5\n")
    done = wordsight("import", yolo, tmp_path / "out", "--format", "yolo")
    assert done.returncode == 1
    assert "3.txt:1: a line has a class and 4 numbers" in done.stderr
    assert not (tmp_path / "out").exists()
    done = wordsight("import", yolo, tmp_path / "out", "--format", "yolo", "--lenient")
    assert (done.returncode, done.stdout) == (1, f"5 pictures in {tmp_path / 'out'} (yolo)\n")
    assert "left out:" in done.stderr
    for arguments in (
        ("import", yolo),
        ("import", yolo, tmp_path / "x", "--format", "yollo"),
        ("export", tmp_path / "out", tmp_path / "x", "--format", "word"),
        ("split", tmp_path / "out", "--shares", "train"),
        ("info", "svnh"),
        ("check", tmp_path / "out", "--format", "xml"),
    ):
        assert wordsight(*arguments).returncode == 2, arguments
    assert wordsight("check", tmp_path / "nowhere").returncode == 1


def test_what_is_known_of_public_sets() -> None:
    listed = wordsight("info").stdout
    assert len(listed.splitlines()) == 16
    card = wordsight("info", "svhn").stdout
    assert "non-commercial" in card
    assert "http://ufldl.stanford.edu/housenumbers/" in card
    assert "--format svhn" in card
    assert "digitStruct.mat" in wordsight("info", "--formats").stdout
