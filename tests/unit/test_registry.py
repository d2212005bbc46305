"""Plug-ins are real packages here: a module and its metadata in a folder on the path of a new interpreter."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from wordsight import registry
from wordsight.detection.dbnet import DbDetector
from wordsight.errors import ConfigError
from wordsight.recognition.svtr import SvtrRecognizer
from wordsight.stages import Detector, Recognizer, StageOptions

MODULE = """
import numpy as np
from wordsight.types import Detection, Reading, Span

class Corner:
    def __init__(self, options):
        self.options = options
    def detect(self, picture, scale=None):
        quad = np.array([[[0, 0], [40, 0], [40, 10], [0, 10]]], np.float32)
        return Detection(quad, np.array([0.75], np.float32), 1.0)

class Parrot:
    def __init__(self, options):
        self.options = options
    def recognize(self, crops):
        return [Reading((Span("x", 0.0, 1.0, 0.9),), 0.9) for _ in crops]

def nothing(options):
    return object()
"""


def plug_in(folder: Path, name: str, detectors: str = "", recognizers: str = "", module: str = MODULE) -> None:
    """Install a package by hand: what ``pip install --target`` leaves there."""
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.py").write_text(module, encoding="utf-8")
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", encoding="utf-8")
    entries = f"[wordsight.detectors]\n{detectors}\n[wordsight.recognizers]\n{recognizers}\n"
    (info / "entry_points.txt").write_text(entries, encoding="utf-8")


def run(folder: Path, code: str) -> str:
    """What a new interpreter prints that finds the packages of a folder; the errors of wordsight are printed too."""
    lines = "\n".join(f"    {line}" for line in code.splitlines())
    script = (
        "import numpy as np, wordsight\nfrom wordsight import registry\nfrom wordsight.stages import StageOptions\n"
        f"try:\n{lines}\nexcept wordsight.WordsightError as error:\n    print(type(error).__name__, error)\n"
    )
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(folder)!r})\n{script}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_built_in_stages_are_plug_ins() -> None:
    assert "dbnet" in registry.names("detector")
    assert "svtr" in registry.names("recognizer")
    detector = registry.create_detector("dbnet", StageOptions())
    recognizer = registry.create_recognizer("svtr", StageOptions())
    assert isinstance(detector, DbDetector)
    assert isinstance(detector, Detector)
    assert isinstance(recognizer, SvtrRecognizer)
    assert isinstance(recognizer, Recognizer)


def test_an_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(ConfigError, match="detector 'dbnett' is unknown; did you mean 'dbnet'"):
        registry.create_detector("dbnett", StageOptions())
    with pytest.raises(ConfigError, match=r"recognizer 'zzz' is unknown; choose one of: .*svtr"):
        registry.create_recognizer("zzz", StageOptions())


def test_an_installed_package_adds_stages(tmp_path: Path) -> None:
    plug_in(tmp_path, "pets", "corner = pets:Corner", "parrot = pets:Parrot")
    code = (
        "print(registry.names('detector'), registry.names('recognizer'))\n"
        "print(registry.create_detector('corner', StageOptions(quality='best')).options.quality)\n"
        "page = wordsight.Reader(detector='corner', recognizer='parrot').read(np.zeros((50, 60, 3), np.uint8))\n"
        "print(page.text, page.words[0].detection_score)\n"
    )
    names, quality, page = run(tmp_path, code).splitlines()
    assert "'corner'" in names
    assert "'dbnet'" in names
    assert "'parrot'" in names
    assert quality == "best"
    assert page == "x 0.75"


def test_two_packages_with_one_name_clash(tmp_path: Path) -> None:
    plug_in(tmp_path, "pets", "corner = pets:Corner")
    plug_in(tmp_path, "zoo", "corner = zoo:Corner")
    printed = run(tmp_path, "registry.create_detector('corner', StageOptions())")
    assert printed.startswith("ConfigError detector 'corner' is declared twice: ")
    assert "pets:Corner" in printed
    assert "zoo:Corner" in printed


def test_a_clash_with_a_built_in_stage(tmp_path: Path) -> None:
    plug_in(tmp_path, "pets", "dbnet = pets:Corner")
    printed = run(tmp_path, "wordsight.Reader()")
    assert printed.startswith("ConfigError detector 'dbnet' is declared twice: ")


@pytest.mark.parametrize(("kind", "method"), [("detector", "detect"), ("recognizer", "recognize")])
def test_a_plug_in_without_the_method(tmp_path: Path, kind: str, method: str) -> None:
    plug_in(tmp_path, "pets", "empty = pets:nothing", "empty = pets:nothing")
    printed = run(tmp_path, f"registry.create_{kind}('empty', StageOptions())")
    assert printed.startswith(f"ConfigError the plug-in for {kind} 'empty' made ")
    assert f"`{method}`" in printed


@pytest.mark.parametrize(
    ("module", "target"),
    [("import package_that_is_not_there", "pets:Corner"), (MODULE, "pets:Missing"), (MODULE, "other_pets:Corner")],
)
def test_a_plug_in_that_cannot_be_imported(tmp_path: Path, module: str, target: str) -> None:
    plug_in(tmp_path, "pets", f"broken = {target}", module=module)
    printed = run(tmp_path, "registry.create_detector('broken', StageOptions())")
    assert printed.startswith("ConfigError ")
    assert "broken" in printed


def test_a_broken_plug_in_does_not_disturb_the_others(tmp_path: Path) -> None:
    plug_in(tmp_path, "pets", "broken = pets:Corner", module="import package_that_is_not_there")
    assert run(tmp_path, "print(type(registry.create_detector('dbnet', StageOptions())).__name__)") == "DbDetector"
