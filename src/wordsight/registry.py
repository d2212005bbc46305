"""Stages by name. The built-in ones are declared like any plug-in: as entry points of an installed package.

A package adds a detector by this in its pyproject.toml, where ``create`` takes a
:class:`wordsight.stages.StageOptions`::

    [project.entry-points."wordsight.detectors"]
    mine = "my_package.detector:create"
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Literal

from wordsight.config import check_choice
from wordsight.errors import ConfigError
from wordsight.stages import Detector, Recognizer, StageOptions

Kind = Literal["detector", "recognizer"]


def create_detector(name: str, options: StageOptions) -> Detector:
    """Make a detector.

    Raises:
        ConfigError: No package declares the name, several do, it cannot be imported, or what it makes is no detector.
    """
    made = _factory("detector", name)(options)
    if not isinstance(made, Detector):
        raise ConfigError(f"the plug-in for detector {name!r} made a {type(made).__name__} without a method `detect`")
    return made


def create_recognizer(name: str, options: StageOptions) -> Recognizer:
    """Make a recognizer.

    Raises:
        ConfigError: No package declares the name, several do, it cannot be imported, or what it makes is no recognizer.
    """
    made = _factory("recognizer", name)(options)
    if not isinstance(made, Recognizer):
        raise ConfigError(f"the plug-in for recognizer {name!r} made a {type(made).__name__} without `recognize`")
    return made


@cache
def names(kind: Kind) -> tuple[str, ...]:
    """The names that installed packages declare, sorted.

    Raises:
        ConfigError: Two packages declare one name.
    """
    return tuple(sorted(_entries(kind)))


def _factory(kind: Kind, name: str) -> Callable[[StageOptions], object]:
    entries = _entries(kind)
    entry = entries[check_choice(kind, name, entries)]
    try:
        factory: Callable[[StageOptions], object] = entry.load()
    except (ImportError, AttributeError, SyntaxError) as error:
        package = entry.dist.name if entry.dist else entry.module
        raise ConfigError(
            f"the plug-in for {kind} {name!r} (package {package}) cannot be imported: {error}; "
            "install it again, or remove it"
        ) from error
    return factory


@cache
def _entries(kind: Kind) -> dict[str, EntryPoint]:
    found: dict[str, EntryPoint] = {}
    for entry in entry_points(group=f"wordsight.{kind}s"):
        other = found.setdefault(entry.name, entry)
        if other.value != entry.value:
            raise ConfigError(f"{kind} {entry.name!r} is declared twice: {other.value} and {entry.value}; remove one")
    return found
