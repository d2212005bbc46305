from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from wordsight import __version__
from wordsight.doctor import Check, examine
from wordsight.models import cards
from wordsight.models.runtime import available_threads


@pytest.fixture(scope="module")
def checks() -> dict[str, Check]:
    return {check.name: check for check in examine()}


def test_all_is_well_here(checks: dict[str, Check]) -> None:
    assert [check for check in checks.values() if not check.ok] == []


def test_versions(checks: dict[str, Check]) -> None:
    assert checks["wordsight"].found.startswith(f"{__version__} on Python {platform.python_version()}, ")
    for package in ("openvino", "onnxruntime", "opencv-python-headless", "pillow"):
        assert checks[package].found == version(package)


def test_weights_with_digest_and_licence(checks: dict[str, Check]) -> None:
    for card in cards.CARDS:
        assert str(cards.find(card)) in checks[card.name].found
        assert card.sha256 in checks[card.name].found
        assert card.licence in checks[card.name].found


def test_the_runtime_and_its_threads(checks: dict[str, Check]) -> None:
    assert checks["runtime"].found.split(", ")[0] in ("openvino", "onnxruntime")
    assert checks["threads"].found.split(" ")[0] == str(available_threads())


def test_home_is_told_not_made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WORDSIGHT_HOME", str(tmp_path / "home"))
    assert [check.found for check in examine() if check.name == "home"] == [str(tmp_path / "home")]


def test_as_plain_values() -> None:
    assert Check("a", False, "b").to_dict() == {"name": "a", "ok": False, "found": "b"}


def test_weights_that_were_tampered_with(tmp_path: Path) -> None:
    # A copy of the package with one byte changed, found before the real one.
    for card in cards.CARDS:
        path = tmp_path / card.package / card.file
        path.parent.mkdir(parents=True, exist_ok=True)
        data = bytearray(cards.find(card).read_bytes())
        if card is cards.PP_OCR_DETECTOR:
            data[len(data) // 2] ^= 1
        path.write_bytes(data)
    (tmp_path / "rapidocr" / "__init__.py").write_text("", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "wordsight", "doctor", "--json"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    bad = [check for check in json.loads(done.stdout) if not check["ok"]]
    assert [check["name"] for check in bad] == [cards.PP_OCR_DETECTOR.name]
    assert "pip install --force-reinstall" in bad[0]["found"]
