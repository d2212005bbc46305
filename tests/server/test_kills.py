"""SIGKILL in the middle of everything, short form; the full one: `python benchmarks/kills.py`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.training
def test_nothing_is_lost_when_processes_are_killed(tmp_path: Path) -> None:
    options = ["--kills", "2", "--minutes", "0.1", "--longest", "2", "--work", str(tmp_path / "work")]
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / "kills.py"), *options, "--out", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=900,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads((tmp_path / "kills.json").read_text())
    assert sum(found["kills"].values()) == 2
