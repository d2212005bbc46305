"""Pictures and model files: kept under the SHA-256 of what is in them, never under a name that a client chose."""

from __future__ import annotations

import hashlib
import re
import time
import uuid
from contextlib import suppress
from pathlib import Path
from typing import IO, cast

import fsspec
from fsspec.implementations.local import LocalFileSystem

from wordsight.server.errors import NotThere, OutOfSpace

UNFINISHED_SECONDS = 3600.0
"""A file that has been half-written for so long has lost its writer."""
_DIGEST = re.compile(r"[0-9a-f]{64}")


class Files:
    """Blobs in a folder, or in anything else that fsspec has a URL for."""

    def __init__(self, url: str) -> None:
        self.system, self.root = fsspec.core.url_to_fs(url)

    def put(self, data: bytes) -> str:
        """Keep some bytes; gives their digest. What is there already is not written again.

        Raises:
            OutOfSpace: The disk is full.
        """
        digest = hashlib.sha256(data).hexdigest()
        path = self._path(digest)
        try:
            if not self.system.exists(path):
                self._write(path, data)
        except OSError as error:
            raise OutOfSpace(
                f"the file cannot be kept ({error.strerror or error}); free some space and send it again"
            ) from error
        return digest

    def _write(self, path: str, data: bytes) -> None:
        """Write in one step: an object store does so anyway, a folder gets a temporary name first."""
        self.system.makedirs(path.rpartition("/")[0], exist_ok=True)
        if not isinstance(self.system, LocalFileSystem):
            self.system.pipe_file(path, data)
            return
        part = f"{path}.{uuid.uuid4().hex}.part"
        try:
            self.system.pipe_file(part, data)
            self.system.mv(part, path)
        except OSError:
            if self.system.exists(part):
                self.system.rm_file(part)
            raise

    def tidy(self) -> None:
        """Remove what a process that was killed has left half-written in a folder."""
        if not isinstance(self.system, LocalFileSystem):
            return
        for part in Path(self.root).glob("*/*.part"):
            with suppress(OSError):  # its writer, or another process that tidies, was faster
                if part.stat().st_mtime < time.time() - UNFINISHED_SECONDS:
                    part.unlink()

    def get(self, digest: str) -> bytes:
        """The bytes with this digest.

        Raises:
            NotThere: There are none.
        """
        try:
            return cast(bytes, self.system.cat_file(self._path(digest)))
        except FileNotFoundError as error:
            raise NotThere("the file is no longer kept") from error

    def open(self, digest: str) -> IO[bytes]:
        """A stream of the bytes with this digest.

        Raises:
            NotThere: There are none.
        """
        try:
            return cast(IO[bytes], self.system.open(self._path(digest), "rb"))
        except FileNotFoundError as error:
            raise NotThere("the file is no longer kept") from error

    def delete(self, digest: str) -> None:
        """Forget the bytes with this digest; nothing happens where there are none."""
        folder = self._path(digest).rpartition("/")[0]
        if not self.system.exists(folder):
            return
        for path in self.system.ls(folder, detail=False, refresh=True):  # with what was kept beside it
            if path.rpartition("/")[2].startswith(digest):
                self.system.rm_file(path)

    def put_beside(self, digest: str, name: str, data: bytes) -> None:
        """Keep what was made of a file, until that is deleted; on a full disk it is made anew each time.

        Args:
            digest: The file's.
            name: Which thing that was made of it; letters, digits and hyphens.
            data: The thing.
        """
        with suppress(OSError):
            self._write(f"{self._path(digest)}.{name}", data)

    def get_beside(self, digest: str, name: str) -> bytes | None:
        """What was kept beside a file; None where it is not."""
        try:
            return cast(bytes, self.system.cat_file(f"{self._path(digest)}.{name}"))
        except FileNotFoundError:
            return None

    def _path(self, digest: str) -> str:
        if not _DIGEST.fullmatch(digest):
            raise NotThere("no file has such a name")
        return f"{self.root}/{digest[:2]}/{digest}"
