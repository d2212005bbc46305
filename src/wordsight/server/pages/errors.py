"""Errors as pages, for a person who follows a link or types an address."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from wordsight.server.pages.rendering import render

TITLES = {403: "Not allowed", 404: "Nothing here", 429: "Too many requests", 503: "Not ready"}


def wants_page(request: Request) -> bool:
    """Whether a person looks at the reply, not a program."""
    is_api = request.url.path.startswith(("/api/", "/static/", "/metrics", "/healthz", "/readyz"))
    return not is_api and "text/html" in request.headers.get("accept", "")


def error_page(request: Request, status: int, message: str) -> Response:
    """A page that says what is wrong; the page for signing in where nobody is signed in.

    Who is known to be signed in keeps the links to the other pages.
    """
    if status == 401:
        path = request.url.path if request.method == "GET" else "/"
        query = f"?{request.url.query}" if request.url.query and request.method == "GET" else ""
        return RedirectResponse(f"/sign-in?next={quote(path + query, safe='')}", 303)
    title = TITLES.get(status, "This did not work")
    return render(
        request, "error.html", getattr(request.state, "visitor", None), status=status, heading=title, message=message
    )


def local(path: str) -> str:
    """A path of this service; ``/`` where a link would lead elsewhere."""
    parts = urlsplit(path.replace("\\", "/"))
    safe = path.startswith("/") and not parts.scheme and not parts.netloc and path.isprintable()
    return path if safe else "/"
