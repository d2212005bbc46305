"""Settings: frozen, with bounds, refused with a sentence when wrong."""

from __future__ import annotations

import difflib
import numbers
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import platformdirs

from wordsight.errors import ConfigError

Quality = Literal["fast", "balanced", "best"]
"""Working size and thresholds of a reader as one choice."""
Engine = Literal["auto", "openvino", "onnxruntime"]
"""What runs networks; ``auto`` is OpenVINO where it is installed."""
Precision = Literal["auto", "f32", "bf16"]
"""In which numbers; ``auto`` is bf16 where OpenVINO finds it in the processor. ONNX Runtime is always float32."""
Format = Literal["text", "json", "jsonl", "csv"]
"""How results are written."""
Task = Literal["detection", "end-to-end", "page-words", "recognition", "fields"]
"""What is measured."""

MIN_CONFIDENCE = 0.3
"""Words below this confidence are left out."""
PADDING = 0.05
"""Margin around a text when it is read, in shares of its height."""
MAX_PIXELS = 100_000_000
"""Pictures with more pixels are refused."""


def home() -> Path:
    """Folder of taught models and caches: ``WORDSIGHT_HOME``, else the platform's place for user data."""
    return Path(os.environ.get("WORDSIGHT_HOME") or platformdirs.user_data_path("wordsight", appauthor=False))


def cache_folder() -> Path:
    """Folder of files that can be made again at any time."""
    return home() / "cache"


def check_choice(name: str, value: str, choices: Iterable[str]) -> str:
    """The value, if it is one of the choices.

    Raises:
        ConfigError: It is not; the message names the nearest choice.
    """
    known = sorted(choices)
    if isinstance(value, str) and value in known:
        return value
    near = difflib.get_close_matches(value, known, n=1) if isinstance(value, str) else []
    hint = f"did you mean {near[0]!r}?" if near else f"choose one of: {', '.join(known)}"
    raise ConfigError(f"{name} {value!r} is unknown; {hint}")


def check_range(name: str, value: float, low: float, high: float) -> None:
    """Refuse a number outside of ``low``..``high``, both included.

    Raises:
        ConfigError: It is outside, or not a number.
    """
    if not isinstance(value, numbers.Real) or not low <= value <= high:
        raise ConfigError(f"{name} must lie between {low:g} and {high:g}, not {value!r}")


def check_whole(name: str, value: int, low: int, high: int) -> None:
    """Refuse anything but a whole number in ``low``..``high``, both included.

    Raises:
        ConfigError: It is outside, or no whole number.
    """
    if not isinstance(value, numbers.Integral) or isinstance(value, bool) or not low <= value <= high:
        raise ConfigError(f"{name} must be a whole number from {low} to {high}, not {value!r}")


def check_type(name: str, value: object, kind: type, words: str) -> None:
    """Refuse a value of another type; ``words`` say what is wanted.

    Raises:
        ConfigError: It is another.
    """
    if not isinstance(value, kind):
        raise ConfigError(f"{name} must be {words}, not {value!r}")
