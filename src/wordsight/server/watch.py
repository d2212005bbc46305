"""A watched folder: every new picture in it is read by one model, once.

What was taken is remembered by its content, in the database and in the transaction that makes the file to be read: a
worker that is killed, a second worker, or the same picture under another name changes nothing. A file is read when it
has kept still for a while; hidden and unfinished ones (``.part``, ``.tmp``, ``.crdownload``) are left alone, and so are
links, which could lead anywhere. Nothing in the folder is changed.
"""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import structlog
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from wordsight.server.errors import NotThere, ServiceError
from wordsight.server.forms import Upload, base_name
from wordsight.server.security import Caller
from wordsight.server.services.context import Context
from wordsight.server.services.predictions import Predictions
from wordsight.server.services.reads import Request
from wordsight.server.tables import Model

LOOK_SECONDS = 2.0
"""Time between two looks; a file has kept still when it is the same in both."""
UNFINISHED = (".part", ".tmp", ".crdownload", ".filepart")

State = tuple[int, int]
"""Size and time of the last change (nanoseconds)."""

log = structlog.get_logger(__name__)


class Watcher:
    """Takes what is new in a folder."""

    def __init__(self, context: Context, predictions: Predictions, folder: Path, model_id: str) -> None:
        """Make a watcher.

        Args:
            context: Settings, database and files.
            predictions: Keeps files and asks for their reading.
            folder: The folder, with all folders in it.
            model_id: The model that reads.
        """
        self.context = context
        self.predictions = predictions
        self.folder = folder
        self.model_id = model_id
        self._seen: dict[Path, State] = {}
        self._done: dict[Path, State] = {}
        self._told: set[str] = set()

    def run(self, stop: threading.Event) -> None:
        """Look again and again until told to stop; whatever goes wrong is tried again at the next look."""
        while not stop.wait(LOOK_SECONDS):
            try:
                self.look()
            except (ServiceError, SQLAlchemyError, OSError) as error:
                self._tell(str(error))

    def look(self) -> int:
        """Take every file that has kept still since the last look; gives how many were new.

        Raises:
            ServiceError: The model is not there or not trained, the quota is full, or the database does not answer.
            OSError: The folder cannot be read.
        """
        seen = dict(self._files())
        still = [path for path, state in seen.items() if self._seen.get(path) == state]
        self._seen = seen
        self._done = {path: state for path, state in self._done.items() if path in seen}
        caller = self._caller()
        count = 0
        for path in sorted(still):
            if self._done.get(path) != seen[path]:
                count += self._take(caller, path, seen[path])
                self._done[path] = seen[path]
        return count

    def _files(self) -> Iterator[tuple[Path, State]]:
        for folder, folders, names in os.walk(self.folder):
            folders[:] = [name for name in folders if not name.startswith(".")]
            for name in names:
                path = Path(folder, name)
                if name.startswith(".") or name.lower().endswith(UNFINISHED):
                    continue
                try:
                    found = path.lstat()
                except FileNotFoundError:
                    continue
                if stat.S_ISREG(found.st_mode) and found.st_size:
                    yield path, (found.st_size, found.st_mtime_ns)

    def _caller(self) -> Caller:
        """In whose name files are taken: the model's workspace."""
        with self.context.store.session() as session:
            model = session.get(Model, self.model_id)
        if model is None:
            raise NotThere(f"there is no model {self.model_id!r} for the watched folder; see WORDSIGHT_WATCH_MODEL")
        return Caller(model.workspace_id, "", "watched folder", ("write",))

    def _take(self, caller: Caller, path: Path, state: State) -> bool:
        """Take a file unless its content was taken before."""
        if state[0] > self.context.settings.max_upload_bytes:
            self._tell(f"{path.name} has {state[0]} bytes, {self.context.settings.max_upload_bytes} are allowed")
            return False
        try:
            data = _read(path)
        except OSError as error:
            self._tell(f"{path.name} cannot be read: {error.strerror or error}")
            return False
        if len(data) != state[0]:
            return False  # it has changed since the look; its new state is not the one noted as done
        upload = Upload(base_name(path.name), data)
        try:
            return self.predictions.submit_once(caller, upload, Request(self.model_id, asynchronous=True))
        except IntegrityError:
            return False  # another worker was faster

    def _tell(self, message: str) -> None:
        """Log what goes wrong, once."""
        if message not in self._told:
            self._told.add(message)
            log.warning("watched folder", folder=str(self.folder), error=message)


def _read(path: Path) -> bytes:
    """The bytes of a file that is no link.

    Raises:
        OSError: It is one, or it is gone, or this process may not read it.
    """
    with os.fdopen(os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)), "rb") as file:
        return file.read()
