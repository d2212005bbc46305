"""The document tagger: which words of a page that was read are the value of which field.

A linear model (multinomial logistic regression) gives each token a probability for every field, from what it looks
like and what stands around it; then the best run of tokens is taken for each field, weighed by where values start,
go on and end, and by the forms that were seen.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from wordsight import geometry
from wordsight.errors import WeightsCorrupt
from wordsight.fields import look
from wordsight.fields.tokens import Token, join
from wordsight.fields.values import plain
from wordsight.types import Floats, Quad

START = 0.02
"""A value starts only at a token that is at least so probably part of it."""
GO_ON = 0.005
"""It ends before a token that is less probably part of it."""
TRIED = 30
"""Runs of tokens whose form is looked at, for each field."""
TINY = 1e-5
GLUED, SPACED, BROKEN = 0, 1, 2
"""How a token follows the one before: without a space, after one, on another line."""


@dataclass(frozen=True, slots=True)
class Span:
    """A run of tokens that may be the value of a field.

    Attributes:
        start: Index of its first token.
        end: Index after its last.
        score: Log-odds that it is the value, as far as the tagger knows.
        margin: By how much it is better than the next best with another text.
        familiar: Share of the training values that have its form.
        weakest: Log-odds of the token that is least probably part of it.
    """

    start: int
    end: int
    score: float
    margin: float
    familiar: float
    weakest: float


@dataclass(frozen=True, slots=True, eq=False)
class Tagger:
    """A trained tagger; immutable.

    Attributes:
        labels: The fields; class k + 1 is ``labels[k]``, class 0 is none of them.
        names: Row of each name in ``weights``.
        weights: (N + D + 1, K + 1) float32: names, then numbers, then the constant.
        mean: (D,) subtracted from the numbers.
        spread: (D,) what they are divided by.
        starts: (3, K + 1) log of how often a value starts glued, after a space, on a new line.
        goes_on: (3, K + 1, 2) log of how often a value stops or goes on there.
        forms: For each label the forms of its values, and how often each occurred.
        longest: For each label the number of tokens of its longest value.
    """

    labels: tuple[str, ...]
    names: Mapping[str, int]
    weights: Floats
    mean: Floats
    spread: Floats
    starts: Floats
    goes_on: Floats
    forms: tuple[Mapping[str, int], ...]
    longest: tuple[int, ...]

    def probabilities(self, tokens: Sequence[Token]) -> Floats:
        """Of each token (N) the probabilities of all classes: (N, K + 1) float32, rows sum to 1."""
        seen = look.Seen.of(tokens)
        rows = [[self.names[n] for n in set(own) if n in self.names] for own in seen.names]
        numbers = (seen.numbers - self.mean) / self.spread
        logits = np.stack([self.weights[own].sum(axis=0) for own in rows])
        logits += numbers @ self.weights[len(self.names) : -1] + self.weights[-1]
        logits -= logits.max(axis=1, keepdims=True)
        powers = np.exp(logits)
        result: Floats = (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
        return result

    def spans(self, tokens: Sequence[Token]) -> dict[str, list[Span]]:
        """Likely values of each label, the best first; no two of a label overlap."""
        if not tokens:
            return {label: [] for label in self.labels}
        table = np.clip(self.probabilities(tokens), TINY, 1 - TINY)
        steps = [BROKEN, *(follows(a, b) for a, b in pairwise(tokens))]
        found = {}
        for k, label in enumerate(self.labels):
            odds = np.log(table[:, k + 1]) - np.log1p(-table[:, k + 1])
            runs = self._runs(table[:, k + 1], steps, k)
            found[label] = self._choose(tokens, runs, odds, k)
        return found

    def _runs(self, chance: Floats, steps: Sequence[int], k: int) -> list[tuple[float, int, int]]:
        """The best runs of tokens for a label by probability and transitions: score, start, end."""
        odds = np.log(chance) - np.log1p(-chance)
        count = len(chance)
        runs = []
        # A field is always looked for, at its likeliest token at least: how sure it is, is judged later.
        for start in np.flatnonzero(chance >= min(START, float(chance.max()))).tolist():
            score = float(self.starts[steps[start], k + 1])
            for at in range(start, min(count, start + self.longest[k] + 2)):
                if at > start:
                    if chance[at] < GO_ON:
                        break
                    score += float(self.goes_on[steps[at], k + 1, 1])
                score += float(odds[at])
                end = float(self.goes_on[steps[at + 1], k + 1, 0]) if at + 1 < count else 0.0
                runs.append((score + end, start, at + 1))
        return sorted(runs, reverse=True)[:TRIED]

    def _choose(self, tokens: Sequence[Token], runs: list[tuple[float, int, int]], odds: Floats, k: int) -> list[Span]:
        """Runs weighed by their form, without those that overlap a better one."""
        total = sum(self.forms[k].values())
        # Forms count as much as they repeat: those of dates do, those of addresses do not.
        weight = sum(count for count in self.forms[k].values() if count > 1) / max(total, 1)
        weighed = []
        for score, start, end in runs:
            seen = self.forms[k].get(span_form(tokens[start:end]), 0)
            share = (seen + 0.5) / (total + 1)
            weighed.append((score + weight * math.log(share), start, end, share))
        weighed.sort(reverse=True)
        chosen: list[Span] = []
        for i, (score, start, end, share) in enumerate(weighed):
            if any(start < other.end and end > other.start for other in chosen):
                continue
            text = plain(join(tokens[start:end]))
            rivals = (s for s, a, b, _ in weighed[i + 1 :] if plain(join(tokens[a:b])) != text)
            weakest = float(odds[start:end].min())
            chosen.append(Span(start, end, score, score - next(rivals, score - 10.0), share, weakest))
        return chosen

    def dump(self) -> bytes:
        """The tagger as JSON."""
        record = {
            "labels": self.labels,
            "names": list(self.names),
            "weights": np.round(self.weights.astype(float), 5).tolist(),
            "mean": self.mean.astype(float).tolist(),
            "spread": self.spread.astype(float).tolist(),
            "starts": self.starts.astype(float).tolist(),
            "goes_on": self.goes_on.astype(float).tolist(),
            "forms": self.forms,
            "longest": self.longest,
        }
        return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()

    @classmethod
    def parse(cls, data: bytes) -> Tagger:
        """The tagger of a model file.

        Raises:
            WeightsCorrupt: The data are not what :meth:`dump` writes.
        """
        try:
            record: dict[str, Any] = json.loads(data)
            names = {str(name): row for row, name in enumerate(record["names"])}
            arrays = {key: np.array(record[key], np.float32) for key in _ARRAYS}
            tagger = cls(
                labels=tuple(str(label) for label in record["labels"]),
                names=names,
                forms=tuple({str(f): int(n) for f, n in forms.items()} for forms in record["forms"]),
                longest=tuple(int(length) for length in record["longest"]),
                **arrays,
            )
            tagger._check()
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise WeightsCorrupt(f"the tagger of this model is broken ({error}); export or teach it again") from error
        return tagger

    def _check(self) -> None:
        classes, numbers = len(self.labels) + 1, len(self.mean)
        shapes = {
            "weights": (len(self.names) + numbers + 1, classes),
            "mean": (look.NUMBERS,),
            "spread": (look.NUMBERS,),
            "starts": (3, classes),
            "goes_on": (3, classes, 2),
        }
        for key, shape in shapes.items():
            array = getattr(self, key)
            if array.shape != shape or not np.isfinite(array).all():
                raise ValueError(f"{key} is not {shape} finite numbers")
        if not len(self.forms) == len(self.longest) == len(self.labels) or not (self.spread > 0).all():
            raise ValueError("the labels are not described")


_ARRAYS = ("weights", "mean", "spread", "starts", "goes_on")


def follows(before: Token, after: Token) -> int:
    """How a token follows another: ``GLUED``, ``SPACED`` or ``BROKEN``."""
    if before.line != after.line:
        return BROKEN
    return SPACED if after.space else GLUED


def span_form(tokens: Sequence[Token]) -> str:
    """The form of a run of tokens: their shapes, at most 40 characters."""
    parts = ((" " if token.space and i else "") + look.shape(token.text) for i, token in enumerate(tokens))
    return "".join(parts)[:40]


def outline(tokens: Sequence[Token]) -> Quad:
    """The smallest quad around tokens, turned as the first of them is."""
    points = np.concatenate([token.quad.points for token in tokens])
    direction = geometry.directions(tokens[0].quad.points[None])[0]
    return Quad(geometry.around(points, direction))
