"""Signing in with a browser: a signed cookie that names a key, and a token against forged requests.

The cookie holds the key's id, the time and a signature, never the key. Every request looks the key up again, so a
session ends with its key. A request that changes something must also send :func:`Sessions.token` in a header, which
another site can neither read nor make (the OWASP cheat sheet's "HMAC based token pattern").
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path

from fastapi import Request, Response

from wordsight.server.errors import NotAllowed

COOKIE = "wordsight_session"
HEADER = "x-csrf-token"
LASTS = 7 * 86_400
SAFE = ("GET", "HEAD", "OPTIONS")
SECRET_BYTES = 32


class Sessions:
    """Makes and checks the cookies of one service."""

    def __init__(self, secret: bytes, clock: Callable[[], float] = time.time) -> None:
        self._secret = secret
        self._clock = clock

    @classmethod
    def open(cls, folder: Path) -> Sessions:
        """With the secret in ``folder/session.key``, which is made, for its owner's eyes only, where it is missing."""
        path = folder / "session.key"
        folder.mkdir(parents=True, exist_ok=True)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return cls(_when_written(path))
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(SECRET_BYTES))
        return cls(path.read_bytes())

    def make(self, key_id: str) -> str:
        """The value of a new cookie."""
        text = f"{key_id}.{int(self._clock())}.{secrets.token_urlsafe(12)}"
        return f"{text}.{self._sign('session', text)}"

    def key_of(self, cookie: str) -> str | None:
        """Id of the key that a cookie was made for; None where it is old, forged or no cookie of ours."""
        text, _, signature = cookie.rpartition(".")
        parts = text.split(".")
        if len(parts) != 3 or not hmac.compare_digest(_ascii(signature), _ascii(self._sign("session", text))):
            return None
        return parts[0] if self._clock() - int(parts[1]) < LASTS else None

    def token(self, cookie: str) -> str:
        """What requests that change something send beside this cookie."""
        return self._sign("csrf", cookie)

    def check_token(self, request: Request, cookie: str) -> None:
        """Refuse a request that changes something and does not come from one of our pages.

        Raises:
            NotAllowed: The token is missing or wrong.
        """
        if request.method in SAFE:
            return
        if not hmac.compare_digest(_ascii(request.headers.get(HEADER, "")), _ascii(self.token(cookie))):
            raise NotAllowed("this page is out of date or the request is not from it; load the page again", "csrf")

    def _sign(self, use: str, text: str) -> str:
        message = f"{use}:{text}".encode("utf-8", "replace")
        return hmac.new(self._secret, message, hashlib.sha256).hexdigest()


def sessions(request: Request) -> Sessions:
    """The sessions of the running application."""
    found: Sessions = request.app.state.sessions
    return found


def cookie_of(request: Request) -> str:
    """The session cookie; empty where there is none."""
    return request.cookies.get(COOKIE, "")


def put_cookie(response: Response, value: str, secure: bool) -> None:
    """Send a session cookie: out of reach of scripts, and never sent with a request that another site starts."""
    response.set_cookie(COOKIE, value, max_age=LASTS, httponly=True, samesite="strict", secure=secure)


def _when_written(path: Path) -> bytes:
    """The secret that another process has just made, or is about to have written."""
    for _ in range(50):
        found = path.read_bytes()
        if len(found) == SECRET_BYTES:
            return found
        time.sleep(0.1)
    raise OSError(f"{path} is damaged; delete it, and everybody signs in again")


def _ascii(text: str) -> bytes:
    return text.encode("utf-8", "replace")
