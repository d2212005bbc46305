"""Is a taught recognizer better than the one it was taught from? The question before it is put to use."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from wordsight.data.crops import Example, comparable
from wordsight.evaluation.protocols import fold
from wordsight.stages import Recognizer

TOLERANCE = 0.005
"""A general set may come out worse by this share before a child is refused."""
TOGETHER = 64
"""So many crops are read in one call."""


@dataclass(frozen=True, slots=True)
class Row:
    """Parent and child on one set.

    Attributes:
        name: Name of the set.
        count: How many crops it has.
        parent: Share that the parent reads right, 0..1.
        child: Share that the child reads right.
        fixed: How many crops only the child reads right.
        broken: How many crops only the parent reads right.
    """

    name: str
    count: int
    parent: float
    child: float
    fixed: int
    broken: int

    @property
    def gain(self) -> float:
        """The child's share minus the parent's."""
        return self.child - self.parent

    @property
    def error(self) -> float:
        """One standard error of the gain, were both equally good: reading is not exact to the last bit."""
        return math.sqrt(self.fixed + self.broken) / max(self.count, 1)

    @property
    def chance(self) -> float:
        """Probability of a split of ``fixed`` and ``broken`` at least as uneven, were both equally good.

        The two-sided sign test (McNemar's exact test).
        """
        changed = self.fixed + self.broken
        least = min(self.fixed, self.broken)
        ways = sum(math.comb(changed, k) for k in range(least + 1))
        return min(1.0, float(2 * Fraction(ways, 2**changed)))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a comparison found.

    Attributes:
        rows: One for each set, the user's own first.
        adopt: Whether the child should take its parent's place.
        reason: Why, or why not, in a sentence.
    """

    rows: tuple[Row, ...]
    adopt: bool
    reason: str


def is_right(example: Example, text: str) -> bool:
    """Whether a reading says what the example does, in all that its label tells."""
    return comparable(text, example.silent) == comparable(example.text or "", example.silent)


def read_all(recognizer: Recognizer, crops: Sequence[Example]) -> list[str]:
    """The text of each crop."""
    starts = range(0, len(crops), TOGETHER)
    pictures = ([example.picture for example in crops[start : start + TOGETHER]] for start in starts)
    return [reading.text for some in pictures for reading in recognizer.recognize(some)]


def figures(crops: Sequence[Example], texts: Sequence[str]) -> dict[str, float]:
    """``right``: share read as labelled; ``folded``: share equal over a-z and 0-9, case folded, empty labels left out.

    Args:
        crops: Crops with texts.
        texts: What was read in each.
    """
    right = [is_right(example, text) for example, text in zip(crops, texts, strict=True)]
    pairs = [(fold(e.text or ""), fold(text)) for e, text in zip(crops, texts, strict=True) if fold(e.text or "")]
    return {
        "right": sum(right) / max(len(right), 1),
        "folded": sum(wanted == found for wanted, found in pairs) / max(len(pairs), 1),
    }


def compare(
    parent: Recognizer, child: Recognizer, sets: Mapping[str, Sequence[Example]], tolerance: float = TOLERANCE
) -> Verdict:
    """Measure two recognizers on held-out crops.

    The child is to be adopted where it is better on the first set, the user's own, and on no other worse by more than
    the tolerance and one standard error.

    Args:
        parent: What is used so far.
        child: What was taught.
        sets: Crops with texts that neither has learnt from, by name; the user's own set first.
        tolerance: Share, 0..1.

    Raises:
        ValueError: There is no set.
    """
    if not sets:
        raise ValueError("a comparison needs crops; give at least one set")
    rows = tuple(_row(parent, child, name, crops) for name, crops in sets.items())
    own, others = rows[0], rows[1:]
    worse = [row for row in others if row.gain < -tolerance - row.error]
    if own.gain <= 0:
        return Verdict(rows, False, f"not better on {own.name}: {own.parent:.1%} before, {own.child:.1%} now")
    if worse:
        lost = "; ".join(f"{row.name} {row.parent:.1%} before, {row.child:.1%} now" for row in worse)
        return Verdict(rows, False, f"better on {own.name}, but it has forgotten: {lost}")
    return Verdict(rows, True, f"better on {own.name}: {own.parent:.1%} before, {own.child:.1%} now")


def _row(parent: Recognizer, child: Recognizer, name: str, crops: Sequence[Example]) -> Row:
    before = [is_right(e, text) for e, text in zip(crops, read_all(parent, crops), strict=True)]
    after = [is_right(e, text) for e, text in zip(crops, read_all(child, crops), strict=True)]
    count = max(len(crops), 1)
    fixed = sum(new and not old for old, new in zip(before, after, strict=True))
    broken = sum(old and not new for old, new in zip(before, after, strict=True))
    return Row(name, len(crops), sum(before) / count, sum(after) / count, fixed, broken)
