"""A real service with its worker process: what is asked for is done, and told to the outside."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import httpx
import pytest
from parts import Live, Receiver, living, until

from wordsight.server.services.webhooks import signature


@pytest.fixture
def asks(live: Live) -> Any:
    with live.client() as client:
        yield client


def read_later(client: httpx.Client, data: bytes) -> str:
    reply = client.post("/api/v1/read?async=true", files={"file": ("a.png", data)})
    assert reply.status_code == 200, reply.text
    assert reply.json()["files"][0]["state"] == "pending"
    return str(reply.json()["files"][0]["id"])


def finished(client: httpx.Client, file_id: str) -> Any:
    file = client.get(f"/api/v1/files/{file_id}").json()
    return file if file["state"] != "pending" else None


def test_a_file_is_read_later(asks: httpx.Client, small: bytes) -> None:
    file_id = read_later(asks, small)
    file = until(lambda: finished(asks, file_id), 90)
    assert file["state"] == "success"
    assert file["pages"][0]["text"] == "HELLO"


def test_a_file_that_cannot_be_read_later(asks: httpx.Client) -> None:
    file_id = read_later(asks, b"\x89PNG\r\n\x1a\nno")
    file = until(lambda: finished(asks, file_id), 90)
    assert file["state"] == "failure"
    assert file["error"]


def hook(client: httpx.Client, url: str, *events: str) -> Any:
    reply = client.post("/api/v1/webhooks", json={"url": url, "events": list(events)})
    assert reply.status_code == 201, reply.text
    return reply.json()


def test_a_webhook_is_signed_and_tried_again(asks: httpx.Client, receiver: Receiver, small: bytes) -> None:
    good = hook(asks, f"{receiver.url}/ok", "prediction.finished")
    flaky = hook(asks, f"{receiver.url}/flaky", "prediction.finished")
    file_id = read_later(asks, small)
    until(lambda: len(receiver.at("/ok")) == 1 and len(receiver.at("/flaky")) == 2, 90)
    for made in (good, flaky):
        asks.delete(f"/api/v1/webhooks/{made['id']}")
    message = receiver.at("/ok")[0]
    told = json.loads(message.body)
    assert told["event"] == "prediction.finished"
    assert told["request_file_id"] == file_id
    stamp = message.headers["x-wordsight-timestamp"]
    assert message.headers["x-wordsight-signature"] == signature(good["secret"], stamp, message.body)
    assert message.headers["x-wordsight-signature"] != signature("another", stamp, message.body)
    first, second = receiver.at("/flaky")
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
    assert first.headers["idempotency-key"] != message.headers["idempotency-key"]


def test_dead_addresses_do_not_hold_up_the_others(asks: httpx.Client, receiver: Receiver, small: bytes) -> None:
    dead = [hook(asks, f"{receiver.url}/fail", "prediction.finished") for _ in range(10)]
    read_later(asks, small)
    until(lambda: len(receiver.at("/fail")) >= 2 * len(dead), 120)  # all of them wait for their next attempt
    good = hook(asks, f"{receiver.url}/ok", "prediction.finished")
    read_later(asks, small)
    until(lambda: receiver.at("/ok"), 60)
    assert {row["state"] for row in asks.get("/api/v1/deliveries").json() if row["attempts"] > 1} == {"queued"}
    for made in (*dead, good):
        asks.delete(f"/api/v1/webhooks/{made['id']}")


def test_a_failure_is_told_and_nobody_else_hears_of_it(asks: httpx.Client, receiver: Receiver) -> None:
    bad = hook(asks, f"{receiver.url}/ok", "prediction.failed")
    other = hook(asks, f"{receiver.url}/other", "training.finished")
    read_later(asks, b"\x89PNG\r\n\x1a\nno")
    until(lambda: receiver.at("/ok"), 90)
    for made in (bad, other):
        asks.delete(f"/api/v1/webhooks/{made['id']}")
    assert json.loads(receiver.at("/ok")[0].body)["event"] == "prediction.failed"
    assert receiver.at("/other") == []


def test_the_log_has_no_secrets(live: Live, asks: httpx.Client) -> None:
    asks.get("/api/v1/models", headers={"Authorization": f"Bearer {live.key}"})
    asks.get(f"/api/v1/models?token={live.key}")
    assert live.key not in live.log()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_both_processes_end_when_told_to(tmp_path: Path, number: int) -> None:
    with living(tmp_path / "one") as live:
        worker = until(live.worker)
        assert live.stop(number) == 0
        assert not worker.is_running()


def test_the_worker_ends_when_the_web_process_is_killed(tmp_path: Path, small: bytes) -> None:
    with living(tmp_path / "one") as live:
        worker = until(live.worker)
        with live.client() as client:
            file_id = read_later(client, small)
        live.stop(signal.SIGKILL)
        worker.wait(30)
        live.start()
        with live.client() as client:
            assert until(lambda: finished(client, file_id), 120)["state"] == "success"
