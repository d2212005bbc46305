"""Templates: escaped always, with what every page shows."""

from __future__ import annotations

import time
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from wordsight.server.pages.session import cookie_of, sessions
from wordsight.server.security import Caller

TEMPLATES = Path(__file__).parents[1] / "templates"
UNITS = ("bytes", "kB", "MB", "GB", "TB")


def render(request: Request, template: str, who: Caller | None, /, status: int = 200, **values: Any) -> Response:
    """A page.

    Args:
        request: What is answered.
        template: Name of a file in ``templates``.
        who: Who is signed in; None where nobody is.
        status: HTTP status code.
        values: What the template shows.
    """
    environment: Environment = request.app.state.templates
    cookie = cookie_of(request)
    shown = values | {
        "who": who,
        "csrf": sessions(request).token(cookie) if who else "",
        "path": request.url.path,
        "version": version("wordsight"),
    }
    text = environment.get_template(template).render(shown)
    return HTMLResponse(text, status, {"Cache-Control": "no-store"})


def environment() -> Environment:
    """The templates' environment."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"when": when, "size": size, "percent": percent, "query": query, "sentence": sentence, "said": said}
    return made


def when(seconds: float | None) -> str:
    """A time (UTC, seconds since 1970) as it is written for people; pages turn it into the viewer's own time."""
    return "never" if seconds is None else time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(seconds))


def size(count: float) -> str:
    """A number of bytes with a unit."""
    unit = 0
    while count >= 1000 and unit < len(UNITS) - 1:
        count, unit = count / 1000, unit + 1
    return f"{count:.0f} {UNITS[unit]}" if unit == 0 or count >= 10 else f"{count:.1f} {UNITS[unit]}"


def percent(share: float) -> str:
    """A share as a percentage, never rounded up to 100."""
    return f"{min(share, 0.999 if share < 1 else 1) * 100:.1f} %".replace(".0 %", " %")


SAID = {
    "model.activate": "version chosen to predict",
    "model.change": "model changed",
    "model.create": "model made",
    "model.delete": "model deleted",
    "model.import": "version imported",
    "model.rules": "rules changed",
    "picture.add": "pictures uploaded",
    "picture.delete": "picture deleted",
    "picture.mark": "picture labelled",
    "prediction.approved": "result approved",
    "prediction.correct": "result corrected",
    "prediction.delete": "result deleted",
    "prediction.failed": "a file could not be read",
    "prediction.finished": "a file was read",
    "prediction.rejected": "result rejected",
    "prediction.reopen": "result reopened",
    "prediction.review": "a result is put up for review",
    "training.cancel": "training cancelled",
    "training.failed": "a training failed",
    "training.finished": "a training ended with a new version",
    "training.start": "training started",
    "webhook.add": "webhook added",
    "webhook.delete": "webhook deleted",
}


def said(name: str) -> str:
    """What an event or an action is called on pages; one without words keeps its name."""
    return SAID[name].capitalize() if name in SAID else name


def sentence(text: str) -> str:
    """A message with a capital at the start and a full stop at the end."""
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if not text or text.endswith((".", "!", "?")) else ".")


def query(values: dict[str, Any]) -> str:
    """The query of a link, without what is empty."""
    return urlencode({name: value for name, value in values.items() if value not in ("", 0, None)})
