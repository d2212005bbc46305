"""Where taught models live: several versions of a name, one of them active."""

from __future__ import annotations

import os
import re
import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path

from wordsight.config import home
from wordsight.errors import ConfigError, WeightsMissing
from wordsight.fields.model import SUFFIX, ModelFile

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?")  # names that Windows keeps for devices
_ACTIVE = "active"


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a model.

    Attributes:
        name: The model's name.
        number: From 1.
        path: Its file.
        active: Whether the name alone means this one.
    """

    name: str
    number: int
    path: Path
    active: bool

    def __str__(self) -> str:
        return f"{self.name}@{self.number}"


@dataclass(frozen=True, slots=True)
class Store:
    """A folder of models.

    Attributes:
        folder: Its place; ``Store.default()`` is under ``WORDSIGHT_HOME``.
    """

    folder: Path

    @classmethod
    def default(cls) -> Store:
        """The store of this user."""
        return cls(home() / "models")

    def names(self) -> list[str]:
        """Names of all models, sorted."""
        if not self.folder.is_dir():
            return []
        return sorted(path.name for path in self.folder.iterdir() if NAME.fullmatch(path.name) and self._numbers(path))

    def versions(self, name: str) -> list[Version]:
        """Versions of a model, the oldest first.

        Raises:
            ConfigError: The name is not one.
            WeightsMissing: There is no such model.
        """
        folder = self.folder / check_name(name)
        numbers = self._numbers(folder)
        if not numbers:
            known = ", ".join(self.names()) or "none yet"
            raise WeightsMissing(f"there is no model {name!r} (models: {known}); teach or import it first")
        active = self._active(folder, numbers)
        return [Version(name, number, folder / f"{number}{SUFFIX}", number == active) for number in numbers]

    def find(self, reference: str) -> Version:
        """The version that ``plates`` (the active one) or ``plates@2`` means; errors as in :meth:`versions`."""
        name, _, wanted = reference.partition("@")
        versions = self.versions(name)
        if not wanted:
            return next(version for version in versions if version.active)
        for version in versions:
            if str(version.number) == wanted:
                return version
        known = ", ".join(map(str, versions))
        raise WeightsMissing(f"there is no {reference} (versions: {known}); choose one of these")

    def add(self, data: bytes, name: str, activate: bool = True) -> Version:
        """Keep a model file as the next version of a name; the bytes are checked first.

        Raises:
            ConfigError: The name is not one.
            ModelError: The bytes are no usable model file.
        """
        ModelFile.parse(data)
        folder = self.folder / check_name(name)
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f".{uuid.uuid4().hex}"
        try:
            part.write_bytes(data)
            number = self._claim(part, folder)
        finally:
            part.unlink(missing_ok=True)
        if activate or number == 1:
            self.activate(name, number)
        return self.find(f"{name}@{number}")

    def activate(self, name: str, number: int) -> None:
        """Let the name alone mean this version; errors as in :meth:`find`."""
        version = self.find(f"{name}@{number}")
        part = version.path.with_name(f".{uuid.uuid4().hex}")
        part.write_text(str(number), encoding="ascii")
        part.replace(version.path.with_name(_ACTIVE))

    def delete(self, reference: str) -> list[Version]:
        """Delete a version (``plates@2``) or all versions of a name; the newest that is left becomes active.

        Raises:
            WeightsMissing: There is no such model.
        """
        name, _, number = reference.partition("@")
        gone = [self.find(reference)] if number else self.versions(name)
        for version in gone:
            version.path.unlink(missing_ok=True)
        left = self._numbers(self.folder / name)
        if not left:
            shutil.rmtree(self.folder / name, ignore_errors=True)
        elif any(version.active for version in gone):
            self.activate(name, left[-1])
        return gone

    def _claim(self, part: Path, folder: Path) -> int:
        """Give a complete file the next free number; two at once get two numbers."""
        number = max(self._numbers(folder), default=0) + 1
        while True:
            path = folder / f"{number}{SUFFIX}"
            try:
                os.link(part, path)
            except FileExistsError:
                number += 1
            except OSError:  # a file system without links
                if path.exists():
                    number += 1
                    continue
                part.replace(path)
                return number
            else:
                return number

    @staticmethod
    def _numbers(folder: Path) -> list[int]:
        if not folder.is_dir():
            return []
        stems = (path.name.removesuffix(SUFFIX) for path in folder.glob(f"*{SUFFIX}"))
        return sorted(int(stem) for stem in stems if stem.isascii() and stem.isdecimal())

    @staticmethod
    def _active(folder: Path, numbers: list[int]) -> int:
        try:
            number = int((folder / _ACTIVE).read_text(encoding="ascii"))
        except (OSError, ValueError):
            return numbers[-1]
        return number if number in numbers else numbers[-1]


def check_name(name: str) -> str:
    """The name, if a model can be called so.

    Raises:
        ConfigError: It cannot.
    """
    if not isinstance(name, str) or not NAME.fullmatch(name) or _RESERVED.fullmatch(name) or name.endswith("."):
        raise ConfigError(
            f"a model cannot be called {name!r}; use 1 to 64 of a-z, 0-9, '.', '_' and '-', a letter or digit first"
        )
    return name
