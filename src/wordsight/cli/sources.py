"""What the user named, as a list of pictures."""

from __future__ import annotations

import glob
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from wordsight.errors import ConfigError
from wordsight.examples import example_path
from wordsight.image.load import ImageSource

EXAMPLE = "example:"
"""A path that starts so names a picture that the package carries."""
SUFFIXES = frozenset([".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".dib", ".tif", ".tiff", ".gif"])


def expand(paths: Sequence[str]) -> list[str]:
    """Files behind paths, folders and patterns, in the order named; inside a folder in natural order.

    A file is taken whatever its name; in folders only those with a picture's suffix are.

    Raises:
        ConfigError: A pattern or a folder holds no picture.
    """
    found: list[str] = []
    for path in paths:
        if path.startswith(EXAMPLE):
            found.append(str(example_path(path.removeprefix(EXAMPLE))))
        elif path != "-" and Path(path).is_dir():
            inside = sorted(_pictures(Path(path)), key=natural)
            if not inside:
                raise ConfigError(f"no picture in {path}; suffixes looked for: {' '.join(sorted(SUFFIXES))}")
            found += inside
        elif path != "-" and glob.has_magic(path) and not Path(path).exists():
            matches = sorted(glob.iglob(path, recursive=True), key=natural)  # noqa: PTH207 (Path.glob refuses absolute ones)
            if not matches:
                raise ConfigError(f"nothing matches {path}")
            found += matches
        else:
            found.append(path)
    return found


def _pictures(folder: Path) -> Iterator[str]:
    for path in folder.rglob("*"):
        if path.suffix.lower() in SUFFIXES and path.is_file():
            yield str(path)


def natural(path: str) -> list[tuple[int, int, str]]:
    """Sort key under which page-2 comes before page-10."""
    parts = re.split(r"(\d+)", path)
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part.casefold()) for part in parts]


@dataclass(frozen=True, slots=True)
class Sources:
    """Pictures by name, opened one at a time; ``-`` is standard input."""

    names: Sequence[str]

    def __iter__(self) -> Iterator[ImageSource]:
        return (sys.stdin.buffer if name == "-" else name for name in self.names)

    def __len__(self) -> int:
        return len(self.names)
