"""Who imports whom inside the package, read from the source without running it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src"
IMPORTERS = ("import_module", "__import__", "find_spec")


@cache
def modules() -> dict[str, Path]:
    """Modules by their dotted names."""
    found = {}
    for path in sorted((SOURCE / "wordsight").rglob("*.py")):
        parts = path.relative_to(SOURCE).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def imported(name: str) -> set[str]:
    """Full names that a module imports anywhere: on top, inside functions, and for type checking only.

    Of ``from a import b`` this is ``a.b``, whether b is a module or not.
    """
    path = modules()[name]
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        found.update(_names(node, package))
    return found


@cache
def edges() -> dict[str, set[str]]:
    """For each module the modules of this package that it imports."""
    return {name: {_home(full) for full in imported(name) if _inside(full)} - {name} for name in modules()}


def cycles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Rings of imports, each from its first module back to it."""
    found: list[list[str]] = []
    done: set[str] = set()

    def visit(name: str, trail: list[str]) -> None:
        if name in trail:
            found.append([*trail[trail.index(name) :], name])
        elif name not in done:
            for other in sorted(graph[name]):
                visit(other, [*trail, name])
            done.add(name)

    for name in sorted(graph):
        visit(name, [])
    return found


def _names(node: ast.AST, package: str) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        parts = package.split(".")
        base = ".".join([*parts[: len(parts) - node.level + 1], node.module or ""]) if node.level else node.module or ""
        yield from (f"{base.rstrip('.')}.{alias.name}" for alias in node.names)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
        called = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
        first = node.args[0] if node.args else None
        if called in IMPORTERS and isinstance(first, ast.Constant) and isinstance(first.value, str):
            yield first.value


def _inside(full: str) -> bool:
    return full == "wordsight" or full.startswith("wordsight.")


def _home(full: str) -> str:
    """The module of a full name: itself, or the one that has it."""
    while full not in modules():
        full = full.rpartition(".")[0]
    return full
