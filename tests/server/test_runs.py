"""Trainings as clients see them: told as they change, cancelled, refused."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from starlette.testclient import TestClient

BOX = {"name": "word", "bndbox": {"xmin": 10, "ymin": 12, "xmax": 90, "ymax": 60}, "ocr_text": "HELLO"}


@pytest.fixture
def run(client: TestClient, small: bytes) -> str:
    """A training that waits; there is no worker to begin it."""
    model = client.post("/api/v1/models", json={"labels": ["word"]}).json()["id"]
    data = {"data": json.dumps([{"filename": "a.png", "object": [BOX]}])}
    files = {"file": ("a.png", small)}
    client.post(f"/api/v1/models/{model}/pictures", files=files, data=data).raise_for_status()
    reply = client.post(f"/api/v1/models/{model}/runs", json={"minutes": 3})
    assert reply.status_code == 201, reply.text
    return str(reply.json()["id"])


def events(text: str) -> list[Any]:
    """The runs in a stream of events."""
    kinds, runs = zip(*(event.split("\n") for event in text.strip().split("\n\n")), strict=True)
    assert set(kinds) == {"event: run"}
    return [json.loads(line.removeprefix("data: ")) for line in runs]


def test_changes_are_told_until_it_is_over(client: TestClient, run: str) -> None:
    later = threading.Timer(1.0, client.post, (f"/api/v1/runs/{run}/cancel",))
    later.start()
    reply = client.get(f"/api/v1/runs/{run}/events")
    later.join()
    assert reply.headers["content-type"].startswith("text/event-stream")
    told = events(reply.text)
    assert [one["state"] for one in told] == ["queued", "cancelled"]
    assert all(one["id"] == run and one["minutes"] == 3 for one in told)
    assert told[-1]["ended"] is not None


def test_a_cancelled_training_is_over_and_another_may_begin(client: TestClient, run: str) -> None:
    model = client.get(f"/api/v1/runs/{run}").json()["model"]
    assert client.post(f"/api/v1/models/{model}/runs").status_code == 409
    client.post(f"/api/v1/runs/{run}/cancel").raise_for_status()
    assert client.post(f"/api/v1/runs/{run}/cancel").status_code == 409
    again = client.post(f"/api/v1/models/{model}/runs").json()
    assert [one["id"] for one in client.get(f"/api/v1/models/{model}/runs").json()] == [again["id"], run]


@pytest.mark.parametrize("minutes", [0, -1, 1e9, "x"])
def test_a_time_that_is_none(client: TestClient, run: str, minutes: Any) -> None:
    client.post(f"/api/v1/runs/{run}/cancel").raise_for_status()
    model = client.get(f"/api/v1/runs/{run}").json()["model"]
    assert client.post(f"/api/v1/models/{model}/runs", json={"minutes": minutes}).status_code in (400, 422)


def test_there_is_no_report_of_what_has_not_ended(client: TestClient, run: str) -> None:
    reply = client.get(f"/api/v1/runs/{run}/report")
    assert reply.status_code == 400
    assert "no report" in reply.json()["message"]
