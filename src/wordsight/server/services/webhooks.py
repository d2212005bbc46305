"""Webhooks: who wants to be told, and the messages that are under way."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from wordsight.server.errors import BadRequest, NotThere
from wordsight.server.security import Caller
from wordsight.server.services.context import Context, model_of, note
from wordsight.server.tables import Delivery, Webhook

EVENTS = (
    "training.finished",
    "training.failed",
    "prediction.finished",
    "prediction.failed",
    "prediction.review",
    "prediction.approved",
    "prediction.rejected",
)
QUEUED, DELIVERED, DEAD = "queued", "delivered", "dead"
ATTEMPTS = 8
"""A message is tried so often, the waits doubling from 2 seconds, and is then kept as a dead letter."""


class Webhooks:
    """What can be done with webhooks."""

    def __init__(self, context: Context, enqueue: Callable[[str], None]) -> None:
        """Make the service.

        Args:
            context: Settings, database and files.
            enqueue: Gives a worker the id of a delivery.
        """
        self.context = context
        self.enqueue = enqueue

    def add(self, caller: Caller, url: str, events: Sequence[str], model_id: str | None = None) -> Webhook:
        """Tell a URL of events; the row holds the secret with which messages are signed.

        Raises:
            BadRequest: It is no web address, or an event does not exist.
            NotThere: There is no such model.
            NotAllowed: The caller is no admin.
        """
        caller.need("admin")
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or len(url) > 2000:
            raise BadRequest("a webhook needs a full URL such as https://example.com/hook")
        if not events or any(event not in EVENTS for event in events):
            raise BadRequest(f"events are some of: {', '.join(EVENTS)}")
        with self.context.store.session() as session:
            if model_id:
                model_of(session, caller, model_id)
            row = Webhook(
                workspace_id=caller.workspace,
                url=url,
                secret=secrets.token_urlsafe(32),
                events=list(dict.fromkeys(events)),
                model_id=model_id or None,
            )
            session.add(row)
            session.flush()
            note(session, caller, "webhook.add", row.id, parts.hostname)
            return row

    def all(self, caller: Caller) -> list[Webhook]:
        """The webhooks of the workspace, newest first."""
        caller.need("admin")
        with self.context.store.session() as session:
            query = select(Webhook).where(Webhook.workspace_id == caller.workspace)
            return list(session.scalars(query.order_by(Webhook.created.desc())))

    def delete(self, caller: Caller, webhook_id: str) -> None:
        """Tell this URL no more; messages under way to it are forgotten.

        Raises:
            NotThere: There is none with this id.
        """
        caller.need("admin")
        with self.context.store.session() as session:
            row = _row(session, caller, webhook_id)
            for delivery in session.scalars(select(Delivery).where(Delivery.webhook_id == row.id)):
                session.delete(delivery)
            session.flush()
            session.delete(row)
            note(session, caller, "webhook.delete", row.id)

    def deliveries(self, caller: Caller, state: str = "", limit: int = 100) -> list[Delivery]:
        """Messages of the workspace, newest first."""
        caller.need("admin")
        with self.context.store.session() as session:
            query = select(Delivery).where(Delivery.workspace_id == caller.workspace)
            if state:
                query = query.where(Delivery.state == state)
            return list(session.scalars(query.order_by(Delivery.created.desc()).limit(limit)))

    def announce(
        self,
        session: Session,
        workspace: str,
        event: str,
        object_id: str,
        model_id: str | None,
        body: Mapping[str, Any],
    ) -> list[str]:
        """Write a message for every webhook that wants this event, in the transaction of what happened.

        A message's id comes from what happened, so the same event is never announced twice.

        Returns:
            Ids of the messages; give them to :meth:`send` after the transaction.
        """
        found = []
        query = select(Webhook).where(Webhook.workspace_id == workspace, Webhook.active.is_(True))
        for hook in session.scalars(query):
            if event not in hook.events or (hook.model_id and hook.model_id != model_id):
                continue
            name = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{hook.id}/{event}/{object_id}"))
            if session.get(Delivery, name) is None:
                text = json.dumps({"event": event, **body}, ensure_ascii=False)
                session.add(Delivery(id=name, workspace_id=workspace, webhook_id=hook.id, event=event, body=text))
                found.append(name)
        return found

    def send(self, messages: Sequence[str]) -> None:
        """Let workers send messages; those that are not asked for here are found by a worker later."""
        for message in messages:
            self.enqueue(message)

    def open(self, delivery_id: str) -> tuple[Delivery, Webhook] | None:
        """A message that is still to be delivered, and where to; None where it is done or gone."""
        with self.context.store.session() as session:
            delivery = session.get(Delivery, delivery_id)
            if delivery is None or delivery.state != QUEUED:
                return None
            hook = session.get(Webhook, delivery.webhook_id)
            return None if hook is None else (delivery, hook)

    def tried(self, delivery_id: str, status: int | None, error: str) -> int:
        """Note how an attempt went; gives the number of attempts where another is due, else 0."""
        with self.context.store.session() as session:
            row = session.get(Delivery, delivery_id)
            if row is None or row.state != QUEUED:
                return 0
            row.attempts += 1
            row.status, row.error = status, error[:500]
            if not error:
                row.state, row.delivered = DELIVERED, time.time()
            elif row.attempts >= ATTEMPTS:
                row.state = DEAD
            else:
                row.due = time.time() + wait_after(row.attempts)
            return row.attempts if row.state == QUEUED else 0

    def retry(self, caller: Caller, delivery_id: str) -> Delivery:
        """Try a dead letter again, as a new message.

        Raises:
            NotThere: There is none with this id.
            BadRequest: It is not dead.
        """
        caller.need("admin")
        with self.context.store.session() as session:
            row = session.scalar(
                select(Delivery).where(Delivery.id == delivery_id, Delivery.workspace_id == caller.workspace)
            )
            if row is None:
                raise NotThere("there is no such message")
            if row.state != DEAD:
                raise BadRequest(f"the message is {row.state}; only dead ones are tried again")
            copy = Delivery(workspace_id=row.workspace_id, webhook_id=row.webhook_id, event=row.event, body=row.body)
            session.add(copy)
            session.delete(row)
            session.flush()
        self.enqueue(copy.id)
        return copy


def signature(secret: str, stamp: str, body: str) -> str:
    """HMAC-SHA-256 of ``stamp.body``: what a receiver recomputes to know that a message is ours and fresh."""
    text = f"{stamp}.{body}".encode()
    return "sha256=" + hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()


def wait_after(attempts: int) -> float:
    """Seconds from one failed attempt to the next."""
    return float(2**attempts)


def _row(session: Session, caller: Caller, webhook_id: str) -> Webhook:
    row = session.scalar(select(Webhook).where(Webhook.id == webhook_id, Webhook.workspace_id == caller.workspace))
    if row is None:
        raise NotThere("there is no such webhook in your workspace")
    return row
