"""What every service needs, made once per process."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from wordsight.server.errors import NotThere, OutOfSpace
from wordsight.server.files import Files
from wordsight.server.security import Caller
from wordsight.server.settings import Settings
from wordsight.server.store import Store
from wordsight.server.tables import Activity, File, Model, Picture, Version, Workspace


@dataclass(frozen=True, slots=True)
class Context:
    """Settings, database and files of one process."""

    settings: Settings
    store: Store
    files: Files

    @classmethod
    def open(cls, settings: Settings) -> Context:
        """Connect to the database and the files, and bring the schema up to date."""
        if not settings.database_url or not settings.files_url:
            settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        store = Store(settings.database)
        store.migrate()
        return cls(settings, store, Files(settings.files))


def model_of(session: Session, caller: Caller, model_id: str) -> Model:
    """A model of the caller's workspace.

    Raises:
        NotThere: There is none with this id, or it is somebody else's.
    """
    model = session.scalar(select(Model).where(Model.id == model_id, Model.workspace_id == caller.workspace))
    if model is None:
        raise NotThere("there is no such model in your workspace; list the models to see their ids")
    return model


def charge(session: Session, context: Context, workspace: str, size: int) -> None:
    """Count bytes against a workspace's quota; the transaction that keeps them must be this one.

    Raises:
        OutOfSpace: The quota would be exceeded.
    """
    quota = context.settings.quota_bytes
    done = session.execute(
        update(Workspace)
        .where(Workspace.id == workspace, Workspace.used_bytes + size <= quota)
        .values(used_bytes=Workspace.used_bytes + size)
    )
    if not done.rowcount:  # type: ignore[attr-defined]
        raise OutOfSpace(f"the workspace's quota of {quota} bytes is used up; delete pictures or models")


def refund(session: Session, workspace: str, size: int) -> None:
    """Give bytes back to a workspace."""
    session.execute(update(Workspace).where(Workspace.id == workspace).values(used_bytes=Workspace.used_bytes - size))


def is_kept(session: Session, digest: str) -> bool:
    """Whether a row still needs the bytes with this digest."""
    return any(
        session.scalar(select(func.count()).select_from(table).where(table.digest == digest))
        for table in (Picture, File, Version)
    )


def note(session: Session, caller: Caller, action: str, object_id: str = "", detail: str = "") -> None:
    """Write into the audit log, in the transaction of what was done."""
    session.add(
        Activity(
            workspace_id=caller.workspace,
            key_name=caller.name,
            action=action,
            object_id=object_id,
            detail=detail[:500],
        )
    )
