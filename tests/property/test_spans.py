"""Whatever a network gives: the text is that of the best path, and its spans are places and probabilities."""

from __future__ import annotations

from itertools import groupby, pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from wordsight.charset import BLANK, Charset
from wordsight.recognition.confidence import calibrated
from wordsight.recognition.ctc import best_path, spell
from wordsight.types import Floats

CHARSET = Charset(("a", "b", "c", "d", " "))
CLASSES = len(CHARSET)


@st.composite
def tables(draw: st.DrawFn) -> Floats:
    """Probabilities (T, 6), sure and doubtful frames mixed."""
    frames = draw(st.integers(0, 40))
    logits = draw(arrays(np.float32, (frames, CLASSES), elements=st.floats(-12, 12, width=32)))
    rows = np.exp(logits - logits.max(axis=1, keepdims=True, initial=-20))
    return (rows / rows.sum(axis=1, keepdims=True)).astype(np.float32)


masks = st.one_of(st.none(), st.sets(st.integers(1, CLASSES - 1), min_size=1).map(lambda s: np.array([0, *sorted(s)])))


def greedy(table: Floats, allowed: NDArray[np.intp] | None) -> list[tuple[str, float]]:
    """Best path decoding as in the textbook: each run of one class is a character unless it is the blank."""
    classes = range(CLASSES) if allowed is None else allowed.tolist()
    best = [max(classes, key=lambda c: (row[c], -c)) for row in table]
    runs = [(key, [frame for frame, _ in run]) for key, run in groupby(enumerate(best), key=lambda pair: pair[1])]
    return [(CHARSET.symbol(c), max(float(table[f, c]) for f in frames)) for c, frames in runs if c != BLANK]


@given(tables(), masks)
def test_the_text_and_its_probabilities(table: Floats, allowed: NDArray[np.intp] | None) -> None:
    spans = spell(best_path(table, allowed), CHARSET)
    assert [(span.text, span.probability) for span in spans] == greedy(table, allowed)
    assert 0 <= calibrated(spans) <= 1
    assert (calibrated(spans) == 0) == (not spans)


@given(tables(), masks)
def test_spans_are_inside_the_crop_and_in_order(table: Floats, allowed: NDArray[np.intp] | None) -> None:
    spans = spell(best_path(table, allowed), CHARSET)
    assert all(0 <= span.start < span.end <= 1 for span in spans)
    for one, other in pairwise(spans):
        if " " not in (one.text, other.text):
            assert one.start <= other.start
            assert one.end <= other.end
            assert one.end <= other.start + 1e-6
