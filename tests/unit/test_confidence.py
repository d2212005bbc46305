from __future__ import annotations

from collections.abc import Sequence

import pytest

from wordsight.recognition.confidence import calibrated
from wordsight.types import Span


def spans(*probabilities: float) -> Sequence[Span]:
    count = len(probabilities)
    return [Span("x", i / count, (i + 1) / count, p) for i, p in enumerate(probabilities)]


def test_no_text_has_no_confidence() -> None:
    assert calibrated(()) == 0.0


@pytest.mark.parametrize("probabilities", [(0.0,), (1.0,), (1.0, 0.0), (1e-30, 1e-30), (1.0,) * 400, (0.5,) * 400])
def test_extremes_stay_probabilities(probabilities: tuple[float, ...]) -> None:
    assert 0 <= calibrated(spans(*probabilities)) <= 1


def test_surer_characters_make_a_surer_text() -> None:
    for low, high in [(0.2, 0.4), (0.4, 0.6), (0.6, 0.8), (0.8, 0.9), (0.9, 0.99), (0.99, 0.9999)]:
        assert calibrated(spans(low)) < calibrated(spans(high))
        assert calibrated(spans(0.99, low, 0.95)) < calibrated(spans(0.99, high, 0.95))


def test_one_doubtful_character_makes_the_text_doubtful() -> None:
    sure, doubtful = calibrated(spans(*[0.999] * 8)), calibrated(spans(*[0.999] * 7, 0.3))
    assert sure > 0.9
    assert doubtful < 0.5


def test_the_order_does_not_matter() -> None:
    assert calibrated(spans(0.5, 0.9, 0.7)) == pytest.approx(calibrated(spans(0.9, 0.7, 0.5)), abs=1e-12)
