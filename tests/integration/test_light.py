"""What is imported when. Importing wordsight is free, help is instant, and reading needs no trainer.

How many seconds that takes is printed by `benchmarks/memory.py --only start`: a test of seconds fails on a slow day.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from wordsight.data.manifest import Sample, TrueWord, write_manifest
from wordsight.types import Picture

HEAVY = ("numpy", "cv2", "PIL", "openvino", "onnxruntime", "shapely", "pyclipper", "torch", "onnx", "rapidocr", "scipy")
TRAINING = ("torch", "onnx", "onnxslim", "safetensors", "tesserocr", "rapidocr", "matplotlib", "pandas", "scipy")


def loaded(code: str, *arguments: str) -> set[str]:
    """The top-level modules that a new interpreter has loaded after some code, whatever it printed."""
    script = f"import sys\nsys.argv[1:] = {list(arguments)!r}\ntry:\n    " + code.replace("\n", "\n    ")
    script += "\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
    script += "print('\\x00' + ' '.join({name.partition('.')[0] for name in sys.modules}))\n"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.rpartition("\x00")[2].split())


@pytest.fixture(scope="module")
def sign(street: Picture, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A set of one small picture: MORNING BREAD, of the example."""
    folder = tmp_path_factory.mktemp("sign")
    Image.fromarray(street[190:330, 30:345]).save(folder / "sign.png")
    word = TrueWord(((0, 0), (9, 0), (9, 9), (0, 9)), "A")
    write_manifest(folder, [Sample("sign.png", folder / "sign.png", (word,))])
    return folder


def test_importing_wordsight_loads_nothing() -> None:
    assert loaded("import wordsight\nassert wordsight.__version__").isdisjoint(HEAVY)
    assert loaded("import wordsight\ndir(wordsight)").isdisjoint(HEAVY)


def test_an_error_class_loads_nothing() -> None:
    assert loaded("from wordsight import ImageError, WordsightError").isdisjoint(HEAVY)


@pytest.mark.parametrize("command", [(), ("read",), ("evaluate",), ("dataset", "rotate"), ("doctor",)])
def test_help_loads_nothing(command: tuple[str, ...]) -> None:
    assert loaded("from wordsight.cli import main\nmain()", *command, "--help").isdisjoint(HEAVY)


def test_wrong_usage_loads_nothing() -> None:
    code = "from wordsight.cli import main\ntry:\n    main()\nexcept SystemExit as end:\n    assert end.code == 2"
    assert loaded(code, "read", "x.png", "--format", "xml").isdisjoint(HEAVY)


def test_reading_loads_no_trainer(sign: Path) -> None:
    modules = loaded("from wordsight.cli import main\nmain()", "read", str(sign / "sign.png"), "--format", "jsonl")
    assert "cv2" in modules
    assert modules.isdisjoint(TRAINING)


def test_reading_with_openvino_does_not_load_onnx_runtime(sign: Path) -> None:
    code = "import sys, wordsight\nassert wordsight.Reader(engine='openvino').read(sys.argv[1]).words"
    assert loaded(code, str(sign / "sign.png")).isdisjoint({*TRAINING, "onnxruntime"})
    code = code.replace("'openvino'", "'onnxruntime'")
    assert loaded(code, str(sign / "sign.png")).isdisjoint({*TRAINING, "openvino"})


def test_evaluating_and_drawing_load_no_trainer(sign: Path, tmp_path: Path) -> None:
    code = "from wordsight.cli import main\nmain()"
    assert loaded(code, "evaluate", str(sign), "--task", "page-words").isdisjoint(TRAINING)
    assert loaded(code, "detect", str(sign / "sign.png"), "--draw", str(tmp_path)).isdisjoint(TRAINING)
