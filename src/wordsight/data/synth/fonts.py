"""Fonts on this machine: which there are, which letters they have, and faces to draw with.

Fonts differ in number from family to family (one has 2 faces, another 72), so a family is drawn first and then a face
of it. A face is used for a text only if its character map has every character and every glyph leaves ink.
"""

from __future__ import annotations

import json
import logging
import os
import re
import struct
import sys
import uuid
import zlib
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from wordsight.config import cache_folder
from wordsight.errors import ConfigError, MissingExtra

_ENDINGS = (".ttf", ".otf", ".ttc", ".otc")
_CACHE_VERSION = 2
_QUIET = logging.NullHandler()  # fontTools tells of every small fault of a font, which nobody here can mend
_HAND = re.compile(
    r"handwrit|\bhand\b|brush|\bpen\b|barunpen|kristi|dancing|breip|femke|rufscript|delphine|\bsteve|yusei|because we"
    r"|wasn't me|ecolier|humor|pilgi|gaegu|kalapi|marker|typoscript|purisa|caveat|indie flower|patrick|segoe print"
    r"|bradley|lucida hand|pecita",
    re.IGNORECASE,
)
_UNUSABLE = re.compile(  # no letters, or letters that nobody can read
    r"symbol|dingbat|icon|emoji|math|music|barcode|dseg|ornament|glyphs|lastresort|braille|signwriting|keyboard"
    r"|wingding|webding|marlett|awesome|d050000l|f500|wargames|isabella|solothurn|monoisome|redacted|blank\b",
    re.IGNORECASE,
)
_PLAIN = re.compile(  # what most signs, labels and screens are set in
    r"sans|helvet|arial|nimbus|liberation|roboto|inter\b|lato\b|heros|adventor|switzera|carlito|arimo|verdana|tahoma|segoe|din\b"
    r"|gillius|universalis|cabin|karla|manrope|sora\b|oxygen|cantarell|allerta|league spartan|bebas|gothic|roadgeek"
    r"|national park|play\b|tuffy|quicksand|dosis|b612|clear|overpass|go\b|gulim|dotum|nanum",
    re.IGNORECASE,
)
_BOLD = re.compile(r"bold|black|heavy", re.IGNORECASE)
_PLAIN_SHARE, _BOLD_SHARE = 0.4, 0.45


@dataclass(frozen=True, slots=True)
class FontFile:
    """One face of a font file.

    Attributes:
        path: The file.
        name: Full name of the face.
        family: Its family, cut to two words so that "Noto Sans Armenian" and "Noto Sans Thai" are one.
        hand: Whether it imitates handwriting, judged by its names.
        starts: First code points of the runs of characters that it has, ascending.
        ends: Their last code points.
    """

    path: str
    name: str
    family: str
    hand: bool
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def has(self, text: str) -> bool:
        """Whether the character map has every character of a text."""
        return all(self._covers(ord(c)) for c in text)

    def _covers(self, code: int) -> bool:
        place = bisect_right(self.starts, code) - 1
        return place >= 0 and code <= self.ends[place]


@dataclass(frozen=True)
class FontSet:
    """Fonts to draw from."""

    files: tuple[FontFile, ...]

    @classmethod
    def find(cls, folders: Sequence[Path] = ()) -> FontSet:
        """Fonts of some folders, or of the system's.

        What was found is remembered in the cache folder: reading a thousand character maps takes seconds.

        Raises:
            ConfigError: A folder is not there, or no font is found.
            MissingExtra: fontTools is not installed.
        """
        for folder in folders:
            if not folder.is_dir():
                raise ConfigError(f"{folder} is not a folder; name one with .ttf or .otf files")
        paths = sorted(path for folder in folders or system_folders() for path in _font_paths(folder))
        files = tuple(file for file in _remembered(paths) if not _UNUSABLE.search(file.name))
        if not files:
            raise ConfigError("no font was found; install some (Debian: fonts-dejavu-core) or name a folder of fonts")
        return cls(files)

    @cached_property
    def families(self) -> tuple[tuple[FontFile, ...], ...]:
        """Files by family, in the order of the families' names."""
        groups: dict[str, list[FontFile]] = defaultdict(list)
        for file in self.files:
            groups[file.family].append(file)
        return tuple(tuple(groups[name]) for name in sorted(groups))

    def with_letters(self, letters: str) -> FontSet:
        """The fonts that have all of these characters."""
        return FontSet(tuple(file for file in self.files if file.has(letters)))

    def handwriting(self, wanted: bool) -> FontSet:
        """The fonts that imitate handwriting, or the others."""
        return FontSet(tuple(file for file in self.files if file.hand == wanted))

    def part(self, held_out: bool) -> FontSet:
        """One family of five (``held_out``), or the other four, by the CRC-32 of their names.

        The same on every machine; but of so few families that this would hold out none, one is.
        """
        ranks = {file.family: zlib.crc32(file.family.encode()) for file in self.files}
        chosen = {family for family, rank in ranks.items() if rank % 5 == 0} or {
            min(ranks, key=ranks.__getitem__, default="")
        }
        return FontSet(tuple(file for file in self.files if (file.family in chosen) == held_out))

    def draw(self, rng: np.random.Generator) -> FontFile:
        """A family, then a face of it; the families and faces that signs are mostly set in are drawn more often."""
        choice = self._plain if self._plain and rng.random() < _PLAIN_SHARE else self.families
        family = choice[rng.integers(len(choice))]
        if rng.random() < _BOLD_SHARE:
            family = tuple(file for file in family if _BOLD.search(file.name)) or family
        return family[rng.integers(len(family))]

    @cached_property
    def _plain(self) -> tuple[tuple[FontFile, ...], ...]:
        return tuple(family for family in self.families if _PLAIN.search(family[0].family))


def system_folders() -> tuple[Path, ...]:
    """Where this system keeps fonts; only folders that are there."""
    home = Path.home()
    if sys.platform == "darwin":
        folders = [Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library/Fonts"]
    elif sys.platform == "win32":
        windows = Path(os.environ.get("WINDIR", r"C:\Windows"))
        folders = [windows / "Fonts", home / "AppData/Local/Microsoft/Windows/Fonts"]
    else:
        folders = [
            Path("/usr/share/fonts"),
            Path("/usr/local/share/fonts"),
            home / ".local/share/fonts",
            home / ".fonts",
        ]
    return tuple(folder for folder in folders if folder.is_dir())


def _font_paths(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.suffix.lower() in _ENDINGS and path.is_file())


def _remembered(paths: Iterable[Path]) -> list[FontFile]:
    """Faces of font files, from the cache where a file has not changed since."""
    logging.getLogger("fontTools").addHandler(_QUIET)
    cache = cache_folder() / f"fonts-{_CACHE_VERSION}.json"
    known = _read_cache(cache)
    now: dict[str, Any] = {}
    for path in paths:
        stat = path.stat()
        key = f"{path}|{stat.st_size}|{stat.st_mtime_ns}"
        now[key] = known[key] if key in known else _describe(path)
    if not now.keys() <= known.keys():
        _write_cache(cache, {**known, **now})
    return [
        FontFile(**{**record, "starts": tuple(record["starts"]), "ends": tuple(record["ends"])})
        for record in now.values()
        if record is not None
    ]


def _read_cache(path: Path) -> dict[str, Any]:
    with suppress(OSError, ValueError):
        known = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(known, dict):
            return known
    return {}


def _write_cache(path: Path, known: dict[str, Any]) -> None:
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    with suppress(OSError):  # a read-only home costs time, nothing else
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(json.dumps(known), encoding="utf-8")
        temporary.replace(path)


def _describe(path: Path) -> dict[str, Any] | None:
    """What is known of the first face of a file; None where it cannot be read."""
    try:
        from fontTools.ttLib import TTFont, TTLibError
    except ImportError as error:
        raise MissingExtra("fonttools", "train") from error
    try:
        with path.open("rb") as file, TTFont(file, lazy=True, fontNumber=0) as font:
            codes = sorted(font.getBestCmap() or ())
            names = font["name"]
            name = names.getBestFullName() or path.stem
            family = names.getBestFamilyName() or name
    except (
        TTLibError,
        OSError,
        EOFError,
        LookupError,
        ValueError,
        TypeError,
        AttributeError,
        AssertionError,
        struct.error,
    ):
        return None  # a font file comes from anywhere; fontTools raises these when it trips over a table
    if not codes:
        return None
    words = family.split()
    short = " ".join(words[:2])
    described = f"{name} {family} {path.stem}"
    hand = bool(_HAND.search(described))
    cuts = np.flatnonzero(np.diff(codes) != 1)
    starts = [codes[0], *(codes[i + 1] for i in cuts)]
    ends = [*(codes[i] for i in cuts), codes[-1]]
    return asdict(FontFile(str(path), name, short, hand, tuple(starts), tuple(ends)))
