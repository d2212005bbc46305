"""`wordsight convert`, `languages` and the options for documents and Tesseract, as a person uses them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

LINES = ["The quick brown fox jumps over 27 lazy dogs", "and rests near the river until Monday"]


def run(*arguments: object, code: int = 0) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "wordsight", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == code, done.stderr
    return done


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    sheets = []
    for line in LINES:
        sheets.append(Image.new("RGB", (900, 300), "white"))
        ImageDraw.Draw(sheets[-1]).text((60, 120), line, fill="black", font_size=34)
    sheets[0].save(tmp_path / "scan.tiff", save_all=True, append_images=sheets[1:])
    return tmp_path / "scan.tiff"


def test_from_scan_to_pdf_and_back(scan: Path, tmp_path: Path) -> None:
    pytest.importorskip("pikepdf")
    run("convert", scan, tmp_path / "x.pdf")
    told = run("read", tmp_path / "x.pdf", "--format", "jsonl")
    pages = [json.loads(line) for line in told.stdout.splitlines()]
    assert [page["lines"][0]["text"] for page in pages] == LINES
    assert "earlier OCR" in told.stderr
    assert run("read", tmp_path / "x.pdf", "--pages", "2", "--pdf-text", "always").stdout == LINES[1] + "\n"
    (tmp_path / "x.jsonl").write_text(told.stdout, encoding="utf-8")
    run("convert", tmp_path / "x.jsonl", tmp_path / "x.md")
    assert (tmp_path / "x.md").read_text(encoding="utf-8") == f"{LINES[0]}\n\n---\n\n{LINES[1]}\n"


def test_wrong_usage(scan: Path, tmp_path: Path) -> None:
    assert "add --to" in run("convert", scan, tmp_path / "x.xml", code=2).stderr
    assert "did you mean 'alto'" in run("convert", scan, tmp_path / "x", "--to", "altoo", code=2).stderr
    assert "one page" in run("convert", scan, tmp_path / "x.page.xml", code=2).stderr
    assert not list(tmp_path.glob("*x.p*"))
    assert "no page 9 in a file of 2" in run("convert", scan, tmp_path / "x.pdf", "--pages", 9, code=2).stderr
    assert not list(tmp_path.glob(".x*"))


def test_tesseract_from_the_command_line(scan: Path) -> None:
    pytest.importorskip("tesserocr")
    whole = run("read", scan, "--detector", "none", "--recognizer", "tesseract", "--language", "eng", "--psm", "auto")
    assert whole.stdout.splitlines() == LINES
    words = run(
        "read", scan, "--detector", "east", "--recognizer", "tesseract", "--psm", "8", "--oem", "1", "--pages", "1"
    )
    assert {"quick", "brown", "jumps"} & set(words.stdout.split())
    wrong = run("read", scan, "--recognizer", "tesseract", "--psm", "single_wort", code=2)
    assert "did you mean 'single_word'" in wrong.stderr
    missing = run("read", scan, "--recognizer", "tesseract", "--language", "tam", code=1)
    assert "tam.traineddata" in missing.stderr


def test_languages() -> None:
    rows = {row["code"]: row for row in json.loads(run("languages", "--json").stdout)}
    assert rows["de"]["svtr"] is True
    assert rows["ru"]["svtr"] is False
    assert "en    English" in run("languages").stdout
