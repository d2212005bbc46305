"""Teaching from end to end, on pictures made here: documents, crops, things; the guard; stopping and going on."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

import wordsight
from wordsight.evaluation.fields import Change
from wordsight.fields.model import ModelFile
from wordsight.fields.store import Store

pytest.importorskip("torch")
from wordsight.training.events import Checked, Event, Noted, Taught, Working
from wordsight.training.teach import TeachConfig, teach, verdict

SHOPS = ("ORCHARD HARDWARE LTD", "NORTH STAR BAKERY", "RIVERSIDE BOOKS LTD", "GREEN LANE PHARMACY")
STREETS = ("12 MILL ROAD", "7 STATION STREET", "145 HARBOUR VIEW", "3 CHURCH LANE")
GOODS = ("HAMMER", "BREAD", "NOTEBOOK", "SOAP", "LAMP", "COFFEE", "PAPER")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WORDSIGHT_HOME", str(tmp_path / "home"))
    return tmp_path


def font(size: int) -> ImageFont.FreeTypeFont:
    found = ImageFont.load_default(size)
    assert isinstance(found, ImageFont.FreeTypeFont)
    return found


def receipt(path: Path, seed: int) -> dict[str, str]:
    """Draw a receipt; gives its fields."""
    draw = random.Random(seed)
    page = Image.new("RGB", (520, 620), (250, 250, 246))
    pen = ImageDraw.Draw(page)
    fields = {
        "shop": SHOPS[draw.randrange(4)],
        "date": f"{draw.randint(1, 28):02}/{draw.randint(1, 12):02}/{draw.randint(2020, 2026)}",
    }
    rows = [(fields["shop"], ""), (STREETS[draw.randrange(4)], ""), (f"DATE: {fields['date']}", "")]
    prices = [draw.randint(100, 4000) for _ in range(draw.randint(2, 5))]
    rows += [(draw.choice(GOODS), f"{price / 100:.2f}") for price in prices]
    fields["total"] = f"{sum(prices) / 100:.2f}"
    cash = sum(prices) + draw.randint(1, 900)
    rows += [("TOTAL", fields["total"]), ("CASH", f"{cash / 100:.2f}"), ("THANK YOU", "")]
    top = 30 + draw.randint(0, 30)
    for left, right in rows:
        pen.text((40, top), left, (20, 20, 20), font(24))
        pen.text((400, top), right, (20, 20, 20), font(24))
        top += 44
    page.save(path)
    return fields


def receipts(folder: Path, count: int) -> Path:
    (folder / "images").mkdir(parents=True)
    lines = []
    for i in range(count):
        fields = receipt(folder / "images" / f"{i}.png", i)
        lines.append(json.dumps({"image": f"images/{i}.png", "fields": fields}))
    (folder / "labels.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return folder


def crops(folder: Path, count: int, wrong: bool = False) -> Path:
    """Clear words, which need no teaching; every third label is wrong on demand."""
    (folder / "images").mkdir(parents=True)
    lines = []
    for i in range(count):
        text = GOODS[i % 7]
        label = text[::-1] if i % 3 == 0 and wrong else text
        picture = Image.new("RGB", (160, 48), (255, 255, 255))
        ImageDraw.Draw(picture).text((8 + i // 7, 8), text, (0, 0, 0), font(26))
        picture.save(folder / "images" / f"{i}.png")
        lines.append(json.dumps({"image": f"images/{i}.png", "text": label}))
    (folder / "labels.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return folder


def run(config: TeachConfig) -> tuple[list[Event], Taught]:
    events = list(teach(config))
    assert isinstance(events[-1], Taught)
    return events, events[-1]


def test_receipts(home: Path) -> None:
    events, taught = run(TeachConfig(receipts(home / "data", 10), "bills", minutes=0.1))
    checked = next(event for event in events if isinstance(event, Checked))
    assert checked.labels == {"date": "document", "shop": "document", "total": "document"}
    assert checked.test == 0
    assert taught.adopted
    assert taught.model == "bills@1"
    assert taught.report["after"]["f"] >= 0.8
    assert taught.report["after"]["f"] > taught.report["before"]["f"]

    model = wordsight.load("bills")
    unseen = home / "new.png"
    fields = receipt(unseen, 1000)
    found = model.predict(str(unseen))
    assert found.fields["total"] == fields["total"]
    assert found.fields["date"] == fields["date"]
    total = next(value for value in found.details if value.name == "total")
    assert total.quad is not None
    assert 0 < total.confidence <= 1
    assert total.quad.bounds[0] > 380  # the column of prices
    record = json.loads(found.to_json())
    assert record["fields"] == dict(found.fields)
    assert {row["label"] for row in record["predictions"]} == set(found.fields)

    page = taught.page.read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert "http" not in page.replace("http-equiv", "")  # nothing is fetched
    assert json.loads(taught.page.with_suffix(".json").read_text(encoding="utf-8"))["adopted"] is True


def test_labels_are_escaped_in_the_report(home: Path) -> None:
    folder = receipts(home / "data", 6)
    lines = (folder / "labels.jsonl").read_text(encoding="utf-8").splitlines()
    record = json.loads(lines[0])
    record["fields"]["total"] = "<script>alert(1)</script>"
    (folder / "labels.jsonl").write_text("\n".join([json.dumps(record), *lines[1:]]), encoding="utf-8")
    _, taught = run(TeachConfig(folder, "bills"))
    page = taught.page.read_text(encoding="utf-8")
    assert "<script" not in page


def test_a_wrong_label_is_named(home: Path) -> None:
    folder = receipts(home / "data", 12)
    lines = (folder / "labels.jsonl").read_text(encoding="utf-8").splitlines()
    record = json.loads(lines[3])
    record["fields"]["date"] = "31/12/1999"
    lines[3] = json.dumps(record)
    (folder / "labels.jsonl").write_text("\n".join(lines), encoding="utf-8")
    _, taught = run(TeachConfig(folder, "bills"))
    assert ("images/3.png", "date") in {(d["image"], d["label"]) for d in taught.report["doubts"]}


def test_words_that_need_no_teaching_are_left_to_the_stock_reader(home: Path) -> None:
    events, taught = run(TeachConfig(crops(home / "data", 30), "words", minutes=0.05))
    assert not taught.adopted
    assert taught.model is None
    assert any(isinstance(event, Noted) and "nothing to teach" in event.message for event in events)
    assert "not better than the stock reader" in taught.reason
    assert Store.default().names() == []
    assert taught.report["before"]["exact"] == 1.0
    assert taught.page.is_file()


def test_a_teaching_that_was_stopped_goes_on(home: Path) -> None:
    config = TeachConfig(crops(home / "data", 40, wrong=True), "words", minutes=0.2)
    first = teach(config)
    for event in first:
        if isinstance(event, Working) and event.stage == "read" and event.done > 0.3:
            break
    first.close()
    second = teach(config)
    again = next(event for event in second if isinstance(event, Working) and event.stage == "read")
    second.close()
    assert again.done > 0.2


@pytest.mark.training
@pytest.mark.parametrize(("sent", "status"), [(signal.SIGKILL, -9), (signal.SIGINT, 130)])
def test_a_teaching_that_was_killed_goes_on(home: Path, sent: signal.Signals, status: int) -> None:
    folder = crops(home / "data", 40, wrong=True)
    command = [sys.executable, "-m", "wordsight", "teach", str(folder), "--name", "words", "--minutes", "1"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    checkpoint = home / "home" / "teaching" / "words" / "crop" / "read" / "checkpoint.safetensors"
    try:
        for _ in range(1200):
            if checkpoint.is_file() or process.poll() is not None:
                break
            time.sleep(0.1)
    finally:
        process.send_signal(sent)
        assert process.wait() == status
    assert checkpoint.is_file()
    events = teach(TeachConfig(folder, "words", minutes=1.0))
    first = next(event for event in events if isinstance(event, Working) and event.stage == "read")
    events.close()
    assert first.done > 0.2


def test_one_name_is_taught_once_at_a_time(home: Path) -> None:
    folder = crops(home / "data", 30)
    first = teach(TeachConfig(folder, "words", minutes=0.2))
    next(first)
    with pytest.raises(wordsight.ConfigError, match="being taught by another process"):
        next(teach(TeachConfig(folder, "words", minutes=0.2)))
    first.close()


@pytest.mark.parametrize("minutes", [0.05, pytest.param(0.4, marks=pytest.mark.training)])
def test_things_in_photos(home: Path, minutes: float) -> None:
    folder = home / "data"
    (folder / "images").mkdir(parents=True)
    draw, lines = random.Random(0), []
    for i in range(24):
        noise = np.random.default_rng(i).integers(60, 160, (240, 320, 3), np.uint8)
        photo = Image.fromarray(noise)
        left, top = draw.randint(10, 170), draw.randint(10, 180)
        pen = ImageDraw.Draw(photo)
        pen.rectangle((left, top, left + 130, top + 40), (255, 220, 0), (0, 0, 0), 3)
        text = f"{draw.choice('ABCDEH')}{draw.choice('KLMNPR')} {draw.randint(100, 999)}"
        pen.text((left + 12, top + 6), text, (0, 0, 0), font(26))
        photo.save(folder / "images" / f"{i}.png")
        quad = [[left, top], [left + 130, top], [left + 130, top + 40], [left, top + 40]]
        words = [{"quad": quad, "text": text, "label": "plate"}]
        lines.append(json.dumps({"image": f"images/{i}.png", "words": words}))
    (folder / "labels.jsonl").write_text("\n".join(lines), encoding="utf-8")
    events, taught = run(TeachConfig(folder, "plates", minutes=minutes, kinds={"plate": "object"}))
    assert next(e for e in events if isinstance(e, Checked)).labels == {"plate": "object"}
    assert 0 <= taught.report["extra"]["box_ap50"]["plate"] <= 1
    change = taught.report["change"]
    assert not (taught.adopted and Change(change["broken"], change["fixed"]).better)  # never one that reads worse
    assert Store.default().names() == (["plates"] if taught.adopted else [])
    if taught.path is not None:
        model = ModelFile.read(taught.path)
        assert "detector.onnx" in model.members
        assert model.card.label("plate").pattern == "[A-Z]{2}[ .-]?[0-9]{3}"


def test_the_first_model_of_things_is_kept_where_it_finds_them() -> None:
    same, worse, better = Change(1, 2), Change(0, 2), Change(5, 0)
    assert verdict(better, 20)[0] and verdict(better, 20, [0.1], first=True)[0]
    assert verdict(same, 20, [0.9, 0.5], first=True)[0]
    assert not verdict(same, 20, [0.9, 0.4], first=True)[0]
    assert not verdict(same, 20, [0.9], first=False)[0]
    assert not verdict(worse, 20, [0.9], first=True)[0]
    assert not verdict(same, 20, first=True)[0]
