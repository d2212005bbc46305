"""The most probable path through a lattice that spells a text of a pattern.

Viterbi's algorithm (1967) over the states of the pattern's automaton, each divided by the character that led to it,
because CTC joins a repeated character unless a blank stands between.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wordsight.recognition.automaton import Automaton
from wordsight.recognition.lattice import Doubles, Lattice

Ints = NDArray[np.intp]
NEVER = -np.inf


@dataclass(frozen=True, slots=True, eq=False)
class Tracks:
    """An automaton as arrays. A *place* is a state with the column that led to it; places are sorted by state.

    Every state has a place without a column (column -1) that nothing reaches, so that no state is without places.

    Attributes:
        states: (P,) state of each place.
        columns: (P,) its column.
        first: (S,) first place of each state.
        sources: (E,) state in which each edge starts; edges are sorted by the place to which they lead.
        targets: (E,) that place.
        accepts: (S,) bool, whether the text may end in a state.
    """

    states: Ints
    columns: Ints
    first: Ints
    sources: Ints
    targets: Ints
    accepts: NDArray[np.bool_]

    @classmethod
    def of(cls, automaton: Automaton, column: Callable[[str], int]) -> Tracks:
        """The tracks of an automaton whose symbols stand in some columns of a lattice."""
        count = len(automaton.edges)
        leads = {
            (target, column(symbol), source)
            for source, moves in enumerate(automaton.edges)
            for symbol, target in moves.items()
        }
        places = sorted({(target, at) for target, at, _ in leads} | {(state, -1) for state in range(count)})
        number = {place: n for n, place in enumerate(places)}
        edges = sorted((number[target, at], source) for target, at, source in leads)
        states, columns = np.array(places, np.intp).T
        targets, sources = np.array(edges, np.intp).reshape(-1, 2).T
        accepts = np.zeros(count, bool)
        accepts[list(automaton.accepts)] = True
        return cls(states, columns, np.searchsorted(states, np.arange(count)), sources, targets, accepts)

    def best(self, lattice: Lattice) -> list[int] | None:
        """Columns of the most probable path's labelling; None where the frames are too few for any."""
        with np.errstate(divide="ignore"):
            logs = np.log(lattice.columns)
        blanks = np.full((len(lattice) + 1, len(self.first)), NEVER)
        places = np.full((len(lattice) + 1, len(self.states)), NEVER)
        blanks[0, 0] = 0.0
        reached, starts = np.unique(self.targets, return_index=True)
        for number, frame in enumerate(logs):
            blank, place = blanks[number], places[number]
            inside = place.copy()
            if len(reached):
                direct = self._others(place, self.sources, self.columns[self.targets])
                entering = np.maximum(blank[self.sources], direct)
                inside[reached] = np.maximum(inside[reached], np.maximum.reduceat(entering, starts))
            places[number + 1] = inside + frame[self.columns]
            blanks[number + 1] = np.maximum(blank, np.maximum.reduceat(place, self.first)) + frame[0]
        return self._trace(blanks, places)

    def _others(self, place: Doubles, states: Ints, columns: Ints) -> Doubles:
        """For states (N,) the best of their places with another column than those (N,) given."""
        best = np.maximum.reduceat(place, self.first)
        at = np.searchsorted(self.states, np.arange(len(self.first)), "right") - 1
        tops = np.flatnonzero(place == best[self.states])
        at[self.states[tops]] = tops
        rest = place.copy()
        rest[at] = NEVER
        second = np.maximum.reduceat(rest, self.first)
        found: Doubles = np.where(self.columns[at][states] != columns, best[states], second[states])
        return found

    def _trace(self, blanks: Doubles, places: Doubles) -> list[int] | None:
        """Back from the best end to the start."""
        ends = np.where(self.accepts, blanks[-1], NEVER)
        tips = np.where(self.accepts[self.states], places[-1], NEVER)
        if max(ends.max(), tips.max()) == NEVER:
            return None
        state = int(ends.argmax())
        place = int(tips.argmax()) if tips.max() > ends.max() else -1  # -1: in the blank of ``state``
        labels: list[int] = []
        for number in range(len(blanks) - 2, -1, -1):
            before, earlier = blanks[number], places[number]
            if place < 0:
                own = np.where(self.states == state, earlier, NEVER)
                if own.max() > before[state]:
                    place = int(own.argmax())
                continue
            edges = np.flatnonzero(self.targets == place)
            sources = self.sources[edges]
            column = int(self.columns[place])
            gaps = before[sources]
            direct = self._others(earlier, sources, np.full(len(edges), column))
            if earlier[place] >= max(gaps.max(), direct.max()):
                continue
            labels.append(column)
            if gaps.max() >= direct.max():
                state, place = int(sources[gaps.argmax()]), -1
            else:
                source = int(sources[direct.argmax()])
                own = np.where((self.states == source) & (self.columns != column), earlier, NEVER)
                place = int(own.argmax())
        return labels[::-1]
