"""Ready-made readers on pictures: machine-readable zones at any angle, entities, the command."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from typer.testing import CliRunner

from wordsight.cli import app
from wordsight.errors import ConfigError
from wordsight.fields.presets.base import lines_detector
from wordsight.fields.presets.choose import open_preset
from wordsight.fields.presets.icao import LAYOUTS, compose, parse
from wordsight.fields.presets.zone import ZoneReader
from wordsight.image.turn import rotate
from wordsight.pipeline import Pipeline
from wordsight.reader import Reader
from wordsight.recognition.svtr import SvtrRecognizer

VALUES = {
    "country": "UTO",
    "nationality": "UTO",
    "surname": "ERIKSSON",
    "names": "ANNA MARIA",
    "number": "L898902C3",
    "date_of_birth": "740812",
    "expiration_date": "120415",
    "sex": "F",
    "personal_number": "ZE18422",
}
FIRST = {"TD1": "I", "TD2": "I", "TD3": "P", "MRVA": "V", "MRVB": "V"}
PITCH = 22


def document(layout: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """A card with a zone in equally wide letters."""
    lines = compose(LAYOUTS[layout], VALUES | {"document_type": FIRST[layout]})
    width = PITCH * len(lines[0]) + 80
    card = Image.new("RGB", (width, 420), (235, 240, 245))
    pen = ImageDraw.Draw(card)
    pen.text((300, 60), "Eriksson, Anna Maria", (20, 20, 30), ImageFont.load_default(40))
    for row, line in enumerate(lines):
        for place, sign in enumerate(line):
            pen.text((40 + PITCH * (place + 0.5), 240 + 55 * row), sign, (10, 10, 20), ImageFont.load_default(30), "mm")
    return np.asarray(card), lines


@pytest.fixture(scope="module")
def zones(reader: Reader) -> ZoneReader:
    stages = reader.pipeline
    assert isinstance(stages, Pipeline)
    assert isinstance(stages.recognizer, SvtrRecognizer)
    return ZoneReader(lines_detector(reader), stages.recognizer)


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_zones_of_all_layouts(zones: ZoneReader, layout: str) -> None:
    card, lines = document(layout)
    found = zones.read(card)
    assert found is not None
    assert found.zone.layout == layout
    assert found.zone.lines == lines
    assert dict(found.zone.fields)["surname"] == "ERIKSSON"


@pytest.mark.parametrize("angle", [90, 180, 270, 12, 140])
def test_zones_at_any_angle(zones: ZoneReader, angle: float) -> None:
    card, lines = document("TD3")
    turned, there = rotate(card, angle)
    found = zones.read(turned)
    assert found is not None
    assert found.zone.lines == lines
    middle = found.quads[0].mean(axis=0)
    expected = there @ np.array([card.shape[1] / 2, 240, 1])
    assert np.linalg.norm(middle - expected) < 15


def test_no_zone(zones: ZoneReader, street: np.ndarray) -> None:
    assert zones.read(street) is None
    assert zones.read(np.full((64, 64, 3), 255, np.uint8)) is None


def test_specimens(zones: ZoneReader, shared_data: Path) -> None:
    from wordsight.image.load import load

    records = [*map(json.loads, (shared_data / "mrz/labels.jsonl").read_text(encoding="utf-8").splitlines())]
    right = 0
    for record in records:
        found = zones.read(load(shared_data / "mrz" / record["image"]))
        truth = dict(record["fields"])
        lines = truth.pop("mrz")
        right += found is not None and list(found.zone.lines) == lines and dict(found.zone.fields) == truth
    assert right >= len(records) - 1


def test_the_command(tmp_path: Path) -> None:
    card, lines = document("TD3")
    path = tmp_path / "passport.png"
    Image.fromarray(card).save(path)
    result = CliRunner().invoke(app, ["read", str(path), "--fields", "mrz", "--format", "jsonl"])
    assert result.exit_code == 0, result.output
    record = json.loads(result.stdout)
    assert record["fields"]["mrz"] == list(lines)
    assert record["fields"]["number"] == "L898902C3"
    assert record["mrz"]["dates"] == dict(parse(lines, date.today()).dates)
    assert record["mrz"]["valid"] is True
    assert [word["text"] for word in record["words"]] == list(lines)
    surname = next(value for value in record["predictions"] if value["label"] == "surname")
    assert 0.8 < surname["confidence"] <= 1
    assert surname["quad"][0][0] == pytest.approx(40 + 5 * PITCH, abs=PITCH / 2)
    assert surname["quad"][1][0] == pytest.approx(40 + 13 * PITCH, abs=PITCH / 2)


def test_options_that_do_not_go_together(tmp_path: Path, reader: Reader) -> None:
    with pytest.raises(ConfigError, match="--fields"):
        CliRunner().invoke(app, ["read", "a.png", "--fields", "mrz", "--chars"], catch_exceptions=False)
    with pytest.raises(ConfigError, match="did you mean 'mrz'"):
        open_preset("mrs", reader)


def test_entities_of_a_picture(tmp_path: Path, reader: Reader) -> None:
    card = Image.new("RGB", (900, 300), "white")
    pen = ImageDraw.Draw(card)
    for row, text in enumerate(["Invoice of 12.03.2024", "Total 1,234.50 EUR", "office@example.com"]):
        pen.text((40, 30 + 90 * row), text, "black", ImageFont.load_default(44))
    path = tmp_path / "invoice.png"
    card.save(path)
    (found,) = open_preset("entities", reader).read_pages(path)
    assert found.fields == {
        "date": ("12.03.2024",),
        "amount": ("1,234.50 EUR",),
        "email": ("office@example.com",),
    }
    assert [one["value"] for one in found.beside["entities"]] == ["2024-03-12", "EUR 1234.50", "office@example.com"]


def test_index_and_search_commands(tmp_path: Path) -> None:
    card = Image.new("RGB", (900, 200), "white")
    ImageDraw.Draw(card).text((40, 60), "Modern harbour 2041", "black", ImageFont.load_default(48))
    folder = tmp_path / "scans"
    folder.mkdir()
    card.save(folder / "letter.png")
    (folder / "broken.png").write_bytes(b"no picture")
    file = str(tmp_path / "search.db")
    first = CliRunner().invoke(app, ["index", str(folder), "--index", file])
    assert (first.exit_code, "1 failed, 1 read" in first.stdout) == (1, True), first.output
    again = CliRunner().invoke(app, ["index", str(folder), "--index", file])
    assert "2 unchanged" in again.stdout
    drawn = tmp_path / "drawn"
    arguments = ["search", "M0DERN", "2041", "--index", file, "--format", "jsonl", "--draw", str(drawn)]
    found = CliRunner().invoke(app, arguments)
    record = json.loads(found.stdout)
    assert record["snippet"] == "[Modern] harbour [2041]"
    assert record["image"] == str(folder / "letter.png")
    with Image.open(drawn / "001-letter-1.png") as picture:
        assert picture.size == (900, 200)
    nothing = CliRunner().invoke(app, ["search", "missing", "--index", file])
    assert (nothing.exit_code, nothing.stdout) == (0, "")
