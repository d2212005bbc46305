"""Training the document tagger: from pages that were read and the values of their fields."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from wordsight.errors import ManifestError
from wordsight.fields import look
from wordsight.fields.document import BROKEN, Tagger, follows, span_form
from wordsight.fields.tokens import Token
from wordsight.training.align import find_value, with_signs
from wordsight.types import Floats

STRENGTH = 1.0
"""Inverse of the weight of the L2 penalty, chosen by cross-validation on sroie."""
RARE = 2
"""Names that occur on fewer pages are not learned from."""
ROUNDS = 300


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """A page to learn from.

    Attributes:
        name: Its picture.
        tokens: Its tokens in reading order.
        spans: For each field where its values stand among the tokens; empty where they were not read.
        seen: What the tagger sees of it.
    """

    name: str
    tokens: tuple[Token, ...]
    spans: Mapping[str, tuple[range, ...]]
    seen: look.Seen

    @classmethod
    def of(cls, name: str, tokens: Sequence[Token], fields: Mapping[str, Sequence[str]]) -> Document:
        """Find the values of fields among the tokens of a page."""
        spans = {
            label: tuple(with_signs(tokens, found, value) for value in values for found in find_value(tokens, value))
            for label, values in fields.items()
        }
        return cls(name, tuple(tokens), spans, look.Seen.of(tokens))


def train_tagger(documents: Sequence[Document], labels: Sequence[str]) -> Tagger:
    """Train a tagger; takes about a second for a hundred pages.

    Args:
        documents: Pages to learn from.
        labels: The fields.

    Raises:
        ManifestError: A field was found on no page.
    """
    for label in labels:
        if not any(document.spans.get(label) for document in documents):
            raise ManifestError(
                f"no value of {label!r} was found in the text of any page; check that the labels say what is printed"
            )
    documents = [document for document in documents if document.tokens]
    named = [document.seen.names for document in documents]
    counted = Counter(name for page in named for name in {name for own in page for name in own})
    names = {name: row for row, name in enumerate(sorted(n for n, count in counted.items() if count >= RARE))}
    numbers = np.concatenate([document.seen.numbers for document in documents])
    mean, spread = numbers.mean(axis=0), numbers.std(axis=0) + 1e-3
    classes = np.concatenate([_classes(document, labels) for document in documents])
    weights = _fit(_matrix(named, names), (numbers - mean) / spread, classes, len(labels))
    starts, goes_on = _steps(documents, labels)
    return Tagger(
        labels=tuple(labels),
        names=names,
        weights=weights,
        mean=mean.astype(np.float32),
        spread=spread.astype(np.float32),
        starts=starts,
        goes_on=goes_on,
        forms=tuple(_forms(documents, label) for label in labels),
        longest=tuple(
            max((len(span) for d in documents for span in d.spans.get(label, ())), default=1) for label in labels
        ),
    )


def _classes(document: Document, labels: Sequence[str]) -> NDArray[np.intp]:
    """Class of each token: k + 1 for the field ``labels[k]``, 0 for none."""
    classes = np.zeros(len(document.tokens), np.intp)
    for k, label in enumerate(labels):
        for span in document.spans.get(label, ()):
            classes[span.start : span.stop] = k + 1
    return classes


def _matrix(pages: Sequence[Sequence[Sequence[str]]], names: Mapping[str, int]) -> csr_matrix:
    """(tokens, names) 1 where a token has a name."""
    tokens = [own for page in pages for own in page]
    columns = [[names[name] for name in set(own) if name in names] for own in tokens]
    ends = np.cumsum([0, *map(len, columns)])
    flat = np.array([column for own in columns for column in own], np.intp)
    return csr_matrix((np.ones(len(flat), np.float32), flat, ends), (len(tokens), len(names)))


def _fit(names: csr_matrix, numbers: Floats, classes: NDArray[np.intp], count: int) -> Floats:
    """Weights (N + D + 1, K + 1) of a multinomial logistic regression."""
    model = LogisticRegression(C=STRENGTH, max_iter=ROUNDS, tol=1e-3)
    with threadpool_limits(1):  # products this small only get slower with more threads
        model.fit(hstack([names, csr_matrix(numbers)]).tocsr(), classes)
    weights = np.zeros((names.shape[1] + numbers.shape[1] + 1, count + 1), np.float32)
    weights[-1] = -20.0  # a class that never occurred stays improbable
    if len(model.classes_) == 2:  # scikit-learn keeps one row for two classes
        weights[:, model.classes_] = 0.0
        weights[:-1, model.classes_[1]], weights[-1, model.classes_[1]] = model.coef_[0], model.intercept_[0]
        return weights
    weights[:-1, model.classes_] = model.coef_.T
    weights[-1, model.classes_] = model.intercept_
    return weights


def _steps(documents: Sequence[Document], labels: Sequence[str]) -> tuple[Floats, Floats]:
    """Logs of how values start (3, K + 1) and go on (3, K + 1, 2), smoothed."""
    starts = np.full((3, len(labels) + 1), 0.5)
    goes_on = np.full((3, len(labels) + 1, 2), 1.0)
    for document in documents:
        tokens = document.tokens
        steps = [BROKEN, *(follows(a, b) for a, b in pairwise(tokens))]
        for k, label in enumerate(labels):
            for span in document.spans.get(label, ()):
                starts[steps[span.start], k + 1] += 1
                for at in range(span.start + 1, span.stop):
                    goes_on[steps[at], k + 1, 1] += 1
                if span.stop < len(tokens):
                    goes_on[steps[span.stop], k + 1, 0] += 1
    shares = np.log(starts / starts.sum(axis=0)), np.log(goes_on / goes_on.sum(axis=2, keepdims=True))
    return shares[0].astype(np.float32), shares[1].astype(np.float32)


def _forms(documents: Sequence[Document], label: str) -> dict[str, int]:
    spans = ((document.tokens, span) for document in documents for span in document.spans.get(label, ()))
    return dict(Counter(span_form(tokens[span.start : span.stop]) for tokens, span in spans).most_common(300))
