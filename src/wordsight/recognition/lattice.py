"""Lattices: the probabilities of one crop in the few classes that a search needs, and exact sums over paths in them.

A path gives every frame one column; joining repeats and dropping blanks makes it a labelling. The probability of a
labelling is the sum over its paths (Graves et al., "Connectionist Temporal Classification", ICML 2006, equation 3).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]

FLOOR = 1e-7
"""Least probability of a column in a frame: networks in bf16 round to 0 what a list of words can still explain."""
TOGETHER = 256
"""So many rows are multiplied at a time, which bounds the memory."""


@dataclass(frozen=True)
class Lattice:
    """Probabilities of one text.

    Attributes:
        columns: (T, K) float64; column 0 is the blank. Rows are scaled so that the greatest value of each is 1, which
            keeps products of many frames far from 0.
        scale: Natural log of what all rows together were divided by.
    """

    columns: Doubles
    scale: float = 0.0
    _known: dict[int, Doubles] = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def scaled(cls, probabilities: NDArray[np.floating], floor: float = FLOOR) -> Lattice:
        """A lattice of probabilities (T, K); none is taken to be less than ``floor``."""
        columns = np.maximum(probabilities.astype(np.float64), floor)
        greatest = columns.max(axis=1, initial=floor, keepdims=True)
        return cls(columns / np.maximum(greatest, np.finfo(float).tiny), float(np.log(greatest).sum()))

    def __len__(self) -> int:
        """Number of frames."""
        return len(self.columns)

    @cached_property
    def rest(self) -> Doubles:
        """(T,) what all labellings together can make of the frames after each."""
        sums = np.append(self.columns.sum(axis=1)[1:], 1.0)
        return np.asarray(np.cumprod(sums[::-1])[::-1])

    @cached_property
    def empty(self) -> Doubles:
        """(1, T) probability that blanks fill the first frames, up to each."""
        return np.asarray(self.columns[None, :, 0].cumprod(axis=1))

    @cached_property
    def gaps(self) -> Doubles:
        """(T, T) probability that blanks fill the frames after one frame (row), up to another (column)."""
        return np.triu(self._runs(np.zeros(1, np.intp))[0], 1)

    def lasting(self, starts: Doubles, labels: NDArray[np.intp]) -> Doubles:
        """(A, T) probability that a label was reached and still lasts, from that of its start in each frame (A, T)."""
        sums = np.empty_like(starts)
        for at in range(0, len(starts), TOGETHER):
            part = slice(at, at + TOGETHER)
            sums[part] = np.matmul(starts[part, None], self._runs(labels[part]))[:, 0]
        return sums

    def _runs(self, labels: NDArray[np.intp]) -> Doubles:
        """(A, T, T) probability that a column that starts in a frame (row) lasts until another (column)."""
        unknown = [label for label in set(labels.tolist()) if label not in self._known]
        if unknown:
            frames = np.arange(len(self))
            later = frames[:, None] < frames
            steps = np.where(later, self.columns.T[unknown][:, None], 1.0).cumprod(axis=2)
            steps *= frames[:, None] <= frames
            self._known.update(zip(unknown, steps, strict=True))
        return np.stack([self._known[label] for label in labels.tolist()])

    def likelihood(self, labels: Sequence[int]) -> float:
        """Natural log of the probability of one labelling, its columns from left to right; -inf where impossible."""
        label, blank, last = np.zeros_like(self.empty), self.empty, -1
        for column in labels:
            reach = later(blank if column == last else label + blank, float(last < 0))
            label = self.lasting(reach * self.columns[:, column], np.array([column]))
            blank, last = label @ self.gaps, column
        total = float(label[0, -1] + blank[0, -1])
        return math.log(total) + self.scale if total > 0 else -math.inf

    def likelihoods(self, words: Sequence[Sequence[int]]) -> Doubles:
        """(N,) natural logs of the probabilities of N labellings: the forward algorithm, over all words at once."""
        if not words:
            return np.zeros(0)
        lengths = np.array([len(word) for word in words])
        states = np.zeros((len(words), 2 * int(lengths.max()) + 1), np.intp)  # blank, label, blank, label, ..., blank
        for row, word in zip(states, words, strict=True):
            row[1 : 2 * len(word) : 2] = word
        leaps = np.zeros(states.shape, bool)  # a label may follow another directly
        leaps[:, 3::2] = states[:, 3::2] != states[:, 1:-2:2]
        alpha = np.zeros(states.shape)
        alpha[:, 0] = 1.0  # as after a blank before the first frame
        logs = np.full(len(words), self.scale)
        for frame in self.columns:
            before = alpha
            alpha = before.copy()
            alpha[:, 1:] += before[:, :-1]
            alpha[:, 2:] += np.where(leaps[:, 2:], before[:, :-2], 0.0)
            alpha *= frame[states]
            greatest = alpha.max(axis=1, keepdims=True)
            alpha /= np.where(greatest > 0, greatest, 1.0)
            with np.errstate(divide="ignore"):
                logs += np.log(greatest[:, 0])
        rows = np.arange(len(words))
        last = alpha[rows, 2 * lengths] + np.where(lengths > 0, alpha[rows, 2 * lengths - 1], 0.0)
        with np.errstate(divide="ignore"):
            return np.asarray(logs + np.log(last))

    def align(self, labels: Sequence[int]) -> NDArray[np.intp]:
        """The most probable path of a labelling.

        Returns:
            (T,) for each frame the number of its label, from 0, or -1 for a blank.

        Raises:
            ValueError: The lattice has too few frames for the labelling.
        """
        states = np.zeros(2 * len(labels) + 1, np.intp)
        states[1::2] = labels
        leaps = np.zeros(len(states), bool)
        leaps[3::2] = states[3::2] != states[1:-2:2]
        with np.errstate(divide="ignore"):
            scores = np.log(self.columns)[:, states]
        best = np.full(len(states), -math.inf)
        best[:2] = 0.0
        steps = np.zeros(scores.shape, np.intp)  # how many states back each came from
        for number, frame in enumerate(scores):
            if number:
                one = np.append(-math.inf, best[:-1])
                two = np.where(leaps, np.append([-math.inf] * 2, best[:-2])[: len(states)], -math.inf)
                options = np.stack([best, one, two])
                steps[number] = options.argmax(axis=0)
                best = options.max(axis=0)
            best = best + frame
        state = len(states) - 1
        if len(labels) and best[state - 1] > best[state]:
            state -= 1
        if best[state] == -math.inf:
            raise ValueError(f"{len(self)} frames are too few for {len(labels)} characters")
        path = np.full(len(self), -1, np.intp)
        for number in range(len(self) - 1, -1, -1):
            path[number] = state // 2 if state % 2 else -1
            state -= int(steps[number, state])
        return path


def later(values: Doubles, first: float = 0.0) -> Doubles:
    """Values (A, T) moved on by one frame, with ``first`` in the first."""
    moved = np.empty_like(values)
    moved[:, 0] = first
    moved[:, 1:] = values[:, :-1]
    return moved
