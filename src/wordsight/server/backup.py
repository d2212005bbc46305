"""Backup and restore: everything that the service keeps, in one file.

The file is a ZIP with every table as lines of JSON and every kept file under its digest. It does not depend on the
kind of database or store, so a backup of SQLite and a folder can be restored into PostgreSQL and an object store.
Jobs are not in it: workers ask for them again from the rows. Nor are checkpoints: an unfinished training begins anew.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from wordsight.errors import WordsightError
from wordsight.server.services.context import Context
from wordsight.server.tables import Base, Beat, File, Picture, Run, Version, Workspace

MARK = "wordsight-backup-1"
ROWS_AT_ONCE = 1000


class BackupError(WordsightError):
    """A backup cannot be made or restored."""


def backup(context: Context, path: Path) -> int:
    """Write everything into one file, which appears when it is complete; gives the number of kept files in it.

    Requests may go on meanwhile: rows are read in one transaction, and files never change.

    Raises:
        BackupError: The file is there already.
        OSError: It cannot be written.
    """
    if path.exists():
        raise BackupError(f"{path} is there already; choose another name")
    part = path.with_name(f"{path.name}.part")
    try:
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("mark", MARK)
            with context.store.session() as session:
                for table in _tables():
                    rows = session.execute(select(Base.metadata.tables[table])).mappings()
                    archive.writestr(f"tables/{table}", "".join(f"{json.dumps(dict(row))}\n" for row in rows))
                digests = sorted(_digests(session))
            for digest in digests:
                archive.writestr(zipfile.ZipInfo(f"files/{digest}"), context.files.get(digest))
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return len(digests)


def restore(context: Context, path: Path) -> int:
    """Fill an empty service from a backup; gives the number of kept files in it.

    Raises:
        BackupError: The service has data already, or the file is no backup, or damaged.
        OSError: The file cannot be read.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.read("mark").decode() != MARK:
                raise BackupError(f"{path} is a backup of another version")
            return _restore(context, archive)
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise BackupError(f"{path} is no backup, or it is damaged: {error}") from error


def _restore(context: Context, archive: zipfile.ZipFile) -> int:
    count = 0
    with context.store.session() as session:
        if session.scalar(select(Workspace.id).limit(1)):
            raise BackupError("the service has data already; restore into an empty folder or database")
        for table in _tables():
            lines = archive.read(f"tables/{table}").decode().splitlines()
            for start in range(0, len(lines), ROWS_AT_ONCE):
                rows = [json.loads(line) for line in lines[start : start + ROWS_AT_ONCE]]
                session.execute(insert(Base.metadata.tables[table]), rows)
        for name in archive.namelist():
            digest = name.removeprefix("files/")
            if digest == name:
                continue
            data = archive.read(name)
            if hashlib.sha256(data).hexdigest() != digest:
                raise BackupError(f"{name} is damaged in the backup")
            context.files.put(data)
            count += 1
        session.execute(delete(Beat))
    return count


def _tables() -> list[str]:
    """Names of all tables, those that others point to first."""
    return [table.name for table in Base.metadata.sorted_tables if table.name != Beat.__tablename__]


def _digests(session: Session) -> Iterator[str]:
    """Digests of all kept files, each once."""
    found: set[str] = set()
    for column in (Picture.digest, File.digest, Version.digest, Run.report_digest):
        found.update(digest for digest in session.scalars(select(column).distinct()) if digest)
    yield from found
