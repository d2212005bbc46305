"""The tables. Ids are random UUIDs as text, times are seconds since 1970 (UTC), so both databases keep the same.

Every row that a client can name has a ``workspace_id``; services never look one up without it.
"""

from __future__ import annotations

import time
import uuid
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

Json = dict[str, Any]
PICTURE_NAME, FILE_NAME = 500, 2000
"""Longest names that are kept; a picture that was fetched has its whole URL as its name."""
DAY = 86_400
"""Seconds of a day; results are found by the number of days since 1970."""


def new_id() -> str:
    """A random id."""
    return str(uuid.uuid4())


class Base(DeclarativeBase):
    """Base of all tables."""

    type_annotation_map = {Json: JSON, list[Any]: JSON, list[str]: JSON}  # noqa: RUF012 (SQLAlchemy's own form)


class Row(Base):
    """What every table has."""

    __abstract__ = True

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    created: Mapped[float] = mapped_column(default=time.time)


class Workspace(Row):
    """Whose things are kept apart from everybody else's."""

    __tablename__ = "workspaces"

    name: Mapped[str] = mapped_column(String(200))
    used_bytes: Mapped[int] = mapped_column(BigInteger, default=0)


class Owned(Row):
    """A row of a workspace."""

    __abstract__ = True

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"), index=True)


class Key(Owned):
    """An API key. Only its SHA-256 is kept: it is 256 random bits, which no dictionary has."""

    __tablename__ = "keys"

    name: Mapped[str] = mapped_column(String(200))
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    start: Mapped[str] = mapped_column(String(12))
    scopes: Mapped[list[str]]
    expires: Mapped[float | None]
    revoked: Mapped[float | None]
    used: Mapped[float | None]


class Model(Owned):
    """A taught model, or one that is going to be taught."""

    __tablename__ = "models"

    name: Mapped[str] = mapped_column(String(200))
    model_type: Mapped[str] = mapped_column(String(50), default="ocr")
    labels: Mapped[list[str]]
    settings: Mapped[Json] = mapped_column(default=dict)
    active_version: Mapped[int | None]
    archived: Mapped[bool] = mapped_column(default=False)


class Version(Owned):
    """One trained state of a model."""

    __tablename__ = "versions"
    __table_args__ = (UniqueConstraint("model_id", "number"),)

    model_id: Mapped[str] = mapped_column(ForeignKey("models.id", ondelete="CASCADE"), index=True)
    number: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(BigInteger)
    metrics: Mapped[Json] = mapped_column(default=dict)
    run_id: Mapped[str | None] = mapped_column(String(36))


class Picture(Owned):
    """A picture to learn from."""

    __tablename__ = "pictures"
    __table_args__ = (Index("ix_pictures_page", "model_id", "created", "id"),)

    model_id: Mapped[str] = mapped_column(ForeignKey("models.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(PICTURE_NAME))
    digest: Mapped[str] = mapped_column(String(64), index=True)
    bytes: Mapped[int] = mapped_column(BigInteger)
    width: Mapped[int]
    height: Mapped[int]
    state: Mapped[str] = mapped_column(String(20), default="new")
    split: Mapped[str | None] = mapped_column(String(20))
    boxes: Mapped[list[Any]] = mapped_column(default=list)
    revision: Mapped[int] = mapped_column(default=0)
    source: Mapped[str] = mapped_column(String(20), default="upload")


class Run(Owned):
    """One training."""

    __tablename__ = "runs"

    model_id: Mapped[str] = mapped_column(ForeignKey("models.id", ondelete="CASCADE"), index=True)
    state: Mapped[str] = mapped_column(String(20), default="queued")
    minutes: Mapped[float]
    progress: Mapped[Json] = mapped_column(default=dict)
    started: Mapped[float | None]
    ended: Mapped[float | None]
    beat: Mapped[float | None]
    error: Mapped[str] = mapped_column(Text, default="")
    version: Mapped[int | None]
    report: Mapped[Json] = mapped_column(default=dict)
    report_digest: Mapped[str | None] = mapped_column(String(64))


class File(Owned):
    """A file that was, or is to be, read: the unit of requests, approval and deletion."""

    __tablename__ = "files"
    __table_args__ = (Index("ix_files_page", "workspace_id", "created", "id"),)

    model_id: Mapped[str | None] = mapped_column(ForeignKey("models.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(FILE_NAME))
    digest: Mapped[str | None] = mapped_column(String(64))
    bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    state: Mapped[str] = mapped_column(String(20), default="success")
    error: Mapped[str] = mapped_column(Text, default="")
    attempts: Mapped[int] = mapped_column(default=0)
    asynchronous: Mapped[bool] = mapped_column(default=False)
    pages_wanted: Mapped[str] = mapped_column(String(200), default="")
    request_metadata: Mapped[str] = mapped_column(Text, default="")
    version: Mapped[int | None]
    approval: Mapped[str] = mapped_column(String(20), default="")
    verified: Mapped[float | None]
    verified_by: Mapped[str] = mapped_column(String(200), default="")
    problems: Mapped[list[Any]] = mapped_column(default=list)


class Page(Owned):
    """What was read on one page of a file."""

    __tablename__ = "pages"
    __table_args__ = (UniqueConstraint("file_id", "number"), Index("ix_pages_day", "workspace_id", "day"))

    file_id: Mapped[str] = mapped_column(ForeignKey("files.id", ondelete="CASCADE"), index=True)
    model_id: Mapped[str | None] = mapped_column(String(36), index=True)
    number: Mapped[int]
    width: Mapped[int]
    height: Mapped[int]
    day: Mapped[int]
    boxes: Mapped[list[Any]] = mapped_column(default=list)
    corrected: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    words: Mapped[list[Any]] = mapped_column(default=list)
    text: Mapped[str] = mapped_column(Text, default="")
    doubt: Mapped[float] = mapped_column(default=0.0, index=True)
    changed: Mapped[float] = mapped_column(default=time.time)


class Webhook(Owned):
    """Where a workspace wants to be told of events."""

    __tablename__ = "webhooks"

    url: Mapped[str] = mapped_column(String(2000))
    secret: Mapped[str] = mapped_column(String(200))
    events: Mapped[list[str]]
    model_id: Mapped[str | None] = mapped_column(String(36))
    active: Mapped[bool] = mapped_column(default=True)


class Delivery(Owned):
    """One message to one webhook: kept until it is delivered, and as a dead letter when that failed for good."""

    __tablename__ = "deliveries"

    webhook_id: Mapped[str] = mapped_column(ForeignKey("webhooks.id", ondelete="CASCADE"), index=True)
    event: Mapped[str] = mapped_column(String(50))
    body: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(20), default="queued", index=True)
    attempts: Mapped[int] = mapped_column(default=0)
    status: Mapped[int | None]
    error: Mapped[str] = mapped_column(Text, default="")
    due: Mapped[float] = mapped_column(default=time.time)
    delivered: Mapped[float | None]


class Taken(Owned):
    """A file of a watched folder that was taken: its content is not taken a second time."""

    __tablename__ = "taken"
    __table_args__ = (UniqueConstraint("model_id", "digest"),)

    model_id: Mapped[str] = mapped_column(ForeignKey("models.id", ondelete="CASCADE"))
    digest: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(2000))


class Beat(Base):
    """When a worker last said that it is there."""

    __tablename__ = "workers"

    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    beat: Mapped[float]


class Activity(Owned):
    """The audit log: who did what to which object."""

    __tablename__ = "activities"

    key_name: Mapped[str] = mapped_column(String(200))
    action: Mapped[str] = mapped_column(String(50))
    object_id: Mapped[str] = mapped_column(String(36), default="")
    detail: Mapped[str] = mapped_column(String(500), default="")
