"""Damaged pictures of every format: each loads or raises an error of ours, soon, and without a warning.

The damage comes from benchmarks/hostile.py, which runs thousands of them.
"""

from __future__ import annotations

import importlib.util
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest

from wordsight.errors import WordsightError
from wordsight.image.load import Limits, load_pages


def _hostile() -> ModuleType:
    path = Path(__file__).parents[2] / "benchmarks" / "hostile.py"
    spec = importlib.util.spec_from_file_location("hostile", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["hostile"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


HOSTILE = _hostile()
SAMPLES = HOSTILE.samples()


@pytest.mark.parametrize("name", SAMPLES)
def test_the_undamaged_samples_load(name: str) -> None:
    pages = list(load_pages(SAMPLES[name]))
    assert len(pages) == (3 if name == "tiff pages" else 1)
    assert all(sorted(page.shape) == [3, 96, 160] for page in pages)
    assert all(page.mean() > 200 and page.min() < 140 for page in pages)  # dark words on white


@pytest.mark.parametrize("truncated", [False, True])
def test_damaged_pictures_load_or_raise_our_errors(truncated: bool) -> None:
    limits = Limits(truncated=truncated, pixels=1_000_000)
    tally = HOSTILE.Tally()
    for index, (name, data) in enumerate(HOSTILE.damaged(seed=11, count=200)):
        tally.add(index, name, data, lambda data: list(load_pages(data, limits)))
    assert [message for _, message, _ in tally.broken] == []
    assert tally.slowest[0] < 10
    outcomes = sum(tally.outcomes.values(), Counter())
    assert outcomes.total() == 200
    assert outcomes["read"] > 20  # the damage is not so great that decoders are never reached
    assert outcomes["NotAnImage"] > 20


def test_the_same_seed_gives_the_same_pictures() -> None:
    first, second = (list(HOSTILE.damaged(seed=3, count=40)) for _ in range(2))
    assert first == second
    assert first != list(HOSTILE.damaged(seed=4, count=40))


def test_the_tally_reports_what_it_should_not_see() -> None:
    def fail(data: bytes) -> object:
        raise KeyError(data)

    def refuse(data: bytes) -> object:
        raise WordsightError(data)

    tally = HOSTILE.Tally()
    tally.add(0, "png alpha", b"x", fail)
    tally.add(1, "png", b"y", refuse)
    assert tally.outcomes["png"] == {"BROKEN": 1, "WordsightError": 1}
    assert tally.broken == [(0, "png alpha: KeyError: b'x'", b"x")]
