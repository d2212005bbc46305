"""The real server over HTTP, and Debian's Chromium."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

pytest.importorskip("fastapi", reason="the extra 'serve' is not installed")
pytest.importorskip("playwright", reason="playwright is not installed")

import uvicorn
from playwright import sync_api
from tabs import watched_tab

from wordsight.server.access import Services
from wordsight.server.app import create_app
from wordsight.server.jobs import Jobs
from wordsight.server.settings import Settings

ROOT = Path(__file__).parents[2]
sys.path += [str(ROOT / "examples"), str(ROOT / "tests" / "server")]  # receipts to draw; the service as a process
START_SECONDS = 30
WAIT_MS = 20_000
sync_api.expect.set_options(timeout=WAIT_MS)


class Site:
    """A running service.

    Attributes:
        address: Where it answers.
        key: Its admin key.
        services: What is behind it.
    """

    def __init__(self, folder: Path) -> None:
        settings = Settings(data=folder)
        self.services = Services.open(settings, Jobs(settings))
        key = self.services.keys.first()
        assert key is not None
        self.key = key
        config = uvicorn.Config(create_app(self.services), port=0, log_level="error", ws="none")
        self.server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self.server.run)
        self._thread.start()
        ends = time.monotonic() + START_SECONDS
        while not self.server.started:
            assert time.monotonic() < ends, "the server did not start"
            time.sleep(0.02)
        self.address = f"http://127.0.0.1:{self.server.servers[0].sockets[0].getsockname()[1]}"

    def close(self) -> None:
        self.server.should_exit = True
        self._thread.join()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    made = Site(tmp_path_factory.mktemp("site"))
    yield made
    made.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("Debian's chromium is not installed")
    with sync_api.sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def page(site: Site, browser: Any) -> Iterator[Any]:
    """A tab in which nobody is signed in; the test fails where a page reports an error or breaks its policy."""
    with watched_tab(browser, site.address, WAIT_MS) as tab:
        yield tab


@pytest.fixture
def signed_in(page: Any, site: Site) -> Any:
    """A tab in which the admin is signed in."""
    page.goto("/sign-in")
    page.fill("#key", site.key)
    page.click("main button")
    page.wait_for_url("**/")
    return page


@pytest.fixture(scope="session")
def plate() -> Callable[[str], bytes]:
    """Makes a PNG with one large word."""

    def make(text: str) -> bytes:
        picture = np.full((200, 400, 3), 230, np.uint8)
        cv2.rectangle(picture, (80, 60), (320, 140), (255, 255, 255), -1)
        cv2.putText(picture, text, (95, 118), cv2.FONT_HERSHEY_SIMPLEX, 1.6, (0, 0, 0), 4)
        return cv2.imencode(".png", picture)[1].tobytes()

    return make
