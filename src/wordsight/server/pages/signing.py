"""Signing in and out."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse
from starlette.concurrency import run_in_threadpool

from wordsight.server.access import services
from wordsight.server.errors import NotAllowed, NotSignedIn
from wordsight.server.pages.errors import local
from wordsight.server.pages.rendering import render
from wordsight.server.pages.session import COOKIE, cookie_of, put_cookie, sessions
from wordsight.server.security import Caller

router = APIRouter()


async def visitor(request: Request) -> Caller:
    """Who has signed in with this browser.

    Raises:
        NotSignedIn: Nobody.
    """
    key_id = sessions(request).key_of(cookie_of(request))
    if key_id is None:
        raise NotSignedIn("nobody is signed in")
    who = await run_in_threadpool(services(request).keys.check_session, key_id)
    request.state.visitor = who
    return who


Visitor = Annotated[Caller, Depends(visitor)]


@router.get("/sign-in")
def ask(request: Request, next: str = "/") -> Response:
    """The form for the key."""
    return render(request, "sign_in.html", None, next=local(next), problem="")


@router.post("/sign-in")
def sign_in(request: Request, key: Annotated[str, Form()] = "", next: Annotated[str, Form()] = "/") -> Response:
    """Check the key and start a session."""
    from_here(request)
    use = services(request)
    try:
        who = use.keys.check(key.strip())
    except NotSignedIn:
        problem = "Nobody has this key. Check that all of it was copied; it begins with ws_."
        return render(request, "sign_in.html", None, status=401, next=local(next), problem=problem)
    response = RedirectResponse(local(next), 303)
    put_cookie(response, sessions(request).make(who.key), use.context.settings.address.startswith("https:"))
    return response


@router.post("/sign-out")
def sign_out(request: Request) -> Response:
    """End the session."""
    from_here(request)
    response = RedirectResponse("/sign-in", 303)
    response.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return response


def from_here(request: Request) -> None:
    """Refuse a form that another site has sent: it could sign somebody in under a key of its own.

    Raises:
        NotAllowed: It comes from elsewhere.
    """
    origin = request.headers.get("origin")
    strange = request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none")
    if strange or (origin and urlsplit(origin).netloc != request.headers.get("host", "")):
        raise NotAllowed("this form was sent from another site; open the page here and try again", "csrf")
