"""Messages to the outside, sent to real receivers: mail, webhooks that fail, stall and redirect, dead letters."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest
from parts import Receiver, free_port
from starlette.testclient import TestClient

from wordsight.server import notify
from wordsight.server.access import Services
from wordsight.server.jobs import Jobs
from wordsight.server.security import Caller
from wordsight.server.services.webhooks import ATTEMPTS
from wordsight.server.settings import Settings
from wordsight.server.tables import Model, Run
from wordsight.server.worker import MailError, Worker

Mail = tuple[str, list[str], str]


@pytest.fixture
def post_office() -> Iterator[tuple[int, list[Mail]]]:
    """A mail server's port, and what it has taken."""
    controller = pytest.importorskip("aiosmtpd.controller", reason="aiosmtpd is not installed")
    taken: list[Mail] = []

    class Handler:
        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
            taken.append((envelope.mail_from, envelope.rcpt_tos, envelope.content.decode()))
            return "250 taken"

    server = controller.Controller(Handler(), hostname="127.0.0.1", port=free_port())
    server.start()
    yield server.port, taken
    server.stop()


@pytest.fixture
def worker_of(service: Services, settings: Settings) -> Iterator[Callable[..., Worker]]:
    """Gives a worker with other settings."""
    with ExitStack() as made:

        def worker(**changes: Any) -> Worker:
            changed = settings.model_copy(update=changes)
            return Worker(changed, service, made.enter_context(closing(Jobs(changed))))

        yield worker


@pytest.fixture
def run(service: Services, who: Caller) -> str:
    """A training that has ended."""
    with service.context.store.session() as session:
        model = Model(workspace_id=who.workspace, name="plates", labels=["plate"])
        session.add(model)
        session.flush()
        row = Run(workspace_id=who.workspace, model_id=model.id, minutes=1, state="finished", version=1)
        session.add(row)
        session.flush()
        return row.id


def test_mail_when_a_training_ends(
    run: str, post_office: tuple[int, list[Mail]], worker_of: Callable[..., Worker]
) -> None:
    port, taken = post_office
    mail = {"smtp_host": "127.0.0.1", "smtp_port": port, "smtp_starttls": False, "mail_from": "ocr@example.com"}
    worker_of(**mail, mail_to="a@example.com, b@example.com").mail_training(run)
    sender, receivers, text = taken[0]
    assert (sender, receivers) == ("ocr@example.com", ["a@example.com", "b@example.com"])
    assert "Subject: wordsight: training of plates finished" in text
    assert "/models/" in text


def test_a_mail_server_that_does_not_answer(service: Services, run: str, worker_of: Callable[..., Worker]) -> None:
    mail = {"smtp_host": "127.0.0.1", "smtp_port": free_port(), "smtp_starttls": False, "mail_to": "a@example.com"}
    with pytest.raises(MailError):
        worker_of(**mail).mail_training(run)
    worker_of().mail_training(run)  # nobody wants mail


def messages(client: TestClient, service: Services, url: str, who: Caller) -> list[str]:
    hook = client.post("/api/v1/webhooks", json={"url": url, "events": ["training.finished"]}).json()
    assert hook["secret"]
    with service.context.store.session() as session:
        return service.webhooks.announce(session, who.workspace, "training.finished", "run", None, {"a": 1})


def test_a_dead_letter_and_its_second_life(
    client: TestClient, service: Services, who: Caller, receiver: Receiver, worker_of: Callable[..., Worker]
) -> None:
    worker = worker_of(private_webhooks=True)
    (message,) = messages(client, service, f"{receiver.url}/fail", who)
    assert [worker.deliver(message) for _ in range(ATTEMPTS)] == [False] * (ATTEMPTS - 1) + [True]
    assert worker.deliver(message)
    assert len(receiver.got) == ATTEMPTS
    assert {got.headers["idempotency-key"] for got in receiver.got} == {message}
    (dead,) = client.get("/api/v1/deliveries?state=dead").json()
    assert (dead["id"], dead["attempts"], dead["status"]) == (message, ATTEMPTS, 500)
    again = client.post(f"/api/v1/deliveries/{message}/retry").json()
    assert again["state"] == "queued"
    assert client.post(f"/api/v1/deliveries/{again['id']}/retry").status_code == 400


def test_the_same_event_is_announced_once(client: TestClient, service: Services, who: Caller) -> None:
    (message,) = messages(client, service, "https://example.com/x", who)
    with service.context.store.session() as session:
        assert service.webhooks.announce(session, who.workspace, "training.finished", "run", None, {}) == []
    assert [row["id"] for row in client.get("/api/v1/deliveries").json()] == [message]


def test_redirects_and_private_addresses(
    client: TestClient, service: Services, who: Caller, receiver: Receiver, worker_of: Callable[..., Worker]
) -> None:
    (message,) = messages(client, service, f"{receiver.url}/redirect", who)
    assert worker_of().deliver(message) is False
    assert receiver.got == []
    assert worker_of(private_webhooks=True).deliver(message) is False
    assert [got.path for got in receiver.got] == ["/redirect"]
    errors = [row["error"] for row in client.get("/api/v1/deliveries").json()]
    assert errors == ["the receiver answered 302"]


def test_a_receiver_that_stalls(
    client: TestClient,
    service: Services,
    who: Caller,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    worker_of: Callable[..., Worker],
) -> None:
    monkeypatch.setattr(notify, "SECONDS", 0.5)
    (message,) = messages(client, service, f"{receiver.url}/stall", who)
    assert worker_of(private_webhooks=True).deliver(message) is False
    assert "timed out" in client.get("/api/v1/deliveries").json()[0]["error"]
