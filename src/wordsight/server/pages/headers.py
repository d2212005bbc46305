"""Headers that every reply gets: what a browser may do with it."""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PAGE_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob:",
        "connect-src 'self'",
        "frame-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
OTHER_POLICY = "default-src 'none'; frame-ancestors 'none'"
ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), microphone=()",
}
OWN_PAGES = ("/docs", "/redoc")
"""The framework's pages of the API, which bring scripts of their own."""


class SecurityHeaders:
    """Adds the headers; a policy that a route has set itself stays, but may be framed by our pages only."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and its reply back with more headers."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        asked = Headers(scope=scope)

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                _add(MutableHeaders(scope=message), asked, scope["path"])
            await send(message)

        await self.app(scope, receive, with_headers)


def _add(headers: MutableHeaders, asked: Headers, path: str) -> None:
    for name, value in ALWAYS.items():
        headers.setdefault(name, value)
    own = headers.get("content-security-policy")
    if own is not None:
        headers["Content-Security-Policy"] = own if "frame-ancestors" in own else f"{own}; frame-ancestors 'self'"
    elif not path.startswith(OWN_PAGES):
        is_page = headers.get("content-type", "").startswith("text/html")
        headers["Content-Security-Policy"] = PAGE_POLICY if is_page else OTHER_POLICY
        headers["X-Frame-Options"] = "DENY"
    if asked.get("sec-fetch-mode", "navigate") != "navigate" and "www-authenticate" in headers:
        del headers["www-authenticate"]  # a browser would ask for a name and a password over our page
