"""The terminal shows validations and ends with the run's last event."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

pytest.importorskip("torch")

from rich.console import Console

from wordsight.errors import ModelError
from wordsight.training.loop import Progress, Saved, Stopped, Validated
from wordsight.training.progress import show

EVENTS = [
    Progress(10, 5.0, 55.0, {"dice": 0.5, "box": 1.25}),
    Validated(20, 90.0, {"f": 0.5}, True),
    Saved(20, Path("checkpoint.safetensors")),
    Validated(40, 120.0, {"f": 0.4}, False),
    Stopped(40, 120.0, "finished"),
]


def test_validations_are_printed_and_the_end_is_returned():
    out = io.StringIO()
    assert show(EVENTS, Console(file=out, width=100)) == EVENTS[-1]
    lines = [line for line in out.getvalue().splitlines() if "min:" in line]
    assert lines == ["step 20, 1.5 min: f 0.500  best so far", "step 40, 2.0 min: f 0.400"]


def test_the_bar_shows_losses_on_a_terminal():
    out = io.StringIO()
    show(EVENTS, Console(file=out, width=120, force_terminal=True))
    assert "step 10  dice 0.500  box 1.250" in out.getvalue()


def test_a_run_that_ends_without_its_end_is_an_error():
    with pytest.raises(ModelError, match="without a word"):
        show(EVENTS[:2], Console(file=io.StringIO()))
