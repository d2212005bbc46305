"""Lexicons: the word of a list that a lattice makes most probable.

The paper on CRNN (Shi, Bai, Yao, TPAMI 2017, section 2.3.2) takes the words within an edit distance of 3 of the greedy
text, found by a BK-tree, and scores each by its CTC probability. Here the words form a trie, and the forward algorithm
runs down the trie, so that words share the work for their common beginnings; a beginning is dropped when all texts
that start with it are together less probable than the bound. The answer is exact, for short lists and long, and no
word is missed because the greedy text was far off.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wordsight.recognition.lattice import Doubles, Lattice, later

Ints = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Hit:
    """A word that was found: its number in the list and the natural log of its probability."""

    word: int
    score: float


@dataclass(frozen=True, slots=True, eq=False)
class Trie:
    """Words as a tree of their beginnings. Node 0 is the empty one; the nodes of each length stand together.

    Attributes:
        labels: (nodes,) last label of each beginning.
        first: (nodes + 1,) children of node n are the nodes ``first[n]`` to ``first[n + 1] - 1``.
        words: (nodes,) number of the word that ends here, -1 where none does.
        own: (nodes,) weight of the word that ends here.
        most: (nodes,) greatest weight of the words that start so.
    """

    labels: Ints
    first: Ints
    words: Ints
    own: Doubles
    most: Doubles

    @classmethod
    def of(cls, words: Sequence[Sequence[int]], weights: Sequence[float] = ()) -> Trie:
        """The trie of words, each a row of labels from 1, with their weights; of equal words the first counts."""
        lengths = np.array([len(word) for word in words], np.intp)
        table = np.zeros((len(words), int(lengths.max(initial=0)) + 1), np.int32)
        for row, word in zip(table, words, strict=True):
            row[: len(word)] = word
        order = np.lexsort(table.T[::-1])  # stable: equal words stay in the order of the list
        table, lengths = table[order], lengths[order]
        differs = np.ones(table.shape, bool)
        differs[1:] = np.logical_or.accumulate(table[1:] != table[:-1], axis=1)
        nodes = np.zeros(len(words), np.intp)  # of each word the node of its beginning so far
        labels, parents = [np.zeros(1, np.intp)], [np.zeros(0, np.intp)]
        count = 1
        for length in range(1, table.shape[1]):
            long = lengths >= length
            new = long & (differs[:, length - 1] | ~np.append(False, long[:-1]))
            parents.append(nodes[new])
            labels.append(table[new, length - 1].astype(np.intp))
            nodes = np.where(long, count - 1 + np.cumsum(new), nodes)
            count += int(new.sum())
        ended = np.full(count, -1, np.intp)
        ended[nodes[::-1]] = order[::-1]  # written backwards, so that the first of equal words stays
        above = np.concatenate(parents)
        first = np.searchsorted(above, np.arange(count + 1)) + 1
        own = np.zeros(count)
        if weights:
            own[ended >= 0] = np.asarray(weights)[ended[ended >= 0]]
        most = own.copy()
        end = count
        for level in reversed(parents):
            np.maximum.at(most, level, most[end - len(level) : end])
            end -= len(level)
        return cls(np.concatenate(labels), first, ended, own, most)

    def search(self, lattice: Lattice, least: float, relief: float = 0.0, always: float = -math.inf) -> Hit | None:
        """The most probable word.

        Args:
            lattice: Where to look.
            least: Natural log of the probability that it must have,
            relief: less this for each unit of its weight,
            always: but not less than this.
        """

        def bounds(weights: Doubles) -> Doubles:
            logs = np.maximum(least - relief * weights, always) - lattice.scale
            return np.asarray(np.exp(np.maximum(logs, -700.0)) * (1 - 1e-9))

        found = Hit(-1, 0.0)
        front = _Front.root(lattice)
        while len(front.nodes):
            totals = front.label[:, -1] + front.blank[:, -1]
            totals[(self.words[front.nodes] < 0) | (totals < bounds(self.own[front.nodes]))] = 0.0
            if totals.max() > found.score:
                at = int(totals.argmax())
                found = Hit(int(self.words[front.nodes[at]]), float(totals[at]))
            nodes, labels, starts = self._next(front, lattice)
            kept = np.flatnonzero(starts @ lattice.rest >= np.maximum(bounds(self.most[nodes]), found.score))
            front = _Front.of(nodes[kept], labels[kept], starts[kept], lattice)
        if found.word < 0:
            return None
        score = math.log(found.score) + lattice.scale
        if relief:
            # A word of less weight may be more probable, and was passed over: the bound is now the same for all.
            return self.search(lattice, score)
        return Hit(found.word, score)

    def _next(self, front: _Front, lattice: Lattice) -> tuple[Ints, Ints, Doubles]:
        """The beginnings that are one label longer: nodes (B,), labels (B,), probabilities of their start (B, T)."""
        counts = self.first[front.nodes + 1] - self.first[front.nodes]
        parents = np.repeat(np.arange(len(counts)), counts)
        within = np.arange(len(parents)) - np.repeat(np.cumsum(counts) - counts, counts)
        nodes = self.first[front.nodes][parents] + within
        labels = self.labels[nodes]
        again = labels == self.labels[front.nodes][parents]  # a label repeats only after a blank
        reach = front.both[parents]
        reach[again] = front.gap[parents[again]]
        return nodes, labels, reach * lattice.columns.T[labels]


@dataclass(frozen=True, slots=True, eq=False)
class _Front:
    """Beginnings under way.

    Attributes:
        nodes: (A,) their nodes.
        label: (A, T) probability that the frames up to each spell the beginning and end in its last label.
        blank: (A, T) the same, and end in a blank.
        both, gap: (A, T) their sum, and ``blank``, one frame later: what a next label can start from.
    """

    nodes: Ints
    label: Doubles
    blank: Doubles
    both: Doubles
    gap: Doubles

    @classmethod
    def root(cls, lattice: Lattice) -> _Front:
        start = later(lattice.empty, 1.0)
        return cls(np.zeros(1, np.intp), np.zeros_like(start), lattice.empty, start, start)

    @classmethod
    def of(cls, nodes: Ints, labels: Ints, starts: Doubles, lattice: Lattice) -> _Front:
        """From the probabilities (A, T) that the last label starts in each frame."""
        label = lattice.lasting(starts, labels)
        blank = label @ lattice.gaps
        return cls(nodes, label, blank, later(label + blank), later(blank))
