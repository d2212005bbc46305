"""Searches in lattices against sums over all paths, on lattices small enough to write all paths down."""

from __future__ import annotations

import itertools
import math
import re
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wordsight.charset import Charset
from wordsight.recognition.alphabet import Alphabet
from wordsight.recognition.automaton import compile_pattern
from wordsight.recognition.beam import beam_search
from wordsight.recognition.lattice import Lattice
from wordsight.recognition.lexicon import Trie
from wordsight.recognition.pattern import parse
from wordsight.recognition.track import Tracks
from wordsight.types import Floats

Labels = tuple[int, ...]


@st.composite
def tables(draw: st.DrawFn, least: int = 2) -> Floats:
    """Probabilities (T, K) of up to 5 frames and 3 labels, some of them near 0."""
    frames, columns = draw(st.integers(1, 5)), draw(st.integers(least, 4))
    values = draw(st.lists(st.integers(0, 9), min_size=frames * columns, max_size=frames * columns))
    table = np.array(values, np.float64).reshape(frames, columns) ** 2 + 1e-6
    return np.asarray(table / table.sum(axis=1, keepdims=True), np.float32)


def labelling(path: tuple[int, ...]) -> Labels:
    return tuple(label for label, _ in itertools.groupby(path) if label)


def paths(table: Floats) -> dict[tuple[int, ...], float]:
    frames, columns = table.shape
    exact = table.astype(np.float64)
    return {
        path: math.prod(exact[frame, label] for frame, label in enumerate(path))
        for path in itertools.product(range(columns), repeat=frames)
    }


def totals(table: Floats) -> dict[Labels, float]:
    """The probability of every labelling."""
    found: dict[Labels, float] = defaultdict(float)
    for path, probability in paths(table).items():
        found[labelling(path)] += probability
    return found


@given(tables())
def test_the_forward_probability_is_the_sum_over_all_paths(table: Floats) -> None:
    wanted = totals(table)
    lattice = Lattice.scaled(table, 0)
    np.testing.assert_allclose(np.exp(lattice.likelihoods(list(wanted))), list(wanted.values()), rtol=1e-9)
    np.testing.assert_allclose([math.exp(lattice.likelihood(one)) for one in wanted], [*wanted.values()], rtol=1e-9)


@given(tables(), st.integers(1, 3))
def test_a_text_with_too_few_frames_is_impossible(table: Floats, label: int) -> None:
    label = min(label, table.shape[1] - 1)
    long = (label,) * (len(table) // 2 + 2)  # a blank must stand between equal labels
    lattice = Lattice.scaled(table)
    assert lattice.likelihood(long) == -math.inf
    assert lattice.likelihoods([long, (label,)])[0] == -math.inf
    with pytest.raises(ValueError, match="too few"):
        lattice.align(long)


@given(tables())
def test_the_alignment_is_the_best_path_of_a_labelling(table: Floats) -> None:
    best: dict[Labels, float] = defaultdict(float)
    for path, probability in paths(table).items():
        best[labelling(path)] = max(best[labelling(path)], probability)
    lattice = Lattice.scaled(table, 0)
    exact = table.astype(np.float64)
    for labels, probability in best.items():
        numbers = lattice.align(labels)
        path = tuple(labels[number] if number >= 0 else 0 for number in numbers)
        assert labelling(path) == labels
        assert math.prod(exact[frame, label] for frame, label in enumerate(path)) == pytest.approx(probability)


@given(tables())
def test_a_beam_with_room_for_all_finds_the_best_labelling(table: Floats) -> None:
    wanted = totals(table)
    found = beam_search(table, width=1_000_000, least=0)
    assert math.exp(found[0].score) == pytest.approx(max(wanted.values()))
    assert {one.classes: pytest.approx(math.exp(one.score)) for one in found} == dict(wanted)


@given(tables(), st.integers(1, 4))
def test_a_narrow_beam_never_says_more_than_is_true(table: Floats, width: int) -> None:
    wanted = totals(table)
    found = beam_search(table, width)
    assert 1 <= len(found) <= width
    assert all(math.exp(one.score) <= wanted[one.classes] * (1 + 1e-9) for one in found)
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)


@given(tables(), st.data())
def test_the_word_that_is_found_is_the_most_probable_of_the_list(table: Floats, data: st.DataObject) -> None:
    wanted = totals(table)
    words = data.draw(st.lists(st.sampled_from([*wanted, (1,) * 9]), min_size=1, max_size=12))
    lattice = Lattice.scaled(table, 0)
    best = max(wanted.get(word, 0.0) for word in words)
    hit = Trie.of(words).search(lattice, -math.inf)
    if not best:
        assert hit is None
        return
    assert hit is not None
    assert wanted[words[hit.word]] == pytest.approx(best)
    assert math.exp(hit.score) == pytest.approx(best)
    assert hit.word == words.index(words[hit.word]), "of equal words the first"
    assert Trie.of(words).search(lattice, math.log(best) + 1e-6) is None
    assert Trie.of(words).search(lattice, math.log(best) - 1e-6) == hit


@given(tables(), st.data())
def test_relief_admits_a_word_by_its_weight_and_still_finds_the_most_probable(
    table: Floats, data: st.DataObject
) -> None:
    wanted = totals(table)
    words = data.draw(st.lists(st.sampled_from(list(wanted)), min_size=1, max_size=8, unique=True))
    weights = data.draw(st.lists(st.integers(0, 3), min_size=len(words), max_size=len(words)))
    least, always = data.draw(st.floats(-8, 0)), data.draw(st.floats(-9, 0))
    hit = Trie.of(words, weights).search(Lattice.scaled(table, 0), least, 1.0, always)
    scores = [math.log(wanted[word]) for word in words]
    assert (hit is not None) == any(s >= max(least - w, always) for s, w in zip(scores, weights, strict=True))
    assert hit is None or hit.score == pytest.approx(max(scores))


PATTERNS = [
    "a*b",
    "(a|b)c?",
    "aa",
    "[ab]{2,3}",
    "a(?:b|c)*",
    ".*",
    "(ab|ba)+c?",
    "",
    "a|bb",
    "[^a]",
    "(a*)*b",
    "c{0}a?",
]


@given(tables(least=4), st.sampled_from(PATTERNS))
def test_the_text_of_a_pattern_is_that_of_the_most_probable_path(table: Floats, pattern: str) -> None:
    symbols = "abc"
    allowed = {
        path: probability
        for path, probability in paths(table).items()
        if re.fullmatch(pattern, "".join(symbols[label - 1] for label in labelling(path)))
    }
    automaton = compile_pattern(parse(pattern), symbols, frozenset(symbols))
    found = Tracks.of(automaton, lambda symbol: symbols.index(symbol) + 1).best(Lattice.scaled(table, 0))
    if not allowed:
        assert found is None
        return
    assert found is not None
    assert re.fullmatch(pattern, "".join(symbols[label - 1] for label in found))
    best = max(allowed.values())
    assert max(p for path, p in allowed.items() if labelling(path) == tuple(found)) == pytest.approx(best)


atoms = st.sampled_from(["a", "b", ".", "[ab]", "[^b]", r"\d", "1", r"\.", "(?:ab|1)", "(b)", "[a-c1]"])
counts = st.sampled_from(["", "", "*", "+", "?", "{2}", "{1,2}", "{,2}", "{2,}", "*?"])
chains = st.lists(st.tuples(atoms, counts).map("".join), max_size=4).map("".join)


@settings(max_examples=300)
@given(st.lists(chains, min_size=1, max_size=3).map("|".join), st.text("abc1.", max_size=6))
def test_an_automaton_accepts_what_re_accepts(pattern: str, text: str) -> None:
    symbols = "abc1."
    automaton = compile_pattern(parse(pattern), symbols, frozenset(symbols))
    assert automaton.matches(text) == bool(re.fullmatch(pattern, text))


@given(tables(), st.booleans())
def test_columns_of_a_folded_lattice_are_sums(table: Floats, fold_case: bool) -> None:
    wide = np.concatenate([table, table], axis=1)[:, :5] / 2  # blank, a, A, ., b
    charset = Charset(("a", "A", ".", "b"))
    wide = np.pad(wide, ((0, 0), (0, 5 - wide.shape[1])))
    alphabet = Alphabet.of(["a"], frozenset("."), charset, None, fold_case)
    lattice, labels = alphabet.lattice(wide.astype(np.float32), "aA.b")
    blank, b = wide[:, 0] + wide[:, 3], wide[:, 4]
    columns = [blank, wide[:, 1] + wide[:, 2], b] if fold_case else [blank, wide[:, 1], wide[:, 2], b]
    assert labels == ([1, 1, 2] if fold_case else [1, 2, 3])
    wanted = Lattice.scaled(np.stack(columns, axis=1))
    np.testing.assert_allclose(lattice.columns, wanted.columns, rtol=1e-5)
    assert lattice.scale == pytest.approx(wanted.scale, rel=1e-5)
