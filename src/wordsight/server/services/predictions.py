"""Files that are read: at once or later, with a model or without, kept, corrected, approved, searched."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wordsight.server.errors import BadRequest, Conflict, NotThere
from wordsight.server.forms import Upload
from wordsight.server.records import page_json
from wordsight.server.security import Caller
from wordsight.server.services.context import Context, charge, is_kept, model_of, note, refund
from wordsight.server.services.pictures import check_box
from wordsight.server.services.reads import PageRead, Read, ReadsFiles, Request
from wordsight.server.services.rules import Problem, Rules, judge
from wordsight.server.services.webhooks import Webhooks
from wordsight.server.tables import DAY, File, Model, Page, Picture, Taken, Version, new_id

LONGEST_METADATA = 10_000
SUCCESS, PENDING, FAILURE = "success", "pending", "failure"


class Predictions:
    """What can be done with files to read."""

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
                return self._with_pages(session, file)
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
            done = self._with_pages(session, file)
        self.webhooks.send(messages)
        return done

    def give_up(self, file_id: str, message: str) -> None:
        """Note that a submitted file cannot be read."""
        with self.context.store.session() as session:
            file = session.get(File, file_id)
            if file is None or file.state != PENDING:
                return
            file.state, file.error = FAILURE, message[:2000]
            messages = self._announce(session, "prediction.failed", file, ())
        self.webhooks.send(messages)

    def _settle(self, session: Session, file: File, pages: Sequence[Page]) -> list[str]:
        """Judge what was read by the model's rules, approve it where they say so; gives the messages to send.

        What is approved so does not become training data: a model must not learn from itself.
        """
        model = session.get(Model, file.model_id) if file.model_id else None
        rules = Rules.model_validate((model.settings if model else {}).get("rules") or {})
        file.problems = [problem.model_dump() for problem in _judged(rules, pages)]
        messages = self._announce(session, "prediction.finished", file, pages)
        if file.problems:
            messages += self._announce(session, "prediction.review", file, pages)
        elif model is not None and rules.approve:
            file.approval, file.verified, file.verified_by = "approved", time.time(), "rules"
            messages += self._announce(session, "prediction.approved", file, pages)
        return messages

    def _announce(self, session: Session, event: str, file: File, pages: Sequence[Page]) -> list[str]:
        """Write messages of an event about a file, with its pages as clients of the hosted service expect them."""
        body = {
            "model_id": file.model_id,
            "request_file_id": file.id,
            "name": file.name,
            "error": file.error,
            "approval": file.approval,
            "problems": file.problems or [],
            "message": file.error or "Success",
            "result": [page_json(file, page) for page in pages],
        }
        happened = f"{file.id}/{file.verified or ''}"  # a file may be approved, reopened and approved again
        return self.webhooks.announce(session, file.workspace_id, event, happened, file.model_id, body)

    def get(self, caller: Caller, file_id: str) -> Read:
        """A file and its pages.

        Raises:
            NotThere: There is none.
        """
        caller.need("read")
        with self.context.store.session() as session:
            return self._with_pages(session, file_of(session, caller, file_id))

    def page(self, caller: Caller, page_id: str) -> tuple[File, Page]:
        """One page and its file.

        Raises:
            NotThere: There is none.
        """
        caller.need("read")
        with self.context.store.session() as session:
            return _page_of(session, caller, page_id)

    def of_days(self, caller: Caller, model_id: str, first: int, last: int) -> list[tuple[File, Page]]:
        """Pages that a model read from one day to another (days since 1970), newest first.

        Raises:
            NotThere: There is no such model.
        """
        caller.need("read")
        with self.context.store.session() as session:
            model = model_of(session, caller, model_id)
            query = (
                select(File, Page)
                .join(Page, Page.file_id == File.id)
                .where(Page.model_id == model.id, Page.day >= first, Page.day <= last)
                .order_by(Page.created.desc(), Page.number)
            )
            return [(file, page) for file, page in session.execute(query)]

    def all(
        self,
        caller: Caller,
        *,
        model_id: str = "",
        review: bool = False,
        approval: str | None = None,
        words: str = "",
        offset: int = 0,
        limit: int = 50,
    ) -> tuple[list[Read], int]:
        """Files of the workspace with their pages, newest first, or the most doubtful first for a review.

        Args:
            caller: Who asks.
            model_id: Only what this model read; empty: everything.
            review: Only what nobody has approved or rejected, most doubtful first.
            approval: Only what is "approved", "rejected" or undecided (""); None: everything.
            words: Only pages with all of these words.
            offset: How many to leave out.
            limit: How many at most.

        Returns:
            The files, and how many there are in all.
        """
        caller.need("read")
        with self.context.store.session() as session:
            query = select(File).where(File.workspace_id == caller.workspace)
            if model_id:
                query = query.where(File.model_id == model_of(session, caller, model_id).id)
            doubt = select(func.max(Page.doubt)).where(Page.file_id == File.id).scalar_subquery()
            if review:
                query = query.where(File.approval == "", File.state == SUCCESS, File.model_id.is_not(None))
            if approval is not None:
                query = query.where(File.approval == approval)
            for word in words.split():
                escaped = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
                found = select(Page.file_id).where(Page.text.ilike(f"%{escaped}%", escape="\\"))
                query = query.where(File.id.in_(found))
            total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
            first = doubt.desc() if review else File.created.desc()
            order = query.order_by(first, File.id)
            files = session.scalars(order.offset(offset).limit(limit))
            return [self._with_pages(session, file) for file in files], total

    def correct(self, caller: Caller, page_id: str, boxes: Sequence[Mapping[str, Any]]) -> tuple[File, Page]:
        """Replace the fields of a page by what a person says.

        Raises:
            NotThere: There is no such page.
            BadRequest: A box is wrong.
        """
        caller.need("write")
        with self.context.store.session() as session:
            file, page = _page_of(session, caller, page_id)
            labels = session.get_one(Model, file.model_id).labels if file.model_id else None
            if labels is None:
                raise BadRequest("the file was read without a model; there are no fields to correct")
            page.corrected = [
                check_box(box, labels, page.width, page.height) | {"score": 1.0, "moderated": True} for box in boxes
            ]
            page.changed = time.time()
            rules = Rules.model_validate(session.get_one(Model, file.model_id).settings.get("rules") or {})
            session.flush()
            file.problems = [p.model_dump() for p in _judged(rules, self._with_pages(session, file).pages)]
            note(session, caller, "prediction.correct", page.id, file.name)
            return file, page

    def approve(self, caller: Caller, file_id: str, approval: str) -> Read:
        """Say whether a file's fields are right: "approved", "rejected" or "" (undecided again).

        An approved page becomes a picture to learn from.

        Raises:
            NotThere: There is no such file.
            BadRequest: It was read without a model, or not yet.
        """
        caller.need("write")
        with self.context.store.session() as session:
            file = file_of(session, caller, file_id)
            if file.model_id is None or file.state != SUCCESS:
                raise BadRequest("only a file that a model has read can be approved")
            file.approval = approval
            file.verified = time.time() if approval else None
            file.verified_by = caller.name if approval else ""
            if approval == "approved":
                self._learn_from(session, file)
            note(session, caller, f"prediction.{approval or 'reopen'}", file.id, file.name)
            done = self._with_pages(session, file)
            messages = self._announce(session, f"prediction.{approval}", file, done.pages) if approval else []
        self.webhooks.send(messages)
        return done

    def _learn_from(self, session: Session, file: File) -> None:
        """Make the first page of an approved file a marked picture of its model, once."""
        page = session.scalar(select(Page).where(Page.file_id == file.id).order_by(Page.number).limit(1))
        pages = session.scalar(select(func.count()).select_from(Page).where(Page.file_id == file.id))
        if page is None or pages != 1 or file.digest is None or file.model_id is None:
            return
        row = session.scalar(select(Picture).where(Picture.model_id == file.model_id, Picture.digest == file.digest))
        if row is None:
            charge(session, self.context, file.workspace_id, file.bytes)
            row = Picture(
                id=new_id(),
                workspace_id=file.workspace_id,
                model_id=file.model_id,
                name=file.name,
                digest=file.digest,
                bytes=file.bytes,
                width=page.width,
                height=page.height,
                source="review",
            )
            session.add(row)
        boxes = page.boxes if page.corrected is None else page.corrected
        row.boxes = [{key: box.get(key) for key in ("id", "label", "quad", "text")} for box in boxes]
        row.state, row.revision = "marked", (row.revision or 0) + 1

    def delete(self, caller: Caller, file_id: str) -> None:
        """Forget a file and what was read in it.

        Raises:
            NotThere: There is none.
        """
        caller.need("write")
        with self.context.store.session() as session:
            file = file_of(session, caller, file_id)
            for page in session.scalars(select(Page).where(Page.file_id == file.id)):
                session.delete(page)
            refund(session, caller.workspace, file.bytes)
            session.flush()
            session.delete(file)
            session.flush()
            note(session, caller, "prediction.delete", file.id, file.name)
            unused = file.digest is not None and not is_kept(session, file.digest)
        if unused and file.digest:
            self.context.files.delete(file.digest)

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
            name=upload.name,
            digest=self.context.files.put(upload.data),
            bytes=len(upload.data),
            pages_wanted=request.pages[:200],
            request_metadata=request.metadata[:LONGEST_METADATA],
        )
        session.add(file)
        session.flush()
        return file

    def _with_pages(self, session: Session, file: File) -> Read:
        rows = session.scalars(select(Page).where(Page.file_id == file.id).order_by(Page.number))
        return Read(file, tuple(rows))


def file_of(session: Session, caller: Caller, file_id: str) -> File:
    """A file of the caller's workspace.

    Raises:
        NotThere: There is none with this id, or it is somebody else's.
    """
    file = session.scalar(select(File).where(File.id == file_id, File.workspace_id == caller.workspace))
    if file is None:
        raise NotThere("there is no such file in your workspace; list the results to see their ids")
    return file


def _page_of(session: Session, caller: Caller, page_id: str) -> tuple[File, Page]:
    page = session.scalar(select(Page).where(Page.id == page_id, Page.workspace_id == caller.workspace))
    if page is None:
        raise NotThere("there is no such page in your workspace; list the results to see their ids")
    return session.get_one(File, page.file_id), page


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


def _judged(rules: Rules, pages: Sequence[Page]) -> list[Problem]:
    """The rules that a file breaks, by what a person has said where somebody has."""
    return judge(rules, [box for page in pages for box in (page.boxes if page.corrected is None else page.corrected)])
