"""`wordsight convert`, `languages` and the options for documents and Tesseract, as a person uses them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commands import Run
from PIL import Image, ImageDraw

LINES = ["The quick brown fox jumps over 27 lazy dogs", "and rests near the river until Monday"]


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    sheets = []
    for line in LINES:
        sheets.append(Image.new("RGB", (900, 300), "white"))
        ImageDraw.Draw(sheets[-1]).text((60, 120), line, fill="black", font_size=34)
    sheets[0].save(tmp_path / "scan.tiff", save_all=True, append_images=sheets[1:])
    return tmp_path / "scan.tiff"


def test_from_scan_to_pdf_and_back(run: Run, scan: Path, tmp_path: Path) -> None:
    pytest.importorskip("pikepdf")
    assert run("convert", scan, tmp_path / "x.pdf").code == 0
    told = run("read", tmp_path / "x.pdf", "--format", "jsonl")
    assert [page["lines"][0]["text"] for page in told.records] == LINES
    assert "earlier OCR" in told.err
    assert run("read", tmp_path / "x.pdf", "--pages", "2", "--pdf-text", "always").out == LINES[1] + "\n"
    (tmp_path / "x.jsonl").write_text(told.out, encoding="utf-8")
    assert run("convert", tmp_path / "x.jsonl", tmp_path / "x.md").code == 0
    assert (tmp_path / "x.md").read_text(encoding="utf-8") == f"{LINES[0]}\n\n---\n\n{LINES[1]}\n"


def test_wrong_usage(run: Run, scan: Path, tmp_path: Path) -> None:
    def refusal(*arguments: object) -> str:
        done = run("convert", scan, *arguments)
        assert done.code == 2, done.err
        return done.err

    assert "add --to" in refusal(tmp_path / "x.xml")
    assert "did you mean 'alto'" in refusal(tmp_path / "x", "--to", "altoo")
    assert "one page" in refusal(tmp_path / "x.page.xml")
    assert not list(tmp_path.glob("*x.p*"))
    assert "no page 9 in a file of 2" in refusal(tmp_path / "x.pdf", "--pages", 9)
    assert not list(tmp_path.glob(".x*"))


def test_tesseract_from_the_command_line(run: Run, scan: Path) -> None:
    pytest.importorskip("tesserocr")
    whole = run("read", scan, "--detector", "none", "--recognizer", "tesseract", "--language", "eng", "--psm", "auto")
    assert (whole.code, whole.out.splitlines()) == (0, LINES), whole.err
    words = run(
        "read", scan, "--detector", "east", "--recognizer", "tesseract", "--psm", "8", "--oem", "1", "--pages", "1"
    )
    assert words.code == 0, words.err
    assert {"quick", "brown", "jumps"} & set(words.out.split())
    wrong = run("read", scan, "--recognizer", "tesseract", "--psm", "single_wort")
    assert wrong.code == 2
    assert "did you mean 'single_word'" in wrong.err
    missing = run("read", scan, "--recognizer", "tesseract", "--language", "tam")
    assert missing.code == 1
    assert "tam.traineddata" in missing.err


def test_languages(run: Run) -> None:
    rows = {row["code"]: row for row in json.loads(run("languages", "--json").out)}
    assert rows["de"]["svtr"] is True
    assert rows["ru"]["svtr"] is True
    assert rows["ar"]["svtr"] is False
    assert "en    English" in run("languages").out
