"""CI tests everything: no test is skipped there unasked, and what the tests need is installed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

TESTS = """
import pytest

def test_passes():
    pass

def test_skipped_inside():
    pytest.skip("the data is not here")

@pytest.mark.skipif(True, reason="the fonts are not here")
def test_skipped_by_a_mark():
    pass

@pytest.mark.skipif(True, reason="permissions bind ordinary users of POSIX only")
def test_that_may_be_skipped():
    pass

@pytest.mark.xfail(reason="known")
def test_known_to_fail():
    assert False
"""
MODULE = "import pytest\npytest.importorskip('package_that_nobody_has')\n\ndef test_never_seen():\n    pass\n"


def run(folder: Path, ci: str | None) -> str:
    """What pytest prints of tests, and of a module that skips itself, with this project's conftest."""
    shutil.copy(ROOT / "tests" / "conftest.py", folder)
    (folder / "test_some.py").write_text(TESTS, encoding="utf-8")
    (folder / "test_module.py").write_text(MODULE, encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if name not in ("CI", "PYTEST_ADDOPTS")}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-rA",
        "-p",
        "no:cacheprovider",
        "--continue-on-collection-errors",
        "--rootdir",
        str(folder),
        str(folder),
    ]
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment if ci is None else {**environment, "CI": ci},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.stdout


def test_in_ci_a_skipped_test_fails_and_so_does_a_module_that_skips_itself(tmp_path: Path) -> None:
    printed = run(tmp_path, "true")
    assert "1 failed, 1 passed, 1 skipped, 1 xfailed, 2 errors" in printed.splitlines()[-1]
    assert printed.count("CI must run this test") >= 3
    assert "the data is not here" in printed
    assert "the fonts are not here" in printed
    assert "package_that_nobody_has" in printed


def test_elsewhere_a_test_may_be_skipped(tmp_path: Path) -> None:
    assert "1 passed, 4 skipped, 1 xfailed" in run(tmp_path, None).splitlines()[-1]


def test_ci_installs_every_font_that_a_script_asks_for() -> None:
    sources = [*(ROOT / "examples").rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py")]
    wanted = {
        name for path in sources for name in re.findall(r'"(fonts-[a-z0-9-]+)"', path.read_text(encoding="utf-8"))
    }
    listed = (ROOT / ".ci" / "apt-packages.txt").read_text(encoding="utf-8").split()
    assert listed == sorted(set(listed))
    assert wanted <= set(listed)


def test_ci_runs_what_the_readme_says() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    assert "pip install '.[dev]' && pytest" in readme
    assert re.search(r"^step tests timeout \w+ pytest \|\| true$", script, re.MULTILINE)
    assert "wordsight read example:street" in readme
    assert "wordsight read example:street" in script
    assert subprocess.run(["bash", "-n", ROOT / ".ci" / "run"], check=False).returncode == 0
