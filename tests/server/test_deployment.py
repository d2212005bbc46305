"""Dockerfile and compose file: what they name exists. There is no Docker here, so no image is built."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from wordsight.cli import app
from wordsight.server.settings import Settings

ROOT = Path(__file__).parents[2]
yaml = pytest.importorskip("yaml", reason="pyyaml is not installed")


@pytest.fixture
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    return found


def dockerfile() -> list[list[str]]:
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    return [line.split(maxsplit=1) for line in text.splitlines() if line and not line.startswith("#")]


def takes(command: list[str]) -> None:
    """The program takes this command line."""
    assert command[0] == "wordsight"
    group = get_command(app)
    known = group.commands[command[1]]  # type: ignore[attr-defined]
    known.make_context(command[1], list(command[2:]), resilient_parsing=False)


def test_what_the_image_copies_and_installs_is_there() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for word, rest in dockerfile():
        if word == "COPY":
            for source in shlex.split(rest)[:-1]:
                assert (ROOT / source).exists(), source
        if word == "RUN" and "pip install" in rest:
            (wanted,) = re.findall(r"\[([\w,]+)\]", rest)
            assert set(wanted.split(",")) <= set(extras)


def test_the_image_starts_a_command_that_is_there() -> None:
    (command,) = [rest for word, rest in dockerfile() if word == "CMD"]
    takes(yaml.safe_load(command))
    (run_as,) = [rest for word, rest in dockerfile() if word == "USER"]
    assert run_as != "root"


def names(settings: dict[str, str] | str) -> set[str]:
    return {name for name in settings if name.startswith("WORDSIGHT_")}


def test_settings_are_ones_that_the_service_has(compose: dict[str, Any]) -> None:
    known = {f"WORDSIGHT_{name.upper()}" for name in Settings.model_fields} | {"WORDSIGHT_HOME"}
    for service in compose.values():
        assert names(service["environment"]) <= known
    written = [rest for word, rest in dockerfile() if word == "ENV"]
    assert names({pair.split("=")[0]: "" for line in written for pair in line.split()}) <= known


def test_commands_of_the_services_are_there(compose: dict[str, Any]) -> None:
    for name in ("web", "worker"):
        takes(compose[name]["command"])
        assert compose[name]["depends_on"]["database"]["condition"] == "service_healthy"
    assert compose["web"]["environment"] == compose["worker"]["environment"]
