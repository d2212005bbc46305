"""What users may rely on is what ``__all__`` says, and it is written about."""

from __future__ import annotations

import ast
import importlib.metadata
import re
from pathlib import Path

import pytest

import wordsight
from wordsight import errors

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PROSE = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)


def test_the_names_are_sorted_and_unique() -> None:
    assert wordsight.__all__ == sorted(set(wordsight.__all__))


@pytest.mark.parametrize("name", wordsight.__all__)
def test_a_public_name(name: str) -> None:
    value = getattr(wordsight, name)
    assert value.__name__ == name
    assert value.__module__.startswith("wordsight.")
    assert value.__doc__
    assert name in dir(wordsight)
    assert re.search(rf"(?<!\w){name}(?!\w)", PROSE), f"no page of README.md or docs/ mentions {name}"


def test_type_checkers_see_the_same_names() -> None:
    tree = ast.parse(Path(wordsight.__file__ or "").read_text(encoding="utf-8"))
    seen = {
        alias.asname or alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("wordsight.")
        for alias in node.names
    }
    assert sorted(seen) == wordsight.__all__
    for name, home in seen.items():
        assert getattr(importlib.import_module(home or ""), name) is getattr(wordsight, name)


def test_every_error_is_public() -> None:
    raised = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, wordsight.WordsightError)
    }
    assert raised <= set(wordsight.__all__)


def test_other_names_are_refused() -> None:
    with pytest.raises(AttributeError, match="'wordsight' has no attribute 'reed'"):
        wordsight.reed  # type: ignore[attr-defined]  # noqa: B018


def test_the_version() -> None:
    assert wordsight.__version__ == importlib.metadata.version("wordsight")
    assert f"## {wordsight.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").replace(
        "[", ""
    ).replace("]", "")


def test_types_are_shipped() -> None:
    assert (Path(wordsight.__file__ or "").parent / "py.typed").is_file()
