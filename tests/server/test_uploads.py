"""Hostile uploads, short form; the full one: `python benchmarks/uploads.py`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.training
def test_a_hundred_hostile_files(tmp_path: Path) -> None:
    script = ROOT / "benchmarks" / "uploads.py"
    done = subprocess.run(
        [sys.executable, str(script), "--count", "100", "--out", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=600,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads((tmp_path / "uploads.json").read_text())
    assert sum(found["statuses"].values()) == 100
    assert found["faults"] == {}
