"""Parts that go away: the database for ten seconds, the disk when it is full, a worker; and the service recovers."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from parts import Live, Postgres, living, running_postgres, until
from starlette.testclient import TestClient

from wordsight.server.access import Services
from wordsight.server.app import create_app
from wordsight.server.files import Files
from wordsight.server.jobs import Jobs
from wordsight.server.settings import Settings
from wordsight.server.tables import Workspace

AWAY_SECONDS = 10


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    """A server for one test, which may stop it."""
    with running_postgres("immediate") as server:
        yield server


@pytest.mark.postgres
def test_the_database_goes_away_for_ten_seconds(own_postgres: Postgres, tmp_path: Path, small: bytes) -> None:
    with living(tmp_path / "one", WORDSIGHT_DATABASE_URL=own_postgres.database()) as live, live.client() as client:
        before = later(client, small)
        own_postgres.stop("immediate")
        began, statuses = time.monotonic(), set()
        while time.monotonic() < began + AWAY_SECONDS:
            reply = client.post("/api/v1/read?async=true", files={"file": ("a.png", small)})
            statuses.add(reply.status_code)
            assert reply.json()["errors"] == [{"reason": "unavailable"}], reply.text
            assert int(reply.headers["retry-after"]) >= 1
            time.sleep(0.5)
        assert statuses == {503}
        assert client.get("/healthz").status_code == 200
        assert client.get("/readyz").status_code == 503
        own_postgres.start()
        until(lambda: client.get("/readyz").status_code == 200, 30)
        after = later(client, small)
        for file in (before, after):
            assert until(lambda file=file: done(client, file), 120)["state"] == "success"
        assert client.get("/api/v1/files").json()["total"] == 2, "nothing of what was refused is kept"


@pytest.mark.postgres
def test_another_worker_takes_over(own_postgres: Postgres, tmp_path: Path, small: bytes) -> None:
    """Two workers share the work; what a killed one held is done by the other, once."""
    database = own_postgres.database()
    settings = {"WORDSIGHT_DATABASE_URL": database}
    with living(tmp_path / "one", "--no-worker", **settings) as live, live.client() as client:
        workers = [worker(live, name, database) for name in ("first", "second")]
        try:
            files = [later(client, small) for _ in range(12)]
            until(lambda: sum(done(client, file) is not None for file in files) >= 2, 90)
            workers[0].send_signal(signal.SIGKILL)
            workers[0].wait(30)
            # what the killed one held is taken up after 90 silent seconds
            states = [until(lambda file=file: done(client, file), 240)["state"] for file in files]
        finally:
            for process in workers:
                process.kill()
                process.wait(30)
        assert states == ["success"] * 12
        assert all(len(client.get(f"/api/v1/files/{file}").json()["pages"]) == 1 for file in files)


def worker(live: Live, name: str, database: str) -> subprocess.Popen[bytes]:
    import sys

    command = [sys.executable, "-m", "wordsight", "worker", "--name", name, "--database-url", database]
    environment = os.environ | {"WORDSIGHT_DATA": str(live.folder / "data")}
    with (live.folder / f"{name}.txt").open("wb") as log:
        return subprocess.Popen(command, env=environment, stderr=log, cwd=live.folder)


def later(client: httpx.Client, data: bytes) -> str:
    reply = client.post("/api/v1/read?async=true", files={"file": ("a.png", data)})
    assert reply.status_code == 200, reply.text
    return str(reply.json()["files"][0]["id"])


def done(client: httpx.Client, file_id: str) -> Any:
    file = client.get(f"/api/v1/files/{file_id}").json()
    return file if file.get("state", "pending") != "pending" else None


# --------------------------------------------------------------------------------------------------- a full disk


@pytest.fixture
def little_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 8 MB; without the right to mount one, a folder in which no file may be larger than 0."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", folder], capture_output=True)
    if mounted.returncode == 0:
        yield folder
        subprocess.run(["umount", "-l", folder], check=True)
        return
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, limits[1]))
    yield folder
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_full_disk_refuses_and_leaves_nothing_half_written(tmp_path: Path, little_disk: Path, small: bytes) -> None:
    settings = Settings(data=tmp_path / "data", files_url=str(little_disk / "files"))
    services = Services.open(settings, Jobs(settings))
    key = services.keys.first()
    with TestClient(create_app(services), follow_redirects=False) as client:
        client.auth = (key or "", "")
        model = client.post("/api/v1/models", json={"labels": ["word"]}).json()["id"]
        large = small + os.urandom(9_000_000)  # a picture whose end no decoder looks at
        for path in ("/api/v1/read?async=true", f"/api/v1/models/{model}/pictures"):
            reply = client.post(path, files={"file": ("a.png", large)})
            assert reply.status_code == 507, reply.text
            assert reply.json()["errors"] == [{"reason": "insufficient_storage"}]
        assert [path for path in little_disk.rglob("*") if path.is_file()] == []
        assert client.get("/api/v1/files").json()["total"] == 0
        assert client.get(f"/api/v1/models/{model}/pictures").json()["total"] == 0
        with services.context.store.session() as session:
            assert [row.used_bytes for row in session.query(Workspace)] == [0]
        assert client.post("/api/v1/read", files={"file": ("a.png", small)}).status_code == 200


def test_a_full_disk_of_the_database(tmp_path: Path, small: bytes) -> None:
    """SQLite's own limit of pages stands for a disk without room: the same error of the database."""
    settings = Settings(data=tmp_path / "data")
    services = Services.open(settings, Jobs(settings))
    key = services.keys.first()
    with TestClient(create_app(services), follow_redirects=False) as client:
        client.auth = (key or "", "")
        with services.context.store.engine.connect() as connection:
            raw = connection.connection.driver_connection
            pages = raw.execute("PRAGMA page_count").fetchone()[0]
        services.context.store.engine.dispose()
        limit_pages(services, pages)
        statuses = {
            client.post("/api/v1/models", json={"labels": [f"label {i} {n}" for i in range(200)]}).status_code
            for n in range(20)
        }
        assert statuses <= {201, 503, 507} and statuses & {503, 507}
        limit_pages(services, 1_000_000)
        services.context.store.engine.dispose()
        assert client.post("/api/v1/models", json={"labels": ["word"]}).status_code == 201


def limit_pages(services: Services, pages: int) -> None:
    """From now on connections refuse to make the database larger than so many pages."""
    from sqlalchemy import event

    event.listen(
        services.context.store.engine,
        "connect",
        lambda connection, _: connection.execute(f"PRAGMA max_page_count={pages}"),
    )


# ---------------------------------------------------------------------------------------------------- full queue


def test_a_full_queue_says_when_to_come_back_and_others_are_answered(tmp_path: Path, street: bytes) -> None:
    with living(tmp_path / "one", "--no-worker", WORDSIGHT_QUEUE="4") as live:
        found: list[httpx.Response] = []

        def ask() -> None:
            with live.client() as client:
                found.append(client.post("/api/v1/read", files={"file": ("a.png", street)}))

        threads = [threading.Thread(target=ask) for _ in range(12)]
        for thread in threads:
            thread.start()
        with live.client() as client:
            began = time.monotonic()
            assert client.get("/api/v1/models").status_code == 200
            assert time.monotonic() - began < 10, "other requests do not wait for the queue"
        for thread in threads:
            thread.join()
        statuses = [reply.status_code for reply in found]
        assert set(statuses) == {200, 429}
        refused = next(reply for reply in found if reply.status_code == 429)
        assert int(refused.headers["retry-after"]) >= 1
        assert refused.json()["errors"] == [{"reason": "too_many_requests"}]


def test_a_request_that_waits_too_long_is_told_so(tmp_path: Path, street: bytes) -> None:
    settings = Settings(data=tmp_path / "data", deadline_seconds=0.05)
    services = Services.open(settings, Jobs(settings))
    key = services.keys.first()
    with TestClient(create_app(services), follow_redirects=False) as client:
        client.auth = (key or "", "")
        reply = client.post("/api/v1/read", files={"file": ("a.png", street)})
        assert reply.status_code == 429
        assert "async=true" in reply.json()["message"]
        assert client.get("/api/v1/files").json()["total"] == 0


def test_unfinished_files_of_a_killed_process_are_removed(tmp_path: Path) -> None:
    files = Files(str(tmp_path / "files"))
    digest = files.put(b"kept")
    part = tmp_path / "files" / digest[:2] / f"{digest}.0123.part"
    part.write_bytes(b"half")
    files.tidy()
    assert part.exists(), "somebody may be writing it"
    os.utime(part, (1, 1))
    files.tidy()
    assert not part.exists()
    assert files.get(digest) == b"kept"
