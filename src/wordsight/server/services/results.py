"""What was read: found again, corrected, approved, forgotten."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wordsight.server.errors import BadRequest, NotThere
from wordsight.server.records import page_json
from wordsight.server.security import Caller
from wordsight.server.services.context import Context, charge, is_kept, model_of, note, refund
from wordsight.server.services.pictures import check_box
from wordsight.server.services.reads import Read
from wordsight.server.services.rules import Problem, Rules, judge
from wordsight.server.services.webhooks import Webhooks
from wordsight.server.tables import PICTURE_NAME, File, Model, Page, Picture, new_id

SUCCESS, PENDING, FAILURE = "success", "pending", "failure"


class Results:
    """What can be done with files that were read."""

    def __init__(self, context: Context, webhooks: Webhooks) -> None:
        """Make the service.

        Args:
            context: Settings, database and files.
            webhooks: Tells the outside of decisions.
        """
        self.context = context
        self.webhooks = webhooks

    def get(self, caller: Caller, file_id: str) -> Read:
        """A file and its pages.

        Raises:
            NotThere: There is none.
        """
        caller.need("read")
        with self.context.store.session() as session:
            return with_pages(session, file_of(session, caller, file_id))

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
            return [with_pages(session, file) for file in files], total

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
            file.problems = [p.model_dump() for p in judged(rules, with_pages(session, file).pages)]
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
            done = with_pages(session, file)
            messages = announce(self.webhooks, session, f"prediction.{approval}", file, done.pages) if approval else []
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
                name=file.name[:PICTURE_NAME],
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


def with_pages(session: Session, file: File) -> Read:
    """A file with all its pages."""
    rows = session.scalars(select(Page).where(Page.file_id == file.id).order_by(Page.number))
    return Read(file, tuple(rows))


def announce(webhooks: Webhooks, session: Session, event: str, file: File, pages: Sequence[Page]) -> list[str]:
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
    return webhooks.announce(session, file.workspace_id, event, happened, file.model_id, body)


def judged(rules: Rules, pages: Sequence[Page]) -> list[Problem]:
    """The rules that a file breaks, by what a person has said where somebody has."""
    return judge(rules, [box for page in pages for box in (page.boxes if page.corrected is None else page.corrected)])
