"""The benchmark scripts run, and print figures that can be true. The comparison with peers is in tests/peers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from script_help import help_of
from wordsight.data.manifest import Manifest, Sample, write_manifest
from wordsight.examples import example_path

ROOT = Path(__file__).parents[2]
SCRIPTS = [
    "belief",
    "bulk",
    "detection",
    "detectors",
    "engine_page",
    "lexicon",
    "memory",
    "mrz",
    "pattern",
    "peers",
    "receipts",
    "recognition",
    "rotation",
    "search",
    "suggest",
    "video",
]


def run(name: str, *arguments: str | Path) -> str:
    command = [sys.executable, str(ROOT / "benchmarks" / f"{name}.py"), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if "is missing: apt-get install" in done.stderr:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr
    return done.stdout


def results(out: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / f"{name}.json").read_text(encoding="utf-8"))
    assert f"benchmarks/{name}.py" in found["command"]
    assert str(ROOT) not in (out / f"{name}.md").read_text(encoding="utf-8")
    return found


@pytest.mark.parametrize("name", SCRIPTS)
def test_help_explains(name: str) -> None:
    text = help_of(f"benchmarks/{name}.py")
    assert f"python benchmarks/{name}.py" in text
    assert "--out" in text


def test_recognition(tmp_path: Path) -> None:
    texts = ["HOTEL", "Bakery", "4.20", "!?", "open", "Harbour", "STREET", "1984", "Museum", "Platform", "quick"]
    (tmp_path / "images").mkdir()
    samples = []
    for number, text in enumerate(texts):
        picture = Image.new("RGB", (40 + 24 * len(text), 64), "white")
        ImageDraw.Draw(picture).text((20, 10), text, fill="black", font_size=40)
        picture.save(tmp_path / f"images/{number}.png")
        samples.append(Sample(f"images/{number}.png", tmp_path / f"images/{number}.png", text=text, split="test"))
    write_manifest(tmp_path, samples)
    printed = run("recognition", tmp_path, "--out", tmp_path, "--threads", "1")
    found = results(tmp_path, "recognition")
    figures = found["sets"][tmp_path.name]
    assert figures["accuracy"] == 1.0
    assert (figures["words"], figures["crops"]) == (10, 11)
    assert 0 <= figures["ece_after"] < 0.3
    assert 0 < figures["calibration_crops"] < 10, "some crops are kept for fitting"
    assert next(iter(found["ablation"])) == "plain greedy"
    assert found["ablation"]["all"][tmp_path.name] == 1.0
    assert f"{tmp_path.name}: 11 crops of test" in printed
    assert run("recognition", tmp_path, "--fit").startswith("A, B, C = ")


def test_detection_goes_on_after_an_interruption(tmp_path: Path) -> None:
    street = example_path().parents[1]
    options = ("--detectors", "dbnet", "--qualities", "fast", "--out", tmp_path, "--work", tmp_path / "work")
    options = (*options, "--name", "detection")
    run("detection", street, *options, "--only", "quality,decode")
    found = results(tmp_path, "detection")
    (row,) = found["quality"]
    assert 0 < row["f"] < 1
    assert 9_000 < found["decode"]["cells"] < 12_000
    assert found["decode"]["words"] == 24
    (kept,) = (tmp_path / "work").glob("*-upright-dbnet-fast-boxes.jsonl")
    (record,) = map(json.loads, kept.read_text(encoding="utf-8").splitlines())
    kept.write_text(json.dumps(record | {"words": []}) + "\n", encoding="utf-8")
    run("detection", street, *options, "--only", "quality", "--resume")
    assert results(tmp_path, "detection")["quality"][0]["f"] == 0
    run("detection", street, *options, "--only", "rotated,speed", "--step", "180")
    again = results(tmp_path, "detection")
    assert list(again["rotated"][0]["f"]) == ["0", "180"]
    assert again["speed"][0]["fps"] > 0
    assert again["speed"][0]["fps_in_flight"] > 0


def test_belief(tmp_path: Path) -> None:
    """The street is in both parts, with its words and without: then every quad in it is a mistake."""
    (street,) = Manifest.open(example_path().parents[1])
    samples = []
    for number in (10, 15, 20, 25, 30, 35, 40, 45):
        path = tmp_path / f"img_{number}.jpg"
        path.symlink_to(street.path)
        samples.append(Sample(path.name, path, words=street.words if number % 20 >= 10 else ()))
    write_manifest(tmp_path, samples)
    run("belief", tmp_path, "--out", tmp_path, "--threads", "1")
    found = results(tmp_path, "belief")
    assert len(found["evidence"]) == 4
    rows = [row for pair in found["rows"] for row in pair]
    assert [row["quality"] for row in rows] == ["fast", "fast", "balanced", "balanced", "best", "best"]
    assert all(0 < row["F, quoted part"] < 1 and 0 <= row["ECE"] <= 1 for row in rows)


def test_lexicon_and_pattern(tmp_path: Path) -> None:
    texts = ["HOTEL", "Bakery", "4.20", "open", "Harbour", "1984", "Museum", "Platform", "quick", "AB-12", "Tea4two"]
    (tmp_path / "images").mkdir()
    samples = []
    for number, text in enumerate(texts):
        picture = Image.new("RGB", (40 + 24 * len(text), 64), "white")
        ImageDraw.Draw(picture).text((20, 10), text, fill="black", font_size=40)
        picture.save(tmp_path / f"images/{number}.png")
        samples.append(Sample(f"images/{number}.png", tmp_path / f"images/{number}.png", text=text))
    write_manifest(tmp_path, samples)
    words = tmp_path / "words.txt"
    words.write_text("\n".join(f"word{number}" for number in range(300)), encoding="utf-8")
    run("lexicon", tmp_path, "--words", words, "--out", tmp_path, "--threads", "1")
    found = results(tmp_path, "lexicon")
    rows = {row["list"]: row for row in found["lists"]}
    assert set(rows) == {"50", "all", "90,000", "codes", "neighbours"}
    for row in rows.values():
        assert (row["answered"], row["right"], row["strict"], row["forced"]) == (1, 1, 1, 0)
    assert 0 < found["timing"]["median"] <= found["timing"]["95th percentile"]
    run("pattern", tmp_path, "--out", tmp_path, "--threads", "1")
    figures = results(tmp_path, "pattern")
    assert (figures["answered"], figures["right"], figures["forced"]) == (1, 1, 0)


@pytest.mark.training
def test_rotation_goes_on_after_an_interruption(tmp_path: Path) -> None:
    options = ("--pages", "1", "--step", "180", "--work", tmp_path, "--out", tmp_path, "--threads", "1")
    options = (*options, "--quality", "fast")
    kept = tmp_path / "pages-1-0-180" / "wordsight-fast.jsonl"
    kept.parent.mkdir()
    kept.write_text('{"image": "of a run before", "words": []}\n', encoding="utf-8")
    run("rotation", *options)
    found = results(tmp_path, "rotation")
    fs = found["page_words_f"]["wordsight-fast"]["pages"]
    assert list(fs) == ["0", "180"]
    assert min(fs.values()) > 0.9
    assert found["drop"]["wordsight-fast"]["pages"] == 100 * (fs["0"] - min(fs.values()))
    first, _ = kept.read_text(encoding="utf-8").splitlines()
    kept.write_text(json.dumps(json.loads(first) | {"words": []}) + "\n", encoding="utf-8")
    run("rotation", *options, "--resume")
    assert results(tmp_path, "rotation")["page_words_f"]["wordsight-fast"]["pages"] == {"0": 0.0, "180": fs["180"]}
    assert len(kept.read_text(encoding="utf-8").splitlines()) == 2


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is measured on Linux only")
def test_memory(tmp_path: Path) -> None:
    run("memory", "--only", "growth", "--count", "2", "--out", tmp_path)
    growth = results(tmp_path, "memory")["growth"]
    assert growth["series"][-1] == [2, growth["end_mb"]]
    assert 100 < growth["end_mb"] < 2000
    run("memory", "--only", "peak", "--picture", example_path(), "--out", tmp_path)
    peak = results(tmp_path, "memory")["peak"]
    assert peak["pixels"] == 1280 * 853
    assert peak["loaded_mb"] < peak["peak_mb"] < 2000
    assert peak["words"] > 30


def test_suggest_goes_on_after_an_interruption(tmp_path: Path) -> None:
    data = ROOT.parent / "shared" / "data" / "sroie"
    if not data.is_dir():
        pytest.skip("needs the receipts of ../shared/data")
    short = ("--pictures", "12", "--unseen", "4", "--budgets", "4", "6", "--seeds", "1")
    run("suggest", "--data", data, "--work", tmp_path / "work", "--out", tmp_path, *short)
    first = results(tmp_path, "suggest")
    low, high = first["rows"]
    assert (low["labelled"], high["labelled"]) == (4, 6)
    assert low["chance"] == low["suggest"] > 0.2  # both start from the same labels
    assert low["saved"] == 0.0
    (tmp_path / "work" / "suggest" / "suggest-0-12-4-4-6.json").unlink()
    run("suggest", "--data", data, "--work", tmp_path / "work", "--out", tmp_path, *short)
    assert results(tmp_path, "suggest")["rows"] == first["rows"]
