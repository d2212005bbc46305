"""Keys and what they allow. A key is made once, shown once, and kept as its SHA-256."""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select

from wordsight.server.errors import BadRequest, NotAllowed, NotSignedIn, NotThere, TooBusy
from wordsight.server.store import Store
from wordsight.server.tables import Key, Workspace

SCOPES = ("read", "write", "admin")
"""What a key may do; each includes those before it."""
PREFIX = "ws_"
USED_EVERY = 60.0
"""Seconds between two notes of when a key was last used, so that not every request writes."""
MOST_BUCKETS = 10_000


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sends a request.

    Attributes:
        workspace: Id of the workspace that the key belongs to.
        key: Id of the key.
        name: The key's name, for the audit log.
        scopes: What the key allows.
    """

    workspace: str
    key: str
    name: str
    scopes: tuple[str, ...]

    def need(self, scope: str) -> None:
        """Refuse a caller without this scope.

        Raises:
            NotAllowed: The key does not have it.
        """
        if not any(SCOPES.index(own) >= SCOPES.index(scope) for own in self.scopes):
            raise NotAllowed(f"the key {self.name!r} has no {scope!r} scope; use one that has, or make one")


def digest(secret: str) -> str:
    """SHA-256 of a key, as it is kept."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


class Keys:
    """Makes, checks and revokes keys."""

    def __init__(self, store: Store, rate_per_minute: int = 0) -> None:
        self.store = store
        self.limiter = RateLimiter(rate_per_minute)

    def first(self, workspace: str = "main") -> str | None:
        """The admin key of a new installation, to be shown once; None where there are keys already."""
        with self.store.session() as session:
            if session.scalar(select(Key.id).limit(1)):
                return None
        return self.add_workspace(workspace)[1]

    def add_workspace(self, name: str) -> tuple[Workspace, str]:
        """A new workspace and its admin key."""
        with self.store.session() as session:
            row = Workspace(name=name)
            session.add(row)
            session.flush()
            key, secret = _make(row.id, "admin", ("admin",), None)
            session.add(key)
            return row, secret

    def add(self, caller: Caller, name: str, scopes: Sequence[str], expires: float | None = None) -> tuple[Key, str]:
        """A new key of the caller's workspace; its secret is never to be had again.

        Raises:
            BadRequest: A scope does not exist, the name is empty, or the end lies in the past.
            NotAllowed: The caller is no admin.
        """
        caller.need("admin")
        if not name.strip():
            raise BadRequest("a key needs a name that says who uses it")
        if not scopes or any(scope not in SCOPES for scope in scopes):
            raise BadRequest(f"scopes are some of: {', '.join(SCOPES)}")
        if expires is not None and expires <= time.time():
            raise BadRequest("the key would have ended already; give a time to come")
        key, secret = _make(caller.workspace, name.strip()[:200], scopes, expires)
        with self.store.session() as session:
            session.add(key)
        return key, secret

    def revoke(self, caller: Caller, key_id: str) -> None:
        """End a key at once.

        Raises:
            NotThere: The workspace has no such key.
            NotAllowed: The caller is no admin.
            BadRequest: It is the key that the caller uses.
        """
        caller.need("admin")
        if key_id == caller.key:
            raise BadRequest("this is the key that you use; revoke it with another one")
        with self.store.session() as session:
            key = session.scalar(select(Key).where(Key.id == key_id, Key.workspace_id == caller.workspace))
            if key is None:
                raise NotThere("no such key; list the keys to see them")
            key.revoked = key.revoked or time.time()

    def all(self, caller: Caller) -> list[Key]:
        """All keys of the workspace, newest first."""
        caller.need("admin")
        with self.store.session() as session:
            return list(
                session.scalars(select(Key).where(Key.workspace_id == caller.workspace).order_by(Key.created.desc()))
            )

    def check(self, secret: str) -> Caller:
        """Who has this key.

        Raises:
            NotSignedIn: Nobody, or it was revoked, or its time is over.
            TooBusy: It has sent more requests in a minute than it may.
        """
        if not secret:
            raise NotSignedIn("no API key was sent; send it as the user name of HTTP Basic, with an empty password")
        return self._caller(Key.digest == digest(secret))

    def check_session(self, key_id: str) -> Caller:
        """Who has signed in with the key of this id.

        Raises:
            NotSignedIn: The key was revoked, or its time is over.
            TooBusy: It has sent more requests in a minute than it may.
        """
        return self._caller(Key.id == key_id)

    def _caller(self, wanted: ColumnElement[bool]) -> Caller:
        now = time.time()
        with self.store.session() as session:
            key = session.scalar(select(Key).where(wanted))
            if key is None:
                raise NotSignedIn("the API key is not known; check it, or make a new one under Keys")
            if key.revoked is not None:
                raise NotSignedIn(f"the API key {key.name!r} was revoked; make a new one under Keys")
            if key.expires is not None and key.expires <= now:
                raise NotSignedIn(f"the API key {key.name!r} has expired; make a new one under Keys")
            if key.used is None or now - key.used > USED_EVERY:
                key.used = now
            caller = Caller(key.workspace_id, key.id, key.name, tuple(key.scopes))
        self.limiter.take(caller.key)
        return caller


def _make(workspace: str, name: str, scopes: Sequence[str], expires: float | None) -> tuple[Key, str]:
    secret = PREFIX + secrets.token_urlsafe(32)
    key = Key(
        workspace_id=workspace,
        name=name,
        digest=digest(secret),
        start=secret[: len(PREFIX) + 4],
        scopes=list(scopes),
        expires=expires,
    )
    return key, secret


class RateLimiter:
    """A token bucket for each key: ``per_minute`` at once, refilled evenly."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.per_minute = per_minute
        self.clock = clock
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, name: str) -> None:
        """Count one request.

        Raises:
            TooBusy: There are none left; the error says when there will be.
        """
        if not self.per_minute:
            return
        now = self.clock()
        with self._lock:
            left, last = self._buckets.pop(name, (float(self.per_minute), now))
            left = min(float(self.per_minute), left + (now - last) * self.per_minute / 60)
            self._buckets[name] = (left - 1 if left >= 1 else left, now)
            if len(self._buckets) > MOST_BUCKETS:
                self._buckets.popitem(last=False)
        if left < 1:
            wait = (1 - left) * 60 / self.per_minute
            raise TooBusy(f"more than {self.per_minute} requests in a minute; wait a moment", retry_after=wait)
