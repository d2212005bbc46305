"""The package's own client against a running service."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from parts import Live

from wordsight.client import Client, ServiceRefused


@pytest.fixture
def client(live: Live) -> Iterator[Client]:
    with Client(live.url, live.key) as made:
        yield made


@pytest.fixture
def folder(tmp_path: Path, small: bytes) -> Path:
    """A manifest of three pictures: a box without a label, one with a label, one to be ignored."""
    corners = [[20, 15], [220, 15], [220, 65], [20, 65]]
    words: list[dict[str, Any]] = [
        {"quad": corners, "text": "HELLO"},
        {"quad": corners, "text": "HELLO", "label": "word"},
        {"quad": corners, "text": None, "label": "word", "ignore": True},
    ]
    lines = []
    for number, word in enumerate(words):
        (tmp_path / f"{number}.png").write_bytes(small)
        lines.append(json.dumps({"image": f"{number}.png", "words": [word]}))
    (tmp_path / "labels.jsonl").write_text("\n".join(lines) + "\n")
    return tmp_path


def marked(client: Client, model: str) -> dict[str, int]:
    return {label["name"]: label["count"] for label in client.model(model)["labels"]}


def test_unlabelled_boxes_are_those_of_the_only_label(client: Client, folder: Path) -> None:
    model = client.create_model(["word"], name="One label")
    sent: list[tuple[int, int]] = []
    assert client.upload(model, folder, lambda done, total: sent.append((done, total))) == []
    assert sent == [(3, 3)]
    assert client.model(model)["name"] == "One label"
    assert marked(client, model) == {"word": 2}  # without the one to be ignored


def test_with_two_labels_a_box_must_say_which(client: Client, folder: Path) -> None:
    model = client.create_model(["word", "other"])
    client.upload(model, folder)
    assert marked(client, model) == {"word": 1, "other": 0}


def test_read_without_a_model(client: Client, folder: Path) -> None:
    page = client.read(folder / "0.png")["pages"][0]
    assert [word["text"] for word in page["words"]] == ["HELLO"]


def test_a_training_is_awaited(client: Client, folder: Path) -> None:
    model = client.create_model(["word"])
    client.upload(model, folder)
    run = client.wait(client.train(model, minutes=0.1), every=0.2)
    assert run["state"] == "failed"
    assert "label" in run["error"] and "picture" in run["error"]  # two are too few, and the error says so


def test_refusals_say_what_to_do(client: Client, live: Live, folder: Path) -> None:
    model = client.create_model(["word"])
    with pytest.raises(ServiceRefused, match="not trained yet") as caught:
        client.predict(model, folder / "0.png")
    assert (caught.value.status, caught.value.reason) == (409, "not_trained")
    with pytest.raises(ServiceRefused, match="no picture is marked"):
        client.train(model)
    with Client(live.url, "ws_wrong") as nobody, pytest.raises(ServiceRefused) as refused:
        nobody.create_model(["word"])
    assert refused.value.status == 401
