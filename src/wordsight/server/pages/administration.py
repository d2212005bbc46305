"""Keys, webhooks, activity."""

from __future__ import annotations

import time
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Query, Request, Response

from wordsight.server.access import services
from wordsight.server.pages.rendering import render
from wordsight.server.pages.signing import Visitor
from wordsight.server.services.webhooks import EVENTS

router = APIRouter()
IN_A_PAGE = 100


@router.get("/keys")
def keys_page(request: Request, who: Visitor) -> Response:
    """The keys of the workspace."""
    return render(request, "keys.html", who, keys=services(request).keys.all(who), now=time.time())


@router.get("/webhooks")
def webhooks_page(request: Request, who: Visitor) -> Response:
    """Who is told of events, and the last messages."""
    use = services(request)
    deliveries = use.webhooks.deliveries(who, limit=50)
    hooks, models = use.webhooks.all(who), use.models.all(who)
    names = {model.id: model.name for model in models}
    shown: dict[str, Any] = {
        "hooks": hooks,
        "models": models,
        "names": names,
        "hosts": {hook.id: urlsplit(hook.url).netloc for hook in hooks},
        "deliveries": deliveries,
        "events": EVENTS,
    }
    return render(request, "webhooks.html", who, **shown)


@router.get("/activity")
def activity_page(request: Request, who: Visitor, page: Annotated[int, Query(ge=1, le=1_000_000)] = 1) -> Response:
    """Who did what."""
    found = services(request).activity.all(who, (page - 1) * IN_A_PAGE, IN_A_PAGE + 1)
    more = len(found) > IN_A_PAGE
    return render(request, "activity.html", who, entries=found[:IN_A_PAGE], page=page, more=more)
