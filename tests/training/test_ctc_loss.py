"""The losses of a recognizer: right values, silence where the labels are silent, no infinite losses."""

from __future__ import annotations

import itertools
import math

import pytest

torch = pytest.importorskip("torch")

from wordsight.charset import Charset  # noqa: E402
from wordsight.training.ctc import Folding, ctc_loss, distillation, frames_needed, likeness  # noqa: E402

CHARSET = Charset.pp_ocr("abAB-")
NONE: frozenset[str] = frozenset()
CASE = frozenset({"case"})
SIGNS = frozenset({"punctuation"})


def collapse(path):
    return "".join(CHARSET.symbol(c) for c, _ in itertools.groupby(path) if c)


def by_hand(logits, wanted, same=lambda text: text):
    """Probability of a text: the sum over all paths that say it."""
    table = logits.softmax(-1)
    paths = itertools.product(range(len(CHARSET)), repeat=len(table))
    return sum(
        math.prod(float(table[t, c]) for t, c in enumerate(path)) for path in paths if same(collapse(path)) == wanted
    )


def test_the_loss_is_the_sum_over_all_paths():
    logits = torch.randn(1, 4, len(CHARSET), generator=torch.Generator().manual_seed(0))
    loss = ctc_loss(logits, ["aB"], [NONE], CHARSET)
    assert float(loss) == pytest.approx(-math.log(by_hand(logits[0], "aB")) / 2, rel=1e-4)


def test_case_that_is_not_told_does_not_matter():
    logits = torch.randn(1, 3, len(CHARSET), generator=torch.Generator().manual_seed(1))
    losses = [float(ctc_loss(logits, [text], [CASE], CHARSET)) for text in ("ab", "AB", "aB")]
    assert losses[0] == pytest.approx(losses[1]) == pytest.approx(losses[2])
    # "aA" written in two frames is one letter in a folded path: a folded loss sees "a".
    assert losses[0] < float(ctc_loss(logits, ["ab"], [NONE], CHARSET))


def test_signs_that_are_not_told_may_be_written_or_not():
    charset_path = torch.full((1, 3, len(CHARSET)), -20.0)
    for frame, symbol in enumerate("a-b"):
        charset_path[0, frame, CHARSET.symbols.index(symbol) + 1] = 20.0
    assert float(ctc_loss(charset_path, ["ab"], [SIGNS], CHARSET)) == pytest.approx(0, abs=1e-4)
    assert float(ctc_loss(charset_path, ["a-b"], [SIGNS], CHARSET)) == pytest.approx(0, abs=1e-4)
    assert float(ctc_loss(charset_path, ["ab"], [NONE], CHARSET)) > 5


def test_the_loss_of_a_silent_label_leaves_the_case_as_it_is():
    logits = torch.zeros(1, 4, len(CHARSET), requires_grad=True)
    ctc_loss(logits, ["ab"], [CASE], CHARSET).backward()
    gradient = logits.grad[0].sum(0)
    lower, upper = (CHARSET.symbols.index(symbol) + 1 for symbol in "aA")
    assert float(gradient[lower]) == pytest.approx(float(gradient[upper]), rel=1e-4)
    assert float(gradient[lower]) < 0


def test_what_cannot_be_written_is_passed_over():
    assert frames_needed([1, 1, 2]) == 4 and frames_needed([1, 2, 1]) == 3
    logits = torch.randn(4, 3, len(CHARSET), requires_grad=True)
    loss = ctc_loss(logits, ["aab", "abab", "x", None], [NONE] * 4, CHARSET)
    assert loss.item() == 0
    loss.backward()
    assert float(logits.grad.abs().sum()) == 0
    alone = ctc_loss(logits[:1], ["ab"], [NONE], CHARSET)
    mixed = ctc_loss(logits, ["ab", "abab", "x", None], [NONE, CASE, SIGNS, NONE], CHARSET)
    torch.testing.assert_close(alone, mixed)


def test_folding_keeps_probabilities():
    fold = Folding(CHARSET, {"case", "punctuation"})
    table = fold.log_probabilities(torch.randn(2, 5, len(CHARSET))).exp()
    torch.testing.assert_close(table.sum(-1), torch.ones(2, 5), atol=1e-5, rtol=0)
    assert fold.target("A-b") == [1, 2] and fold.target("ab?") is None


def test_a_network_equal_to_its_teacher_has_nothing_to_learn():
    logits = torch.randn(2, 6, 9)
    assert float(distillation(logits, logits)) == pytest.approx(0, abs=1e-6)
    assert float(distillation(logits, logits + torch.randn(2, 6, 9))) > 0.05
    assert float(likeness(logits, logits)) == 0
    assert float(likeness(torch.zeros(2, 6, 9), logits)) == pytest.approx(1, abs=0.1)
