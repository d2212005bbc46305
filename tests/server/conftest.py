"""A service of its own for every test: real database, files and reader, asked through the real application."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="the extra 'serve' is not installed")

from starlette.testclient import TestClient

from wordsight.examples import example_path
from wordsight.server.access import Services
from wordsight.server.app import create_app
from wordsight.server.jobs import Jobs
from wordsight.server.security import Caller
from wordsight.server.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data")


@pytest.fixture
def service(settings: Settings) -> Iterator[Services]:
    services = Services.open(settings, Jobs(settings))
    yield services
    services.close()


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
