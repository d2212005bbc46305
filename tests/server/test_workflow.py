"""The way of an invoice: a folder or an upload, fields, rules, approval or review, export and messages."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from parts import Receiver, crop_model, living, until
from starlette.testclient import TestClient

from wordsight.fields.model import ModelFile
from wordsight.server.access import Services
from wordsight.server.errors import Conflict, NotThere
from wordsight.server.services.webhooks import signature
from wordsight.server.settings import Settings
from wordsight.server.watch import Watcher

RULES = {"fields": {"word": {"required": True, "pattern": "HELLO"}}, "confidence": 0.5, "approve": True}


def picture(text: str) -> bytes:
    page = np.full((80, 60 + 45 * len(text), 3), 255, np.uint8)
    cv2.putText(page, text, (20, 60), cv2.FONT_HERSHEY_SIMPLEX, 1.8, (0, 0, 0), 4)
    return cv2.imencode(".png", page)[1].tobytes()


@pytest.fixture
def model(client: TestClient) -> str:
    """A model with one field that can predict."""
    made = str(client.post("/api/v1/models", json={"labels": ["word"]}).json()["id"])
    file = {"file": ("m.wordsight", crop_model("word"))}
    client.post(f"/api/v1/models/{made}/versions", files=file).raise_for_status()
    return made


def read(client: TestClient, model: str, text: str) -> Any:
    reply = client.post(f"/api/v1/read?model={model}", files={"file": (f"{text}.png", picture(text))})
    assert reply.status_code == 200, reply.text
    return reply.json()["files"][0]


def test_without_rules_everything_waits_for_a_person(client: TestClient, model: str) -> None:
    file = read(client, model, "HELLO")
    assert (file["approval"], file["problems"]) == ("", [])
    assert file["pages"][0]["fields"][0]["text"] == "HELLO"


def test_rules_approve_or_put_up_for_review(client: TestClient, model: str) -> None:
    path = f"/api/v1/models/{model}/rules"
    assert client.get(path).json() == {"fields": {}, "sums": [], "confidence": 0.0, "approve": False}
    client.put(path, json=RULES).raise_for_status()
    assert client.get(path).json()["fields"]["word"]["pattern"] == "HELLO"
    good, bad = read(client, model, "HELLO"), read(client, model, "WORLD")
    assert (good["approval"], good["problems"]) == ("approved", [])
    assert bad["approval"] == ""
    assert [(p["field"], p["rule"]) for p in bad["problems"]] == [("word", "pattern")]
    waiting = client.get(f"/api/v1/files?model={model}&review=true").json()
    assert [file["id"] for file in waiting["files"]] == [bad["id"]]
    assert client.get(f"/api/v1/models/{model}/pictures").json()["total"] == 0, "a model must not learn from itself"
    stored = client.get(f"/api/v2/Inferences/Model/{model}/ImageLevelInferences").json()
    assert (stored["moderated_images_count"], stored["unmoderated_images_count"]) == (1, 1)
    assert stored["unmoderated_images"][0]["predicted_boxes"][0]["validation_status"] == "failed"


def test_a_correction_is_judged_again_and_becomes_training_data(client: TestClient, model: str) -> None:
    client.put(f"/api/v1/models/{model}/rules", json=RULES).raise_for_status()
    bad = read(client, model, "WORLD")
    page, quad = bad["pages"][0], bad["pages"][0]["fields"][0]["quad"]
    body = {"boxes": [{"label": "word", "quad": quad, "text": "HELLO"}]}
    client.put(f"/api/v1/pages/{page['id']}/boxes", json=body).raise_for_status()
    again = client.get(f"/api/v1/files/{bad['id']}").json()
    assert (again["approval"], again["problems"]) == ("", []), "a person approves what a person corrected"
    client.post(f"/api/v1/files/{bad['id']}/approval", json={"approval": "approved"}).raise_for_status()
    (taught,) = client.get(f"/api/v1/models/{model}/pictures").json()["pictures"]
    assert (taught["source"], taught["boxes"][0]["text"]) == ("review", "HELLO")


def test_only_what_is_approved_is_exported(client: TestClient, model: str) -> None:
    client.put(f"/api/v1/models/{model}/rules", json=RULES).raise_for_status()
    read(client, model, "HELLO")
    read(client, model, "WORLD")

    def exported(query: str) -> list[list[str]]:
        reply = client.get(f"/api/v1/files/export?model={model}{query}")
        return [row[3:] for row in csv.reader(StringIO(reply.content.decode("utf-8-sig")))][1:]

    assert exported("&approval=approved") == [["approved", "", "HELLO"]]
    assert exported("&approval=") == [["", "word: 'WORLD' does not have the form HELLO", "WORLD"]]
    assert len(exported("")) == 2


def test_every_decision_is_told_once(client: TestClient, model: str) -> None:
    client.put(f"/api/v1/models/{model}/rules", json=RULES).raise_for_status()
    events = [f"prediction.{name}" for name in ("finished", "review", "approved", "rejected")]
    hook = {"url": "https://example.com/x", "events": events, "model": model}
    client.post("/api/v1/webhooks", json=hook).raise_for_status()

    def told() -> list[str]:
        return sorted(row["event"] for row in client.get("/api/v1/deliveries").json())

    read(client, model, "HELLO")
    assert told() == ["prediction.approved", "prediction.finished"]
    bad = read(client, model, "WORLD")
    assert told() == ["prediction.approved", *["prediction.finished"] * 2, "prediction.review"]
    for approval in ("rejected", "approved"):
        client.post(f"/api/v1/files/{bad['id']}/approval", json={"approval": approval}).raise_for_status()
    assert told()[:2] == ["prediction.approved"] * 2
    assert told()[-2:] == ["prediction.rejected", "prediction.review"]


@pytest.mark.parametrize(
    "rules",
    [
        {"fields": {"other": {}}},
        {"fields": {"word": {"pattern": "["}}},
        {"fields": {"word": {"requierd": True}}},
        {"confidence": 2},
        {"sums": [{"total": "word", "parts": []}]},
    ],
)
def test_wrong_rules_are_refused(client: TestClient, model: str, rules: Any) -> None:
    reply = client.put(f"/api/v1/models/{model}/rules", json=rules)
    assert reply.status_code == 400
    assert reply.json()["errors"][0]["reason"] == "bad_request"
    assert client.get(f"/api/v1/models/{model}/rules").json()["fields"] == {}


# ------------------------------------------------------------------------------------------------ watched folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "inbox"
    made.mkdir()
    return made


@pytest.fixture
def watcher(service: Services, model: str, folder: Path) -> Watcher:
    return Watcher(service.context, service.predictions, folder, model)


def twice(watcher: Watcher) -> int:
    """Two looks: a file is taken in the second one that finds it unchanged."""
    return watcher.look() + watcher.look()


def names(client: TestClient) -> list[str]:
    return sorted(file["name"] for file in client.get("/api/v1/files").json()["files"])


def test_new_files_are_taken_once(client: TestClient, watcher: Watcher, folder: Path, service: Services) -> None:
    (folder / "old").mkdir()
    (folder / "old" / "a.png").write_bytes(picture("HELLO"))
    assert watcher.look() == 0, "it may still be written"
    assert watcher.look() == 1
    (folder / "same-content.png").write_bytes(picture("HELLO"))
    (folder / "b.png").write_bytes(picture("WORLD"))
    assert twice(watcher) == 1
    assert names(client) == ["a.png", "b.png"]
    again = Watcher(service.context, service.predictions, folder, watcher.model_id)
    assert twice(again) == 0, "a new process remembers"
    for file in client.get("/api/v1/files").json()["files"]:
        client.delete(f"/api/v1/files/{file['id']}").raise_for_status()
    assert twice(again) == 0, "what was deleted does not come back"
    assert sorted(path.name for path in folder.rglob("*.png")) == ["a.png", "b.png", "same-content.png"]


def test_unfinished_files_hidden_ones_and_links_are_left_alone(
    client: TestClient, watcher: Watcher, folder: Path, tmp_path: Path
) -> None:
    data = picture("HELLO")
    growing = folder / "a.png"
    for size in (100, 200, 300):
        growing.write_bytes(data[:size])
        assert watcher.look() == 0
    for name in (".hidden.png", "b.png.part", "c.tmp", "empty.png"):
        (folder / name).write_bytes(b"" if name == "empty.png" else data)
    (tmp_path / "secret.png").write_bytes(data)
    (folder / "link.png").symlink_to(tmp_path / "secret.png")
    growing.unlink()
    assert twice(watcher) == 0
    (folder / "b.png.part").rename(folder / "b.png")
    assert twice(watcher) == 1
    assert names(client) == ["b.png"]


def test_a_file_that_is_too_large_does_not_stop_the_others(
    client: TestClient, service: Services, settings: Settings, folder: Path, model: str
) -> None:
    (folder / "large.png").write_bytes(b"x" * 5000)
    (folder / "small.png").write_bytes(picture("HI"))
    few = settings.model_copy(update={"max_upload_bytes": 4000})
    context = type(service.context)(few, service.context.store, service.context.files)
    assert twice(Watcher(context, service.predictions, folder, model)) == 1
    assert names(client) == ["small.png"]


def test_two_watchers_take_a_file_once(client: TestClient, service: Services, folder: Path, model: str) -> None:
    for number in range(10):
        (folder / f"{number}.png").write_bytes(picture(f"{number}"))
    two = [Watcher(service.context, service.predictions, folder, model) for _ in range(2)]
    assert [watcher.look() for watcher in two] == [0, 0]
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(Watcher.look, two))
    assert (sum(found), len(names(client))) == (10, 10)
    used = client.get("/api/v1/files").json()["files"]
    assert {file["state"] for file in used} == {"pending"}


def test_a_model_that_cannot_predict_leaves_the_files_for_later(
    client: TestClient, service: Services, folder: Path
) -> None:
    raw = client.post("/api/v1/models", json={"labels": ["word"]}).json()["id"]
    (folder / "a.png").write_bytes(picture("HELLO"))
    watcher = Watcher(service.context, service.predictions, folder, raw)
    watcher.look()
    with pytest.raises(Conflict):
        watcher.look()
    file = {"file": ("m.wordsight", crop_model("word"))}
    client.post(f"/api/v1/models/{raw}/versions", files=file).raise_for_status()
    assert watcher.look() == 1
    with pytest.raises(NotThere):
        Watcher(service.context, service.predictions, folder, "none").look()


@pytest.mark.parametrize("changes", [{"watch": "no-such-folder", "watch_model": "x"}, {"watch": "."}])
def test_settings_of_a_folder_that_cannot_be_watched(changes: Any) -> None:
    with pytest.raises(ValueError, match="WORDSIGHT_WATCH"):
        Settings(**changes)


def test_an_exported_model_bears_its_name(client: TestClient) -> None:
    made = client.post("/api/v1/models", json={"labels": ["word"], "name": "Neue Zähler"}).json()["id"]
    file = {"file": ("m.wordsight", crop_model("word"))}
    client.post(f"/api/v1/models/{made}/versions", files=file).raise_for_status()
    reply = client.get(f"/api/v1/models/{made}/export")
    assert 'filename="neue-z-hler-v1.wordsight"' in reply.headers["content-disposition"]
    assert ModelFile.parse(reply.content).card.name == "neue-z-hler"


def test_the_whole_way_of_a_watched_folder(tmp_path: Path, new_database: Callable[[], str], receiver: Receiver) -> None:
    inbox, database = tmp_path / "inbox", new_database()
    inbox.mkdir()
    settings = {"WORDSIGHT_DATABASE_URL": database, "WORDSIGHT_PRIVATE_WEBHOOKS": "true"}
    with living(tmp_path / "service", **settings) as live, live.client() as client:
        made = str(client.post("/api/v1/models", json={"labels": ["word"]}).json()["id"])
        file = {"file": ("m.wordsight", crop_model("word"))}
        client.post(f"/api/v1/models/{made}/versions", files=file).raise_for_status()
        client.put(f"/api/v1/models/{made}/rules", json=RULES).raise_for_status()
        events = ["prediction.approved", "prediction.review"]
        hook = client.post("/api/v1/webhooks", json={"url": f"{receiver.url}/ok", "events": events}).json()
        live.stop()
        live.arguments = ("--watch", os.fspath(inbox), "--watch-model", made)
        live.start()
        (inbox / "good.png").write_bytes(picture("HELLO"))
        (inbox / "bad.png").write_bytes(picture("WORLD"))
        (inbox / "broken.png").write_bytes(b"no picture")
        until(lambda: len(receiver.at("/ok")) == 2, 90)
        until(lambda: all(f["state"] != "pending" for f in client.get("/api/v1/files").json()["files"]), 60)
        files = {f["name"]: f for f in client.get("/api/v1/files").json()["files"]}
    told = {json.loads(message.body)["name"]: message for message in receiver.at("/ok")}
    good = json.loads(told["good.png"].body)
    assert (good["event"], good["approval"]) == ("prediction.approved", "approved")
    assert good["result"][0]["prediction"][0]["ocr_text"] == "HELLO"
    assert json.loads(told["bad.png"].body)["problems"][0]["rule"] == "pattern"
    stamp = told["bad.png"].headers["x-wordsight-timestamp"]
    sent = told["bad.png"].headers["x-wordsight-signature"]
    assert sent == signature(hook["secret"], stamp, told["bad.png"].body)
    assert {name: (f["state"], f["approval"]) for name, f in files.items()} == {
        "good.png": ("success", "approved"),
        "bad.png": ("success", ""),
        "broken.png": ("failure", ""),
    }
