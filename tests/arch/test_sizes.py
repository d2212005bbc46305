"""Modules and functions stay small. `pytest tests/arch/test_sizes.py -rP` shows the largest."""

from __future__ import annotations

import ast
from statistics import median

from import_graph import modules

LINES_A_MODULE = 500
LINES_A_FUNCTION = 60
MIGRATIONS = "wordsight.server.migrations."  # lists of tables that Alembic writes, never changed afterwards


def show(title: str, sizes: dict[str, int]) -> None:
    largest = sorted(sizes.items(), key=lambda item: -item[1])[:8]
    print(f"{title}: {len(sizes)}, median {median(sizes.values()):.0f} lines; largest:")  # noqa: T201
    for name, size in largest:
        print(f"{size:6} {name}")  # noqa: T201


def test_modules_are_small() -> None:
    sizes = {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in modules().items()}
    show("modules", sizes)
    assert {name: size for name, size in sizes.items() if size > LINES_A_MODULE} == {}


def test_functions_are_short() -> None:
    sizes = {}
    for name, path in modules().items():
        if name.startswith(MIGRATIONS):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                sizes[f"{name}:{node.lineno} {node.name}"] = (node.end_lineno or node.lineno) - node.lineno + 1
    show("functions", sizes)
    assert {name: size for name, size in sizes.items() if size > LINES_A_FUNCTION} == {}
