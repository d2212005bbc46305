"""A service of its own for every test: real database, files and reader, asked through the real application.

Every test that uses a database runs on SQLite; `pytest -m postgres tests/server` runs the same ones on PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="the extra 'serve' is not installed")

from parts import Live, Postgres, Receiver, living, running_postgres
from starlette.testclient import TestClient

from wordsight.examples import example_path
from wordsight.server.access import Services
from wordsight.server.app import create_app
from wordsight.server.jobs import Jobs
from wordsight.server.security import Caller
from wordsight.server.settings import Settings


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def new_database(request: pytest.FixtureRequest) -> Callable[[], str]:
    """Gives the URL of a new, empty database; empty: SQLite in the service's folder."""
    if request.param == "sqlite":
        return lambda: ""
    server: Postgres = request.getfixturevalue("postgres")
    return server.database


@pytest.fixture
def settings(tmp_path: Path, new_database: Callable[[], str]) -> Settings:
    return Settings(data=tmp_path / "data", database_url=new_database())


@pytest.fixture
def service(settings: Settings) -> Iterator[Services]:
    jobs = Jobs(settings)
    services = Services.open(settings, jobs)
    yield services
    services.close()
    jobs.close()


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory, new_database: Callable[[], str]) -> Iterator[Live]:
    """The service as a process, with its worker, for tests that do not end it."""
    folder = tmp_path_factory.mktemp("live")
    with living(folder, WORDSIGHT_DATABASE_URL=new_database(), WORDSIGHT_PRIVATE_WEBHOOKS="true") as running:
        yield running


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Takes webhooks."""
    server = Receiver()
    yield server
    server.close()


@pytest.fixture
def key(service: Services) -> str:
    secret = service.keys.first()
    assert secret is not None
    return secret


@pytest.fixture
def who(service: Services, key: str) -> Caller:
    return service.keys.check(key)


@pytest.fixture
def client(service: Services, key: str) -> Iterator[TestClient]:
    """Sends requests with the admin key."""
    with TestClient(create_app(service), follow_redirects=False) as client:
        client.auth = (key, "")
        yield client


@pytest.fixture(scope="session")
def street() -> bytes:
    return example_path("street").read_bytes()


@pytest.fixture(scope="session")
def small() -> bytes:
    """A PNG with one large word, quick to read."""
    import cv2
    import numpy as np

    picture = np.full((80, 260, 3), 255, np.uint8)
    cv2.putText(picture, "HELLO", (20, 60), cv2.FONT_HERSHEY_SIMPLEX, 1.8, (0, 0, 0), 4)
    return cv2.imencode(".png", picture)[1].tobytes()
