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
from wordsight.image.load import DEFAULT_LIMITS, SUFFIXES, ImageSource, Limits

EXAMPLE = "example:"
"""A path that starts so names a picture that the package carries."""


def expand(paths: Sequence[str]) -> list[str]:
    """Files behind paths, folders and patterns, in the order named; inside a folder in natural order.

    A file is taken whatever its name; in folders only those with a picture's suffix are.

    What matches a pattern is taken in the same way, each once, all in natural order.

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
            matches = sorted(_matches(path), key=natural)
            if not matches:
                raise ConfigError(f"nothing matches {path}, or only folders without a picture")
            found += matches
        else:
            found.append(path)
    return found


def _pictures(folder: Path) -> Iterator[str]:
    for path in folder.rglob("*"):
        if path.suffix.lower() in SUFFIXES and path.is_file():
            yield str(path)


def _matches(pattern: str) -> set[str]:
    matches = glob.glob(pattern, recursive=True)  # noqa: PTH207 (Path.glob refuses absolute ones)
    folders = [path for path in map(Path, matches) if path.is_dir()]
    files = {str(path) for path in map(Path, matches) if not path.is_dir()}
    return files.union(*map(_pictures, folders))


def natural(path: str) -> list[tuple[int, int, str]]:
    """Sort key under which page-2 comes before page-10; no two paths have the same."""
    parts = re.split(r"(\d+)", path)
    key = [(0, int(part), "") if part.isdecimal() else (1, 0, part.casefold()) for part in parts]
    return [*key, (-1, 0, path)]


class StandardInput(bytes):
    """What came through standard input, which can be had only once; kept, so that it can be drawn on."""

    name = "-"


@dataclass(frozen=True, slots=True)
class Sources:
    """Pictures by name, opened one at a time; ``-`` is standard input, read when its turn comes."""

    names: Sequence[str]
    limits: Limits = DEFAULT_LIMITS

    def __iter__(self) -> Iterator[ImageSource]:
        return (self._standard_input() if name == "-" else name for name in self.names)

    def _standard_input(self) -> ImageSource:
        if sys.stdin is None:  # it was closed: wordsight read - <&-
            return StandardInput()
        try:
            # One byte over the limit is enough for the reader to refuse it in its place.
            return StandardInput(sys.stdin.buffer.read(self.limits.file_bytes + 1))
        except OSError:
            return sys.stdin.buffer  # the reader meets the same error, and reports it in the picture's place

    def __len__(self) -> int:
        return len(self.names)
