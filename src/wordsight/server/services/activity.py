"""The audit log, for reading."""

from __future__ import annotations

from sqlalchemy import select

from wordsight.server.security import Caller
from wordsight.server.services.context import Context
from wordsight.server.tables import Activity as Entry


class Activity:
    """What was done in a workspace."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def all(self, caller: Caller, offset: int = 0, limit: int = 100) -> list[Entry]:
        """Entries of the workspace, newest first."""
        caller.need("admin")
        with self.context.store.session() as session:
            query = select(Entry).where(Entry.workspace_id == caller.workspace)
            return list(session.scalars(query.order_by(Entry.created.desc(), Entry.id).offset(offset).limit(limit)))
