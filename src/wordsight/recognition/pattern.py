r"""Patterns: regular expressions, parsed.

The syntax is that part of Python's that describes regular languages, so that what is found always satisfies
``re.fullmatch``. Which characters an atom such as ``[A-F\d]`` stands for is asked of ``re`` itself; only the structure
around atoms is parsed here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from wordsight.errors import ConfigError

SET = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
ESCAPE = re.compile(r"\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|N\{[^}]*\}|0[0-7]{0,2}|.)", re.DOTALL)
COUNT = re.compile(r"\{(\d*)(,?)(\d*)\}")
GROUP = re.compile(r"\((?!\?)|\(\?:|\(\?P<\w+>")
ANCHORS = {"A", "Z", "b", "B"}


@dataclass(frozen=True, slots=True)
class Atom:
    """One character of a set, told by its source."""

    source: str


@dataclass(frozen=True, slots=True)
class Chain:
    """Parts one after the other."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of some parts."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """A part ``least`` to ``most`` times; None is any number of times."""

    part: Node
    least: int
    most: int | None


Node = Atom | Chain | Choice | Repeat


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed pattern."""

    source: str
    root: Node
    flags: re.RegexFlag


def parse(pattern: str) -> Expression:
    """Parse a pattern.

    Raises:
        ConfigError: It is no regular expression, or uses what no automaton can do.
    """
    flags = re.NOFLAG
    source = pattern
    if source.startswith("(?i)"):
        source, flags = source[4:], re.IGNORECASE
    try:
        re.compile(source)
        return Expression(pattern, _Parser(source).whole(), flags)
    except (re.error, OverflowError, RecursionError) as error:
        raise ConfigError(f"the pattern {pattern!r} cannot be used: {error}") from error


class _Parser:
    """Reads a pattern that ``re`` has found to be well-formed."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._at = 0
        self._depth = 0

    def whole(self) -> Node:
        root = self._choice()
        if self._at < len(self._source):
            raise self._error("a bracket too many")
        return root

    def _choice(self) -> Node:
        parts = [self._chain()]
        while self._take("|"):
            parts.append(self._chain())
        return parts[0] if len(parts) == 1 else Choice(tuple(parts))

    def _chain(self) -> Node:
        parts: list[Node] = []
        if not self._depth:
            self._take("^")
        while self._at < len(self._source) and self._source[self._at] not in "|)":
            if self._source[self._at] == "$" and not self._depth and self._source[self._at + 1 :][:1] in ("", "|"):
                self._at += 1
                break
            parts.append(self._repeat(self._atom()))
        return Chain(tuple(parts))

    def _atom(self) -> Node:
        if group := GROUP.match(self._source, self._at):
            self._at = group.end()
            self._depth += 1
            inner = self._choice()
            self._depth -= 1
            self._take(")")
            return inner
        if self._source[self._at] in "(^$*+?{":
            raise self._error("look-around, a flag, an anchor or a brace that is no count")
        found = SET.match(self._source, self._at) or ESCAPE.match(self._source, self._at)
        if found and found[0][0] == "\\" and (found[0][1] in ANCHORS or found[0][1] in "123456789"):
            raise self._error("an anchor or a back-reference")
        source = found[0] if found else self._source[self._at]
        self._at += len(source)
        return Atom(source)

    def _repeat(self, part: Node) -> Node:
        rest = self._source[self._at :]
        count = COUNT.match(rest)
        if rest[:1] in ("*", "+", "?") and rest:
            bounds: tuple[int, int | None] = {"*": (0, None), "+": (1, None), "?": (0, 1)}[rest[0]]
            self._at += 1
        elif count and (count[1] or count[2]):
            least, comma, most = count.groups()
            bounds = (int(least or 0), int(most) if most else (None if comma else int(least)))
            self._at += count.end()
        else:
            return part
        if self._take("+"):
            raise self._error("a possessive count")
        self._take("?")  # lazy or greedy: the same texts match
        if self._source[self._at : self._at + 1] in ("*", "+", "?", "{"):
            raise self._error("a count of a count")
        return Repeat(part, *bounds)

    def _take(self, character: str) -> bool:
        taken = self._source.startswith(character, self._at)
        self._at += taken
        return taken

    def _error(self, what: str) -> ConfigError:
        return ConfigError(
            f"the pattern {self._source!r} cannot be used: at character {self._at + 1} stands {what}, which is not "
            "supported; use characters, sets, groups, | and counts"
        )
