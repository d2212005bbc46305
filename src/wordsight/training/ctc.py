"""Losses of a CTC recognizer: the text where it is known, the teacher's opinion everywhere.

CTC: Graves et al., "Connectionist Temporal Classification" (ICML 2006). Distillation: Hinton et al., "Distilling the
Knowledge in a Neural Network" (2015), frame by frame.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

from wordsight.charset import BLANK, Charset

FLOOR = 1e-12
"""Probabilities below this have no gradient in a folded loss."""


def frames_needed(target: Sequence[int]) -> int:
    """Frames without which CTC cannot write a target: one a character, one more between equal neighbours."""
    return len(target) + sum(a == b for a, b in itertools.pairwise(target))


class Folding:
    """Classes made equal where the labels of a set are silent about the difference.

    Where case is not told, a letter's two cases become one class, the lower one. Where punctuation is not told, signs
    count as the blank: the network may write them or not. So a loss says nothing about what the label does not say,
    and the network does not unlearn it.

    Args:
        charset: The classes.
        silent: "case", "punctuation", both or none.
    """

    def __init__(self, charset: Charset, silent: Iterable[str]) -> None:
        told = frozenset(silent)
        known = {symbol: index + 1 for index, symbol in enumerate(charset.symbols)}
        classes = [BLANK]
        for symbol in charset.symbols:
            if "punctuation" in told and not symbol.isalnum():
                classes.append(BLANK)
            else:
                lower = symbol.lower() if "case" in told else symbol
                classes.append(known.get(lower, known[symbol]))
        self.classes = torch.tensor(classes)
        self.changes = bool((self.classes != torch.arange(len(classes))).any())
        self._known = known

    def target(self, text: str) -> list[int] | None:
        """Classes of a text after folding; None where the charset lacks one of its characters."""
        found = []
        for symbol in text:
            if symbol not in self._known:
                return None
            folded = int(self.classes[self._known[symbol]])
            if folded != BLANK:
                found.append(folded)
        return found

    def log_probabilities(self, logits: Tensor) -> Tensor:
        """(..., C) logits to (..., C) log probabilities; a class that was folded into another has none left."""
        if not self.changes:
            return F.log_softmax(logits, -1)
        probabilities = F.softmax(logits, -1)
        folded = torch.zeros_like(probabilities).index_add(-1, self.classes, probabilities)
        return folded.clamp_min(FLOOR).log()


@lru_cache(maxsize=16)
def folding(charset: Charset, silent: frozenset[str]) -> Folding:
    """The folding of a charset, made once."""
    return Folding(charset, silent)


def ctc_loss(
    logits: Tensor, texts: Sequence[str | None], silences: Sequence[frozenset[str]], charset: Charset
) -> Tensor:
    """Mean CTC loss per character over the crops of a batch that have a text which can be learnt.

    A crop is passed over where its text is unknown, holds a character that the charset lacks, or needs more frames
    than there are: its loss would be infinite.

    Args:
        logits: (N, T, C).
        texts: What each crop says, or None.
        silences: What each text does not tell.
        charset: The C classes.

    Returns:
        A scalar; 0 where no crop can be learnt from.
    """
    total, count = logits.sum() * 0.0, 0
    for silent in sorted(set(silences), key=sorted):
        fold = folding(charset, silent)
        rows, targets = [], []
        for row, text in enumerate(texts):
            target = fold.target(text) if text is not None and silences[row] == silent else None
            if target and frames_needed(target) <= logits.shape[1]:
                rows.append(row)
                targets.append(target)
        if rows:
            lengths = torch.tensor([len(target) for target in targets])
            each = F.ctc_loss(
                fold.log_probabilities(logits[rows]).transpose(0, 1),
                torch.tensor([index for target in targets for index in target]),
                torch.full((len(rows),), logits.shape[1]),
                lengths,
                blank=BLANK,
                reduction="none",
                zero_infinity=True,
            )
            total = total + (each / lengths).sum()
            count += len(rows)
    return total / max(count, 1)


def distillation(logits: Tensor, teacher: Tensor) -> Tensor:
    """Kullback-Leibler divergence of a network's frames from its teacher's, mean over frames.

    Args:
        logits: (N, T, C) of the network.
        teacher: (N, T, C) of the teacher, the same classes.
    """
    known = F.log_softmax(teacher, -1)
    return (known.exp() * (known - F.log_softmax(logits, -1))).sum(-1).mean()


def likeness(features: Tensor, teacher: Tensor) -> Tensor:
    """Mean squared difference of features (N, T, D) over the teacher's variance: 1 where nothing is learnt yet."""
    return F.mse_loss(features, teacher) / teacher.var().clamp_min(1e-6)
