"""The database: engine, sessions, schema.

SQLite waits for a writer instead of failing and keeps readers going while one writes (WAL); a connection that died is
replaced before it is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, create_engine, event, make_url, text
from sqlalchemy.exc import DataError, InterfaceError, OperationalError, TimeoutError
from sqlalchemy.orm import Session, sessionmaker

from wordsight.server.errors import BadRequest, Unavailable

BUSY_SECONDS = 30
MIGRATIONS = Path(__file__).parent / "migrations"


def driver_url(url: str) -> str:
    """A database URL with the driver that is installed: psycopg for PostgreSQL."""
    parsed = make_url(url)
    if parsed.drivername in ("postgres", "postgresql"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    return parsed.render_as_string(hide_password=False)


def open_engine(url: str) -> Engine:
    """An engine for SQLite or PostgreSQL."""
    if not make_url(url).drivername.startswith("sqlite"):
        return create_engine(
            driver_url(url), pool_pre_ping=True, pool_size=10, max_overflow=30, pool_timeout=BUSY_SECONDS
        )
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _set_up(connection: Any, _: object) -> None:
        connection.isolation_level = None  # the driver begins no transaction of its own; see _begin
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            f"busy_timeout={BUSY_SECONDS * 1000}",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        # A transaction that reads first and writes later cannot wait for another writer; one that begins so can.
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


class Store:
    """Sessions on one database."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = open_engine(url)
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """One transaction: committed at the end, rolled back by an error.

        Raises:
            Unavailable: The database does not answer.
            BadRequest: It cannot keep a value, such as a number of more than 64 bits or a text with a zero byte.
        """
        try:
            with self._sessions.begin() as session:
                yield session
        except (DataError, OverflowError) as error:
            raise BadRequest("a number is too large, or a text has characters that cannot be kept") from error
        except (OperationalError, InterfaceError, TimeoutError) as error:
            raise Unavailable(
                "the database does not answer; nothing was changed, try again in a few seconds", retry_after=5
            ) from error

    def ping(self) -> None:
        """Ask the database for an answer.

        Raises:
            Unavailable: It does not answer.
        """
        with self.session() as session:
            session.execute(text("SELECT 1"))

    def migrate(self) -> None:
        """Bring the schema to this version; does nothing where it is."""
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        with self.engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()
