"""Files that are read: at once or later, with a model or without; what is read is kept, judged and told."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from wordsight.server.errors import Conflict, NotThere
from wordsight.server.forms import Upload
from wordsight.server.security import Caller
from wordsight.server.services.context import Context, charge, model_of
from wordsight.server.services.reads import PageRead, Read, ReadsFiles, Request
from wordsight.server.services.results import FAILURE, PENDING, SUCCESS, announce, judged, with_pages
from wordsight.server.services.rules import Rules
from wordsight.server.services.webhooks import Webhooks
from wordsight.server.tables import DAY, FILE_NAME, File, Model, Page, Taken, Version, new_id

LONGEST_METADATA = 10_000


class Predictions:
    """Reading files, and keeping what was read; see :mod:`wordsight.server.services.results` for what comes after."""

    def __init__(
        self, context: Context, reader: ReadsFiles, enqueue: Callable[[str], None], webhooks: Webhooks
    ) -> None:
        """Make the service.

        Args:
            context: Settings, database and files.
            reader: What reads.
            enqueue: Gives a worker the id of a file to read; asking twice for one file does nothing more.
            webhooks: Tells the outside of what was read.
        """
        self.context = context
        self.reader = reader
        self.enqueue = enqueue
        self.webhooks = webhooks

    def predict(self, caller: Caller, upload: Upload, request: Request) -> Read:
        """Read one file at once and keep the result.

        Raises:
            NotThere: There is no such model.
            Conflict: The model was never trained.
            ImageError: The file cannot be read.
            TooBusy: Too many requests wait.
            OutOfSpace: The quota or the disk is full.
        """
        caller.need("read")
        model = self._version(caller, request.model_id)
        pages = self.reader.read(upload.data, model[:2] if model else None, request.pages)
        with self.context.store.session() as session:
            file = self._keep(session, caller, upload, request)
            file.version = model[2] if model else None
            rows = store_pages(session, file, pages)
            messages = self._settle(session, file, rows)
        self.webhooks.send(messages)
        return Read(file, rows)

    def submit(self, caller: Caller, upload: Upload, request: Request) -> Read:
        """Keep a file that a job will read.

        Raises:
            NotThere: There is no such model.
            Conflict: The model was never trained.
            OutOfSpace: The quota or the disk is full.
        """
        caller.need("read")
        self._version(caller, request.model_id)
        with self.context.store.session() as session:
            file = self._keep(session, caller, upload, request)
            file.state = PENDING
            file.asynchronous = True
        self.enqueue(file.id)
        return Read(file)

    def submit_once(self, caller: Caller, upload: Upload, request: Request) -> bool:
        """Keep a file that a job will read, unless the model was given this content so before.

        Returns:
            Whether it is new.

        Raises:
            NotThere: There is no such model.
            Conflict: The model was never trained.
            OutOfSpace: The quota or the disk is full.
            sqlalchemy.exc.IntegrityError: Somebody else submits the same content at this moment.
        """
        caller.need("read")
        self._version(caller, request.model_id)
        digest = hashlib.sha256(upload.data).hexdigest()
        with self.context.store.session() as session:
            query = select(Taken.id).where(Taken.model_id == request.model_id, Taken.digest == digest)
            if session.scalar(query) is not None:
                return False
            session.add(
                Taken(workspace_id=caller.workspace, model_id=request.model_id, digest=digest, name=upload.name)
            )
            session.flush()  # another process that takes it too fails here, before anything is charged
            file = self._keep(session, caller, upload, request)
            file.state, file.asynchronous = PENDING, True
        self.enqueue(file.id)
        return True

    def finish(self, file_id: str) -> Read:
        """Read a file that was submitted; what is read already is not read again.

        Raises:
            NotThere: The file was deleted meanwhile.
            ImageError: The file cannot be read.
        """
        with self.context.store.session() as session:
            file = session.get(File, file_id)
            if file is None or file.digest is None:
                raise NotThere("the file was deleted")
            if file.state != PENDING:
                return with_pages(session, file)
            model = _active(session, session.get(Model, file.model_id)) if file.model_id else None
        pages = self.reader.read(self.context.files.get(file.digest), model[:2] if model else None, file.pages_wanted)
        messages: list[str] = []
        with self.context.store.session() as session:
            file = session.get(File, file_id)
            if file is None:
                raise NotThere("the file was deleted")
            if file.state == PENDING:
                file.state, file.version = SUCCESS, model[2] if model else None
                messages = self._settle(session, file, store_pages(session, file, pages))
            done = with_pages(session, file)
        self.webhooks.send(messages)
        return done

    def give_up(self, file_id: str, message: str) -> None:
        """Note that a submitted file cannot be read."""
        with self.context.store.session() as session:
            file = session.get(File, file_id)
            if file is None or file.state != PENDING:
                return
            file.state, file.error = FAILURE, message[:2000]
            messages = announce(self.webhooks, session, "prediction.failed", file, ())
        self.webhooks.send(messages)

    def _settle(self, session: Session, file: File, pages: Sequence[Page]) -> list[str]:
        """Judge what was read by the model's rules, approve it where they say so; gives the messages to send.

        What is approved so does not become training data: a model must not learn from itself.
        """
        model = session.get(Model, file.model_id) if file.model_id else None
        rules = Rules.model_validate((model.settings if model else {}).get("rules") or {})
        file.problems = [problem.model_dump() for problem in judged(rules, pages)]
        messages = announce(self.webhooks, session, "prediction.finished", file, pages)
        if file.problems:
            messages += announce(self.webhooks, session, "prediction.review", file, pages)
        elif model is not None and rules.approve:
            file.approval, file.verified, file.verified_by = "approved", time.time(), "rules"
            messages += announce(self.webhooks, session, "prediction.approved", file, pages)
        return messages

    def _version(self, caller: Caller, model_id: str | None) -> tuple[str, str, int] | None:
        if model_id is None:
            return None
        with self.context.store.session() as session:
            return _active(session, model_of(session, caller, model_id))

    def _keep(self, session: Session, caller: Caller, upload: Upload, request: Request) -> File:
        charge(session, self.context, caller.workspace, len(upload.data))
        file = File(
            id=new_id(),
            workspace_id=caller.workspace,
            model_id=request.model_id,
            name=upload.name[:FILE_NAME],
            digest=self.context.files.put(upload.data),
            bytes=len(upload.data),
            pages_wanted=request.pages[:200],
            request_metadata=request.metadata[:LONGEST_METADATA],
        )
        session.add(file)
        session.flush()
        return file


def _active(session: Session, model: Model | None) -> tuple[str, str, int]:
    """Id, digest and number of the version that predicts."""
    if model is None:
        raise NotThere("the model was deleted")
    row = session.scalar(
        select(Version).where(Version.model_id == model.id, Version.number == (model.active_version or -1))
    )
    if row is None:
        raise Conflict("the model is not trained yet; upload pictures, train it, and wait for state 5", "not_trained")
    return model.id, row.digest, row.number


def store_pages(session: Session, file: File, pages: Sequence[PageRead]) -> tuple[Page, ...]:
    """Keep what was read in a file."""
    rows = tuple(
        Page(
            id=new_id(),
            workspace_id=file.workspace_id,
            file_id=file.id,
            model_id=file.model_id,
            number=page.number,
            width=page.width,
            height=page.height,
            day=int(time.time() // DAY),
            boxes=list(page.boxes),
            words=list(page.words),
            text=page.text,
            doubt=1 - min((float(box["score"]) for box in page.boxes), default=1.0),
        )
        for page in pages
    )
    session.add_all(rows)
    session.flush()
    return rows
