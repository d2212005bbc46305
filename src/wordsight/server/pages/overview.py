"""How the service is set up, for its admins: settings without secrets, space, workers."""

from __future__ import annotations

import time
from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy import make_url, select

from wordsight.server.access import services
from wordsight.server.pages.rendering import render, size
from wordsight.server.pages.signing import Visitor
from wordsight.server.settings import Settings
from wordsight.server.tables import Beat, Workspace
from wordsight.server.worker import SILENT_SECONDS

router = APIRouter()

Row = tuple[str, str, str]


@router.get("/settings")
def settings_page(request: Request, who: Visitor) -> Response:
    """The settings of the service."""
    who.need("admin")
    context = services(request).context
    with context.store.session() as session:
        workspace = session.get_one(Workspace, who.workspace)
        beats = session.execute(select(Beat.name, Beat.beat).order_by(Beat.beat.desc()).limit(20)).all()
    shown: dict[str, Any] = {"used": workspace.used_bytes, "quota": context.settings.quota_bytes, "workers": beats}
    shown |= {"now": time.time(), "silent": SILENT_SECONDS, "groups": groups(context.settings)}
    return render(request, "settings.html", who, **shown)


def groups(settings: Settings) -> list[tuple[str, list[Row]]]:
    """What may be shown of the settings: a title, and rows of name, value and environment variable.

    Passwords are not in it: neither the mail server's nor one in the database's URL.
    """
    no_mail = "none: no mail is sent"
    watched = f"{settings.watch}, by the model {settings.watch_model}" if settings.watch else "none"
    limits: list[Row] = [
        ("Largest file", size(settings.max_upload_bytes), "MAX_UPLOAD_BYTES"),
        ("Largest request", size(settings.max_request_bytes), "MAX_REQUEST_BYTES"),
        ("Most files in a request", str(settings.max_files), "MAX_FILES"),
        ("Largest picture", f"{settings.max_pixels / 1e6:g} megapixels", "MAX_PIXELS"),
        ("Space of a workspace", size(settings.quota_bytes), "QUOTA_BYTES"),
        ("Requests that may wait", str(settings.queue), "QUEUE"),
        ("Longest wait for reading", f"{settings.deadline_seconds:g} seconds", "DEADLINE_SECONDS"),
        ("Requests of a key in a minute", str(settings.rate_per_minute or "any number"), "RATE_PER_MINUTE"),
    ]
    service: list[Row] = [
        ("Address for clients", settings.address, "PUBLIC_URL"),
        ("Database", make_url(settings.database).render_as_string(hide_password=True), "DATABASE_URL"),
        ("Pictures and models", settings.files.rpartition("@")[2], "FILES_URL"),
        ("Minutes of a training", f"{settings.train_minutes:g}", "TRAIN_MINUTES"),
        ("Watched folder", watched, "WATCH"),
    ]
    outside: list[Row] = [
        ("Pictures from URLs that clients name", _yes(settings.fetch_urls), "FETCH_URLS"),
        ("Webhooks to private addresses", _yes(settings.private_webhooks), "PRIVATE_WEBHOOKS"),
        ("Mail server", settings.smtp_host or no_mail, "SMTP_HOST"),
        ("Told when a training ends", settings.mail_to or "nobody", "MAIL_TO"),
    ]
    found = (("Service", service), ("Limits", limits), ("To the outside", outside))
    return [
        (title, [(name, value, f"WORDSIGHT_{variable}") for name, value, variable in rows]) for title, rows in found
    ]


def _yes(value: bool) -> str:
    return "allowed" if value else "refused"
