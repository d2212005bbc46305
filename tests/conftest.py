"""What tests share: the reader, the example picture, the real data; and the rule that CI skips nothing unasked."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from wordsight.page import Page
    from wordsight.reader import Reader
    from wordsight.types import Picture

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"

# Before torch and the libraries of linear algebra are loaded. Tests run side by side, and threads that wait for a busy
# processor spin meanwhile: a training with two threads beside another one takes three times as long.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# The only reasons for which a test may be skipped where the environment variable CI is set.
ALLOWED_SKIPS = (
    r"permissions bind ordinary users",  # CI runs as root in a container
    r"OpenCV 4 has no built-in fonts",
    r"needs (Windows|macOS)",
)

# A slow machine is no failure. Where CI is set the examples are always the same ones.
settings.register_profile("wordsight", deadline=None, print_blob=True, derandomize="CI" in os.environ)
settings.load_profile("wordsight")


@pytest.fixture(scope="session")
def reader() -> Reader:
    """A reader with the default settings."""
    from wordsight.reader import Reader

    return Reader()


@pytest.fixture(scope="session")
def example() -> Path:
    """The path of the picture that the package carries."""
    from wordsight.examples import example_path

    return example_path()


@pytest.fixture(scope="session")
def street(example: Path) -> Picture:
    """Its pixels."""
    from wordsight.image.load import load

    return load(example)


@pytest.fixture(scope="session")
def street_page(reader: Reader, street: Picture) -> Page:
    """What the reader reads in it."""
    return reader.read(street)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real pictures with truth."""
    if not (SHARED / "data").is_dir():
        pytest.skip("the real sets of ../shared/data are not here")
    return SHARED / "data"


def unasked(report: pytest.TestReport | pytest.CollectReport) -> bool:
    """Whether a report tells of a skip that CI must not have."""
    if not os.environ.get("CI") or report.outcome != "skipped" or hasattr(report, "wasxfail"):
        return False
    return not any(re.search(reason, str(report.longrepr)) for reason in ALLOWED_SKIPS)


def fail(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn a skip into a failure."""
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
    report.outcome = "failed"
    report.longrepr = f"CI must run this test. {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report: pytest.TestReport = yield  # type: ignore[misc]
    if unasked(report):
        fail(report)
    return report  # type: ignore[return-value]


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Iterator[None]:
    report: pytest.CollectReport = yield  # type: ignore[misc]
    if unasked(report):
        fail(report)
    return report  # type: ignore[return-value]
