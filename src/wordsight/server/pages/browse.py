"""Questions that only pages ask: which picture is before and after this one, how many are of which kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session

from wordsight.server.security import Caller
from wordsight.server.services.context import Context, model_of
from wordsight.server.tables import Picture


@dataclass(frozen=True, slots=True)
class Around:
    """Where a picture stands in its model, oldest first.

    Attributes:
        place: From 1.
        total: Pictures of the model.
        marked: How many of them are marked.
        previous: Id of the picture before it, or None.
        next: Id of the picture after it, or None.
        next_new: Id of the next one that is not marked, from the start again after the end, or None.
    """

    place: int
    total: int
    marked: int
    previous: str | None
    next: str | None
    next_new: str | None


def around(context: Context, caller: Caller, model_id: str, picture: Picture) -> Around:
    """The neighbours of a picture.

    Raises:
        NotThere: There is no such model.
    """
    caller.need("read")
    here = (picture.created, picture.id)
    before = or_(Picture.created < here[0], and_(Picture.created == here[0], Picture.id < here[1]))
    after = or_(Picture.created > here[0], and_(Picture.created == here[0], Picture.id > here[1]))
    up, down = (Picture.created, Picture.id), (Picture.created.desc(), Picture.id.desc())
    with context.store.session() as session:
        ids = select(Picture.id).where(Picture.model_id == model_of(session, caller, model_id).id)
        new = ids.where(Picture.state == "new", Picture.id != picture.id)
        return Around(
            place=_count(session, ids.where(before)) + 1,
            total=_count(session, ids),
            marked=_count(session, ids.where(Picture.state == "marked")),
            previous=session.scalar(ids.where(before).order_by(*down).limit(1)),
            next=session.scalar(ids.where(after).order_by(*up).limit(1)),
            next_new=session.scalar(new.where(after).order_by(*up).limit(1))
            or session.scalar(new.order_by(*up).limit(1)),
        )


@dataclass(frozen=True, slots=True)
class Counts:
    """How many pictures a model has of each kind.

    Attributes:
        all: Pictures.
        new: Those that are not marked.
        marked: Those that are.
        double: Those whose content another one has too.
    """

    all: int
    new: int
    marked: int
    double: int


def counts(context: Context, caller: Caller, model_id: str) -> Counts:
    """The pictures of a model, counted.

    Raises:
        NotThere: There is no such model.
    """
    caller.need("read")
    with context.store.session() as session:
        own = Picture.model_id == model_of(session, caller, model_id).id
        states = select(Picture.state, func.count()).where(own).group_by(Picture.state)
        found = {state: count for state, count in session.execute(states)}  # noqa: C416 (rows are no pairs)
        return Counts(
            all=sum(found.values()),
            new=found.get("new", 0),
            marked=found.get("marked", 0),
            double=_count(session, _doubles(model_id)),
        )


def doubles(context: Context, caller: Caller, model_id: str, offset: int, limit: int) -> list[Picture]:
    """Pictures whose content another one of the model has too, equal ones side by side.

    Raises:
        NotThere: There is no such model.
    """
    caller.need("read")
    with context.store.session() as session:
        found = _doubles(model_of(session, caller, model_id).id)
        order = (Picture.digest, Picture.created, Picture.id)
        rows = session.scalars(
            select(Picture).where(Picture.id.in_(found)).order_by(*order).offset(offset).limit(limit)
        )
        return list(rows)


def _doubles(model_id: str) -> Select[Any]:
    own = Picture.model_id == model_id
    several = select(Picture.digest).where(own).group_by(Picture.digest).having(func.count() > 1)
    return select(Picture.id).where(own, Picture.digest.in_(several))


def _count(session: Session, query: Select[Any]) -> int:
    return session.scalar(select(func.count()).select_from(query.subquery())) or 0
