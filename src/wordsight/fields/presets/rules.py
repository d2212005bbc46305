"""The most probable zone that keeps the rules: check digits that are right, names that are written as names are.

The rules are a finite automaton over the places of a zone. Its states count the sums that check digits need, modulo 10,
or how far the names have come. Viterbi's algorithm finds the best text that the automaton accepts; where only a much
less probable one keeps the check digits, the zone is given as it was read, and its checks say that it is wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from wordsight.fields.presets import icao
from wordsight.fields.presets.cells import Doubles
from wordsight.fields.presets.icao import FILLER, LETTERS, SYMBOLS, Check, Layout

Ints = NDArray[np.intp]

TEN = 10
VALUE = np.array([icao.VALUES[symbol] for symbol in SYMBOLS])
LEAST = 1e-7
FORCED = 16.0
"""Texts with right check digits are taken where they are less probable by up to this factor's natural logarithm."""
PAIR = 0.4
"""Weight of what is usual in names, against what the picture shows."""
_COUNTED = """
    923333333433323436333544654 144434544354332556233445645 424641774246476277257366757 227462751273366265464466757
    226742654266455277345355746 244444545454242457233546544 326662364256366355254366656 225652643266354277355265756
    216662666266444277364365747 224343545643232455333546655 416552665364554266655265666 216662774264455277345364647
    224542556255246367644346746 314462665266646247556375756 125432636254563377543466845 244443544454232447234335645
    316562562264466236345366666 324554555355445455544144555 225432646264444267443356745 126372763364445356532456855
    227572662265565277343366745 334332544354232556223555554 317662766165476377456467756 316652564265454366445366646
    125553554255444345543354544 125543655465343366445346656 125542655255445365555355654
"""
PAIRS = _COUNTED.split()
"""How improbable a letter (column) is after a letter (row), as the negative natural logarithm, rounded; the first row
and column stand for the start and the end of a name. Counted in the names of 61 countries that the package Faker
(MIT licence) carries."""


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """An automaton over places: for each the state that each symbol leads to.

    Attributes:
        targets: (N, states, symbols); -1 where a symbol is against the rules.
        accepts: States in which a text may end.
        costs: (states, symbols) what is added to the logarithm of each symbol's probability in each state.
    """

    targets: Ints
    accepts: tuple[int, ...]
    costs: Doubles


@lru_cache(maxsize=32)
def allowed(layout: Layout, line: int) -> NDArray[np.bool_]:
    """(N, symbols) which symbols may stand at each place of a line."""
    rows = [[symbol in icao.MASKS[mask] for symbol in SYMBOLS] for mask in layout.masks[line]]
    return np.array(rows, dtype=bool)


def solve(layout: Layout, chances: Sequence[Doubles]) -> tuple[tuple[str, ...], tuple[Doubles, ...], float]:
    """The lines of a zone.

    Args:
        layout: Its layout.
        chances: For each line (N, symbols) the probability of each symbol at each place.

    Returns:
        The lines; for each of them (N,) the probability of each of its symbols, given that the rules are kept; and the
        natural log of the probability of the whole text without the rules.
    """
    width, names = layout.width, layout.fields["names"]
    whole = np.log(np.maximum(np.concatenate(chances), LEAST))
    first = names.line * width
    spelt = _best(whole[first + names.start : first + names.end], _names(names.end - names.start))
    checked = _best(whole, _checks(layout))
    free = whole.argmax(axis=1)
    rows = np.arange(len(whole))
    best = free
    if checked is not None and whole[rows, free].sum() - whole[rows, checked[0]].sum() <= FORCED:
        best = checked[0].copy()
    sure = np.exp(whole[rows, best]) if best is free or checked is None else checked[1]
    if spelt is not None:
        place = slice(first + names.start, first + names.end)
        best[place], sure[place] = spelt
    text = "".join(SYMBOLS[symbol] for symbol in best)
    starts = range(0, len(text), width)
    score = float(whole[rows, best].sum())
    return tuple(text[at : at + width] for at in starts), tuple(sure[at : at + width] for at in starts), score


def _best(logs: Doubles, steps: Steps) -> tuple[Ints, Doubles] | None:
    """The best text (N,) and the probability (N,) of each of its symbols, over all texts that the rules allow."""
    places, states, symbols = steps.targets.shape
    score = np.full(states, -np.inf)
    score[0] = 0.0
    came = np.zeros((places, states), np.intp)
    for place in range(places):
        # Every target's best source: sorted so that the best of each is written last.
        values = (score[:, None] + logs[place] + steps.costs).ravel()
        targets = steps.targets[place].ravel()
        usable = np.flatnonzero((targets >= 0) & (values > -np.inf))
        order = usable[np.argsort(values[usable], kind="stable")]
        came[place, targets[order]] = order
        score = np.full(states, -np.inf)
        score[targets[order]] = values[order]
    state = max(steps.accepts, key=lambda one: score[one])
    if score[state] == -np.inf:
        return None
    text = np.zeros(places, np.intp)
    for place in range(places - 1, -1, -1):
        before, text[place] = divmod(int(came[place, state]), symbols)
        state = before
    return text, _shares(logs, steps)[np.arange(places), text]


def _shares(logs: Doubles, steps: Steps) -> Doubles:
    """(N, symbols) probability of each symbol at each place among the texts that the rules allow."""
    places, states, symbols = steps.targets.shape
    chances, prior = np.exp(logs), np.exp(steps.costs)
    ahead = np.zeros((places + 1, states))
    ahead[places, list(steps.accepts)] = 1.0
    for place in range(places - 1, -1, -1):
        targets = steps.targets[place]
        worth = (np.where(targets >= 0, ahead[place + 1][targets], 0.0) * prior) @ chances[place]
        ahead[place] = worth / max(float(worth.max()), 1e-300)
    shares = np.zeros((places, symbols))
    here = np.zeros(states)
    here[0] = 1.0
    for place in range(places):
        targets = steps.targets[place]
        flow = here[:, None] * chances[place] * prior
        useful = np.where(targets >= 0, flow * ahead[place + 1][targets], 0.0)
        shares[place] = useful.sum(axis=0) / max(float(useful.sum()), 1e-300)
        moved = np.bincount(targets[targets >= 0], flow[targets >= 0], states)
        here = moved / max(float(moved.max()), 1e-300)
    return shares


@lru_cache(maxsize=16)
def _checks(layout: Layout) -> Steps:
    """The automaton of a layout's check digits: a state is the open field's sum and the composite's, modulo 10."""
    width = layout.width
    single = {
        _flat(check.at.line, check.at.start, width): check for check in layout.checks if check.name != "composite"
    }
    weights = _weights(layout.checks, width, composite=False)
    totals = _weights(layout.checks, width, composite=True)
    last = {_flat(c.at.line, c.at.start, width) for c in layout.checks if c.name == "composite"}
    states = np.arange(TEN * TEN)
    own, total = states[:, None] // TEN, states[:, None] % TEN
    rows = []
    for line, place, mask in icao.places(layout):
        at = _flat(line, place, width)
        sums = (own + weights.get(at, 0) * VALUE) % TEN
        totals_then = (total + totals.get(at, 0) * VALUE) % TEN
        fits = np.broadcast_to(np.array([symbol in icao.MASKS[mask] for symbol in SYMBOLS]), sums.shape).copy()
        if at in single:
            fits &= _fits(own, layout, single[at])
            sums = np.zeros_like(sums)
        if at in last:
            fits &= total == VALUE
        rows.append(np.where(fits, sums * TEN + totals_then, -1))
    return Steps(np.array(rows), tuple(range(TEN * TEN)), np.zeros((TEN * TEN, len(SYMBOLS))))


def _fits(own: Ints, layout: Layout, check: Check) -> NDArray[np.bool_]:
    """(states, symbols) whether a check digit agrees with the sum before it."""
    fits = own == VALUE
    filler = SYMBOLS.index(FILLER)
    # Elsewhere than in TD3's personal number, a filler says that a long number goes on in the optional field.
    fits[:, filler] = own[:, 0] == 0 if check.name == "personal_number" else layout.name in ("TD1", "TD2")
    return np.asarray(fits)


def _weights(checks: Sequence[Check], width: int, composite: bool) -> dict[int, int]:
    """The weight of each place in the check digits of fields, or in the composite one."""
    found: dict[int, int] = {}
    for check in checks:
        if (check.name == "composite") == composite:
            covered = [_flat(s.line, at, width) for s in check.over for at in range(s.start, s.end)]
            found |= {at: icao.WEIGHTS[n % 3] for n, at in enumerate(covered)}
    return found


def _flat(line: int, place: int, width: int) -> int:
    return line * width + place


@lru_cache(maxsize=16)
def _names(places: int) -> Steps:
    """The automaton of names: parts with one filler between them, two before the given names, fillers at the end.

    Its states are five without a letter, and for surname and given names each letter that may have come last.
    """
    start, gap, between, space, end = range(5)
    surname, given = np.arange(26) + 5, np.arange(26) + 31
    letters = np.array([SYMBOLS.index(symbol) for symbol in LETTERS])
    filler = SYMBOLS.index(FILLER)
    pairs = -PAIR * np.array([[int(digit) for digit in row] for row in PAIRS])
    targets = np.full((57, len(SYMBOLS)), -1)
    costs = np.zeros(targets.shape)
    for source, part in ((start, surname), (gap, surname), (between, given), (space, given)):
        targets[source, letters] = part
        costs[source, letters] = pairs[0, 1:]
    for part, after in ((surname, gap), (given, space)):
        targets[np.ix_(part, letters)] = part
        targets[part, filler] = after
        costs[np.ix_(part, letters)] = pairs[1:, 1:]
        costs[part, filler] = pairs[1:, 0]
    for source, after in ((gap, between), (between, end), (space, end), (end, end)):
        targets[source, filler] = after
    ends = (gap, between, space, end, *surname.tolist(), *given.tolist())
    return Steps(np.repeat(targets[None], places, axis=0), ends, costs)
