from __future__ import annotations

import math
from pathlib import Path

import platformdirs
import pytest

from wordsight.config import cache_folder, check_choice, check_range, home
from wordsight.errors import ConfigError
from wordsight.reader import Reader


def test_home_is_where_the_variable_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WORDSIGHT_HOME", str(tmp_path / "here"))
    assert home() == tmp_path / "here"
    assert home() in cache_folder().parents
    assert not home().exists()


@pytest.mark.parametrize("value", [None, ""])
def test_home_is_the_platforms_without_it(monkeypatch: pytest.MonkeyPatch, value: str | None) -> None:
    monkeypatch.delenv("WORDSIGHT_HOME", raising=False)
    if value is not None:
        monkeypatch.setenv("WORDSIGHT_HOME", value)
    assert home() == platformdirs.user_data_path("wordsight", appauthor=False)


def test_a_choice_is_returned() -> None:
    assert check_choice("colour", "red", ["red", "green"]) == "red"


@pytest.mark.parametrize(
    ("value", "hint"), [("gren", "did you mean 'green'?"), ("xyz", "choose one of: green, red"), ("", "green, red")]
)
def test_another_value_is_refused_with_the_nearest(value: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check_choice("colour", value, {"red", "green"})
    assert str(caught.value).startswith(f"colour {value!r} is unknown; ")
    assert hint in str(caught.value)


@pytest.mark.parametrize("value", [0, 0.5, 1, True])
def test_numbers_inside(value: float) -> None:
    check_range("share", value, 0, 1)


@pytest.mark.parametrize("value", [-0.001, 1.001, math.nan, math.inf, -math.inf])
def test_numbers_outside(value: float) -> None:
    with pytest.raises(ConfigError, match="share must lie between 0 and 1, not"):
        check_range("share", value, 0, 1)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"quality": "balancd"}, "did you mean 'balanced'"),
        ({"quality": None}, "quality"),
        ({"engine": "openvin"}, "openvino"),
        ({"precision": "int8"}, "precision"),
        ({"precision": "int8", "engine": "onnxruntime"}, "precision"),
        ({"language": "klingon"}, "language"),
        ({"detector": "dbnt"}, "did you mean 'dbnet'"),
        ({"recognizer": "svt"}, "did you mean 'svtr'"),
        ({"detector": object()}, "detect"),
        ({"recognizer": object()}, "recognize"),
        ({"detector": None}, "detector"),
        ({"min_confidence": -0.1}, "min_confidence"),
        ({"min_confidence": math.nan}, "min_confidence"),
        ({"min_confidence": "0.5"}, "min_confidence"),
        ({"padding": 2}, "padding"),
        ({"threads": 0}, "threads"),
        ({"threads": -1}, "threads"),
        ({"threads": 5000}, "threads"),
        ({"threads": 1.5}, "threads"),
        ({"threads": "2"}, "threads"),
        ({"limits": None}, "limits"),
        ({"allow": "\U0001f9ff"}, "allowed characters"),
    ],
)
def test_wrong_settings_of_a_reader(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Reader(**settings)  # type: ignore[arg-type]
