"""The report as a page, and what it is made from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from wordsight.cli import app
from wordsight.evaluation.fields import Case, Said
from wordsight.evaluation.page import render, write_page
from wordsight.evaluation.summary import summarize

BAD = "<script>alert(1)</script>"
AFTER = (
    Case("a.png", "total", ("9.00",), (Said("9.00", 0.9),)),
    Case("b.png", "total", ("9.50",), (Said("9.80", 0.8),)),
    Case("b.png", BAD, (BAD,), (Said(BAD + "&", 0.7),)),
)
BEFORE = (Case("a.png", "total", ("9.00",), ()), *(Case(c.image, c.label, c.wanted, ()) for c in AFTER[1:]))


def test_the_summary_counts_what_changed() -> None:
    report = summarize(BEFORE, AFTER)
    assert report["change"] == {"fixed": 1, "broken": 0, "chance": 0.5}
    assert report["after"]["by_label"]["total"]["exact"] == 0.5
    assert report["confusions"] == [{"is": "5", "said": "8", "count": 1}]
    assert [row["said"] for row in report["worst"]] == [["9.80"], [BAD + "&"]]


def test_without_a_before_nothing_is_compared() -> None:
    report = summarize((), AFTER)
    assert report["change"] is None
    assert "F before" not in render({"name": "x", **report}, {})


def test_the_page_is_escaped_and_needs_nothing_else(tmp_path: Path) -> None:
    Image.new("RGB", (40, 30), "white").save(tmp_path / "b.png")
    report = {"name": BAD, "pictures": 2, "warnings": [BAD], **summarize(BEFORE, AFTER)}
    page = write_page(tmp_path / "out" / "report.html", report, {"b.png": tmp_path / "b.png", "a.png": tmp_path / "no"})
    text = page.read_text(encoding="utf-8")
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert "http" not in text
    assert "data:image/jpeg;base64," in text
    assert "prefers-color-scheme: dark" in text
    assert json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))["name"] == BAD


@pytest.fixture
def crops(tmp_path: Path) -> Path:
    for name in ("a.png", "b.png"):
        Image.new("RGB", (40, 30), "white").save(tmp_path / name)
    lines = [{"image": "a.png", "fields": {"total": "9.00"}}, {"image": "b.png", "fields": {"total": "9.50"}}]
    (tmp_path / "labels.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    said = [
        {"image": "a.png", "fields": {"total": "9.00"}, "predictions": [{"label": "total", "text": "9.00"}]},
        {"image": "b.png", "fields": {}},
    ]
    (tmp_path / "said.jsonl").write_text("\n".join(map(json.dumps, said)), encoding="utf-8")
    return tmp_path


def test_the_command_writes_a_page_of_predictions(crops: Path) -> None:
    page = crops / "report.html"
    command = ["evaluate", str(crops), "--task", "fields", "-p", str(crops / "said.jsonl"), "--report", str(page)]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    report = json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))
    assert (report["pictures"], report["after"]["precision"], report["after"]["recall"]) == (2, 1.0, 0.5)


def test_a_report_that_is_no_page(crops: Path) -> None:
    command = ["evaluate", str(crops), "--task", "fields", "-p", str(crops / "said.jsonl")]
    result = CliRunner().invoke(app, [*command, "--report", str(crops / "report.json")])
    assert result.exit_code != 0
    assert not (crops / "report.json").exists()
