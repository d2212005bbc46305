"""Pictures behind URLs that clients name: off by default, and never from an address that is not public.

The address is checked after the name is resolved and the connection goes to that very address, so a name that
resolves differently the second time gains nothing. Redirects are followed by hand, each checked like the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urljoin

import httpx

from wordsight.fetch import addresses, is_public
from wordsight.server.forms import Upload
from wordsight.server.settings import Settings

REDIRECTS = 3
SECONDS = 20.0


class FetchError(Exception):
    """A URL that is not fetched, and why."""


@dataclass(frozen=True, slots=True)
class Fetcher:
    """Fetches pictures.

    Attributes:
        settings: Whether to, and how much at most.
    """

    settings: Settings

    def fetch_all(self, urls: Sequence[str]) -> tuple[list[Upload], list[tuple[str, str]]]:
        """What could be fetched, named by its URL, and (URL, what is wrong) for the rest."""
        found: list[Upload] = []
        failed: list[tuple[str, str]] = []
        for url in urls[: self.settings.max_files]:
            try:
                found.append(Upload(url, self.fetch(url)))
            except (FetchError, httpx.HTTPError) as error:
                failed.append((url, str(error) or "the server does not answer"))
        return found, failed

    def fetch(self, url: str) -> bytes:
        """The bytes behind a URL.

        Raises:
            FetchError: Fetching is off, the address is not public, or the answer is too large or not a success.
            httpx.HTTPError: The server does not answer as it should.
        """
        if not self.settings.fetch_urls:
            raise FetchError("this server fetches no URLs; send the file itself, or start it with --fetch-urls")
        for _ in range(REDIRECTS + 1):
            target = public_target(url)
            with httpx.Client(timeout=SECONDS, trust_env=False, follow_redirects=False) as client:
                request = client.build_request("GET", target.url, headers={"Host": target.host})
                request.extensions["sni_hostname"] = target.name
                response = client.send(request, stream=True)
                try:
                    if response.is_redirect:
                        url = urljoin(url, response.headers.get("location", ""))
                        continue
                    if response.status_code != httpx.codes.OK:
                        raise FetchError(f"the server there answers {response.status_code}")
                    return self._body(response)
                finally:
                    response.close()
        raise FetchError(f"more than {REDIRECTS} redirects")

    def _body(self, response: httpx.Response) -> bytes:
        most = self.settings.max_upload_bytes
        parts: list[bytes] = []
        size = 0
        for part in response.iter_bytes():
            size += len(part)
            if size > most:
                raise FetchError(f"the file has more than {most} bytes")
            parts.append(part)
        return b"".join(parts)


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request really goes.

    Attributes:
        url: With an address instead of a name.
        host: For the Host header.
        name: The name that a certificate must have.
    """

    url: httpx.URL
    host: str
    name: str


def public_target(url: str) -> Target:
    """The URL with its name replaced by a public address.

    Raises:
        FetchError: It is no web address, or resolves to an address that is not public.
    """
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise FetchError(f"not a URL: {error}") from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise FetchError("only http and https URLs are fetched")
    port = parsed.port or (443 if parsed.scheme == "https" else 80)
    public = public_addresses(parsed.host, port)
    host = parsed.host if parsed.port is None else f"{parsed.host}:{parsed.port}"
    return Target(parsed.copy_with(host=public[0]), host, parsed.host)


def public_addresses(host: str, port: int) -> list[str]:
    """The addresses of a host, all of them public.

    Raises:
        FetchError: It has none, or one is private, local, or reserved.
    """
    try:
        found = addresses(host, port)
    except (OSError, UnicodeError) as error:
        raise FetchError(f"{host} is not known") from error
    if not all(map(is_public, found)):
        raise FetchError(f"{host} is not a public address")
    return found
