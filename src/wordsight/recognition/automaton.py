"""Deterministic automata of patterns: Thompson's construction, then the subset construction."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from wordsight.errors import ConfigError
from wordsight.recognition.pattern import Atom, Chain, Choice, Expression, Node, Repeat

MOST_STATES = 3000
MOST_EDGES = 300_000
GENERAL = re.compile(r"\\[dDwWsS]|^\.$|^\[\^")
"""Atoms that name no characters of their own, and stand for the usual ones only."""


@dataclass(frozen=True, slots=True)
class Automaton:
    """A deterministic automaton. State 0 is the start; from every state an accepting one can be reached.

    Attributes:
        edges: For each state, the state to which each symbol leads.
        accepts: The accepting states.
    """

    edges: tuple[dict[str, int], ...]
    accepts: frozenset[int]

    def matches(self, text: str) -> bool:
        """Whether a text is one of the pattern's."""
        state: int | None = 0
        for symbol in text:
            state = None if state is None else self.edges[state].get(symbol)
        return state in self.accepts


def compile_pattern(expression: Expression, alphabet: Iterable[str], usual: frozenset[str]) -> Automaton:
    r"""The automaton of a pattern.

    Args:
        expression: The pattern.
        alphabet: All symbols that can be read.
        usual: Those that ``.``, classes such as ``\d`` and ``\w``, and negated sets stand for.

    Raises:
        ConfigError: It is too large, or no text in these symbols matches.
    """
    net = _Net()
    start, end = net.add(expression.root)
    members = _members(net.atoms, expression.flags, list(alphabet), usual)
    moves = _subsets(net, start, end, members)
    if not moves[1]:
        raise ConfigError(f"no text that the recognizer can write matches the pattern {expression.source!r}")
    return _trimmed(*moves)


class _Net:
    """Thompson's automaton: each state has one atom and a next state, or next states without one."""

    def __init__(self) -> None:
        self.atoms: dict[str, int] = {}
        self.free: list[list[int]] = []
        self.step: list[tuple[int, int] | None] = []

    def add(self, node: Node) -> tuple[int, int]:
        """Add a node; its first and its last state."""
        match node:
            case Atom(source):
                first, last = self._state(), self._state()
                self.step[first] = (self.atoms.setdefault(source, len(self.atoms)), last)
            case Chain(parts):
                first = last = self._state()
                for part in parts:
                    start, end = self.add(part)
                    self.free[last].append(start)
                    last = end
            case Choice(parts):
                first, last = self._state(), self._state()
                for part in parts:
                    start, end = self.add(part)
                    self.free[first].append(start)
                    self.free[end].append(last)
            case Repeat(part, least, most):
                first = last = self._state()
                for _ in range(least):
                    start, end = self.add(part)
                    self.free[last].append(start)
                    last = end
                first, last = self._optional(part, None if most is None else most - least, first, last)
        return first, last

    def _optional(self, part: Node, times: int | None, first: int, last: int) -> tuple[int, int]:
        """Add a part up to so many times behind a state."""
        stop = self._state()
        self.free[last].append(stop)
        if times is None:
            start, end = self.add(part)
            self.free[last].append(start)
            self.free[end] += [start, stop]
            return first, stop
        for _ in range(times):
            start, end = self.add(part)
            self.free[last].append(start)
            self.free[end].append(stop)
            last = end
        return first, stop

    def _state(self) -> int:
        if len(self.free) > 10 * MOST_STATES:
            raise ConfigError("the pattern is too large; use smaller counts")
        self.free.append([])
        self.step.append(None)
        return len(self.free) - 1

    def closure(self, states: Iterable[int]) -> frozenset[int]:
        """States that can be reached without a symbol."""
        found: set[int] = set()
        waiting = list(states)
        while waiting:
            state = waiting.pop()
            if state not in found:
                found.add(state)
                waiting += self.free[state]
        return frozenset(found)


def _members(
    atoms: dict[str, int], flags: re.RegexFlag, alphabet: Sequence[str], usual: frozenset[str]
) -> dict[frozenset[int], list[str]]:
    """The symbols that no atom tells apart, by the atoms that they belong to."""
    belongs: dict[str, set[int]] = defaultdict(set)
    for source, number in atoms.items():
        test = re.compile(source, flags).fullmatch
        general = GENERAL.search(source) is not None
        for symbol in alphabet:
            if len(symbol) == 1 and (symbol in usual or not general) and test(symbol):
                belongs[symbol].add(number)
    groups: dict[frozenset[int], list[str]] = defaultdict(list)
    for symbol, numbers in belongs.items():
        groups[frozenset(numbers)].append(symbol)
    return groups


def _subsets(
    net: _Net, start: int, end: int, members: dict[frozenset[int], list[str]]
) -> tuple[list[dict[str, int]], set[int]]:
    """The subset construction: transitions and accepting states."""
    first = net.closure([start])
    numbers = {first: 0}
    waiting = [first]
    edges: list[dict[str, int]] = []
    accepts = set()
    count = 0
    while len(edges) < len(waiting):
        states = waiting[len(edges)]
        if end in states:
            accepts.add(len(edges))
        steps = [step for state in states if (step := net.step[state])]
        moves: dict[str, int] = {}
        for atoms, symbols in members.items():
            target = net.closure(goal for atom, goal in steps if atom in atoms)
            if not target:
                continue
            if target not in numbers:
                numbers[target] = len(numbers)
                waiting.append(target)
            moves |= dict.fromkeys(symbols, numbers[target])
        edges.append(moves)
        count += len(moves)
        if len(waiting) > MOST_STATES or count > MOST_EDGES:
            raise ConfigError("the pattern is too large; use smaller counts, or sets instead of `.`")
    return edges, accepts


def _trimmed(edges: list[dict[str, int]], accepts: set[int]) -> Automaton:
    """Without the states from which no accepting one can be reached."""
    sources: dict[int, set[int]] = defaultdict(set)
    for state, moves in enumerate(edges):
        for target in set(moves.values()):
            sources[target].add(state)
    alive: set[int] = set()
    waiting = list(accepts)
    while waiting:
        state = waiting.pop()
        if state not in alive:
            alive.add(state)
            waiting += sources[state]
    number = {state: n for n, state in enumerate(sorted(alive | {0}))}
    kept = tuple(
        {symbol: number[target] for symbol, target in edges[state].items() if target in alive} for state in number
    )
    return Automaton(kept, frozenset(number[state] for state in accepts))
