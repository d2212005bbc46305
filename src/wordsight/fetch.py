"""Files behind URLs: downloaded from public addresses only, to a file that is then opened like any other.

The address is checked after the name is resolved, and the connection goes to that very address. Redirects are followed
by hand, each checked like the first.
"""

from __future__ import annotations

import http.client
import ipaddress
import os
import socket
import ssl
import tempfile
from pathlib import Path
from urllib.parse import SplitResult, urljoin, urlsplit

from wordsight.errors import ImageError, ImageTooLarge

WEB = ("http", "https")
REDIRECTS = 5
SECONDS = 20.0
BLOCK = 1 << 20


def is_url(text: str) -> bool:
    """Whether a name is a URL rather than a path; the one letter of a Windows drive is no scheme."""
    return "://" in text and len(text.partition("://")[0]) > 1


def download(url: str, allow_private: bool, most: int) -> Path:
    """Download a file into a temporary one, which the caller deletes.

    Args:
        url: ``http`` or ``https``.
        allow_private: Whether the address may be one that is not public.
        most: Bytes after which it is given up.

    Raises:
        ImageTooLarge: It is larger.
        ImageError: The address is not public, or the server does not answer with a file.
    """
    wanted = url
    try:
        for _ in range(REDIRECTS + 1):
            connection, response = _ask(wanted, allow_private)
            try:
                if response.status in (301, 302, 303, 307, 308):
                    wanted = urljoin(wanted, response.headers.get("location", ""))
                    continue
                if response.status != http.client.OK:
                    raise ImageError(f"{url}: the server answers {response.status}")
                return _store(response, most, url)
            finally:
                connection.close()
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise ImageError(f"{url}: cannot be fetched ({error})") from error
    raise ImageError(f"{url}: more than {REDIRECTS} redirects")


def _ask(url: str, allow_private: bool) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
    parts = urlsplit(url)
    if parts.scheme not in WEB or not parts.hostname:
        raise ImageError(f"{url}: only http and https are fetched")
    address = checked_address(parts.hostname, _port(parts), allow_private)
    connection = _Pinned(parts, address)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection.request("GET", target, headers={"User-Agent": "wordsight"})
    return connection, connection.getresponse()


def checked_address(host: str, port: int, allow_private: bool) -> str:
    """An address of a host, after all of them were found to be public.

    Raises:
        ImageError: The host is not known, or has an address that is private, local or reserved.
    """
    try:
        found = addresses(host, port)
    except (OSError, UnicodeError) as error:
        raise ImageError(f"{host} is not known") from error
    if not (allow_private or all(map(is_public, found))):
        raise ImageError(f"{host} is not a public address; if that is meant, use --allow-private")
    return found[0]


def addresses(host: str, port: int) -> list[str]:
    """All addresses of a host, sorted.

    Raises:
        OSError: The host is not known.
        UnicodeError: Its name cannot be one.
    """
    return sorted({str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)})


def is_public(address: str) -> bool:
    """Whether an address is one of the open network: not private, local, reserved, or of many hosts."""
    plain = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(plain, "ipv4_mapped", None) or plain
    return bool(mapped.is_global and not mapped.is_multicast)


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


class _Pinned(http.client.HTTPConnection):
    """A connection to one address, whatever its host's name resolves to now."""

    def __init__(self, parts: SplitResult, address: str) -> None:
        super().__init__(str(parts.hostname), _port(parts), timeout=SECONDS)
        self._address = address
        self._secure = parts.scheme == "https"
        if self._secure:
            self.default_port = 443

    def connect(self) -> None:
        self.sock = socket.create_connection((self._address, self.port), SECONDS)
        if self._secure:
            self.sock = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self.host)


def _store(response: http.client.HTTPResponse, most: int, url: str) -> Path:
    number, name = tempfile.mkstemp(prefix="wordsight-", suffix=".download")
    path = Path(name)
    try:
        with os.fdopen(number, "wb") as file:
            while block := response.read(BLOCK):
                if file.tell() + len(block) > most:
                    raise ImageTooLarge(f"{url}: has more than {most} bytes; download it, and name the file")
                file.write(block)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path
