"""Puts the pages, their files and their headers into the application."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from wordsight.server.access import Services
from wordsight.server.pages import administration, models, overview, reading, results, signing, suggestions
from wordsight.server.pages.headers import SecurityHeaders
from wordsight.server.pages.rendering import environment
from wordsight.server.pages.session import Sessions
from wordsight.server.services.choice import Choice
from wordsight.server.settings import Settings

STATIC = Path(__file__).parents[1] / "static"


class Static(StaticFiles):
    """Files that a browser keeps but asks about each time, so that it never runs yesterday's scripts."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """A file, or that it has not changed."""
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "no-cache"
        return response


def mount_pages(app: FastAPI, settings: Settings) -> None:
    """Add everything that a browser needs; the services must be at ``app.state.services``."""
    app.state.sessions = Sessions.open(settings.data)
    app.state.templates = environment()
    use: Services = app.state.services
    app.state.choice = Choice(use.context, use.inference)
    app.include_router(suggestions.router)
    for part in (signing, reading, models, results, administration, overview):
        app.include_router(part.router, include_in_schema=False)
    app.mount("/static", Static(directory=STATIC), name="static")
    app.add_middleware(SecurityHeaders)
