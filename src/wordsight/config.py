"""Settings: frozen, with bounds, refused with a sentence when wrong."""

from __future__ import annotations

import difflib
import numbers
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
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
PdfText = Literal["auto", "never", "always"]
"""Whether the text that a PDF itself gives is used: where it is sound, never, or whatever it is."""
Task = Literal["detection", "end-to-end", "page-words", "recognition", "fields"]
"""What is measured."""

DETECTOR = "auto"
"""The detector where the user names none."""
MIN_CONFIDENCE = 0.3
"""Words below this confidence are left out."""
ENHANCE = "auto"
"""What is done to pictures before they are read, where the user says nothing."""
PADDING = 0.05
"""Margin around a text when it is read, in shares of its height, where the user asks for no other."""
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


def check_type(name: str, value: object, kind: type | tuple[type, ...], words: str) -> None:
    """Refuse a value of another type; ``words`` say what is wanted.

    Raises:
        ConfigError: It is another.
    """
    if not isinstance(value, kind):
        raise ConfigError(f"{name} must be {words}, not {value!r}")


SEGMENTATION = (
    "osd_only",
    "auto_osd",
    "auto_only",
    "auto",
    "single_column",
    "single_block_vert_text",
    "single_block",
    "single_line",
    "single_word",
    "circle_word",
    "single_char",
    "sparse_text",
    "sparse_text_osd",
    "raw_line",
)
"""Tesseract's page segmentation modes, 0 to 13."""
ENGINE_MODES = ("tesseract_only", "lstm_only", "tesseract_lstm_combined", "default")
"""Tesseract's engine modes, 0 to 3."""


@dataclass(frozen=True, slots=True)
class TesseractOptions:
    """How Tesseract reads.

    Attributes:
        psm: Page segmentation mode, a number from 0 to 13 or a name of ``SEGMENTATION``; None is ``raw_line`` (13) for
            crops and ``auto`` (3) for whole pages.
        oem: Engine mode, a number from 0 to 3 or a name of ``ENGINE_MODES``; None is ``lstm_only`` where the data
            allow it.
        data: Folder with the ``.traineddata`` files; None looks where they usually are.
        timeout: Most seconds for one crop or whole page; 0 sets no limit.

    Raises:
        ConfigError: A mode does not exist, or the time is negative.
    """

    psm: int | str | None = None
    oem: int | str | None = None
    data: Path | None = None
    timeout: float = 0.0

    def __post_init__(self) -> None:
        check_range("timeout", self.timeout, 0, 86_400)
        if self.psm is not None:
            object.__setattr__(self, "psm", mode_number("psm", self.psm, SEGMENTATION))
        if self.oem is not None:
            object.__setattr__(self, "oem", mode_number("oem", self.oem, ENGINE_MODES))


def mode_number(option: str, value: int | str, names: Sequence[str]) -> int:
    """Number of a mode that is given by number or name (capitals and hyphens do not matter).

    Raises:
        ConfigError: No such mode.
    """
    if isinstance(value, str) and not value.strip().isdecimal():
        return names.index(check_choice(option, value.strip().lower().replace("-", "_"), names))
    number = int(value) if isinstance(value, str) else value
    check_whole(option, number, 0, len(names) - 1)
    return number


@dataclass(frozen=True, slots=True)
class DetectionOptions:
    """How text is found, where that is not left to the quality. The names are those of OpenCV's EAST programs.

    Attributes:
        width: Width to which pictures are resized for the detector, rounded to a multiple of 32, pixels.
        height: The same for the height; where only one is given the picture keeps its proportions.
        nms: Of two boxes whose intersection over union is above this, one is left out, 0..1.
        min_score: Places below this score of the detector are left out, 0..1.
        east_model: A network of the user's own.

    Raises:
        ConfigError: A number is out of bounds.
    """

    width: int | None = None
    height: int | None = None
    nms: float | None = None
    min_score: float | None = None
    east_model: Path | None = None

    def __post_init__(self) -> None:
        for name in ("width", "height"):
            if getattr(self, name) is not None:
                check_whole(name, getattr(self, name), 16, 8192)
        for name in ("nms", "min_score"):
            if getattr(self, name) is not None:
                check_range(name, getattr(self, name), 0, 1)

    def least(self, usual: float) -> float:
        """The score from which places count: the one that is asked for, else a detector's usual one."""
        return usual if self.min_score is None else self.min_score


def page_numbers(text: str, count: int) -> list[int]:
    """Pages that a text such as ``1-3,7`` or ``5-`` names, from 0, in its order, each once; empty names all.

    Raises:
        ConfigError: It is no such text, or names a page that is not among the ``count`` there are.
    """
    chosen: list[int] = []
    for first, end in page_ranges(text):
        last = count if end is None else end
        if not 1 <= first <= last <= count:
            raise ConfigError(f"there is no page {max(first, last)} in a file of {count}; name others")
        chosen += range(first - 1, last)
    return list(dict.fromkeys(chosen))


def page_ranges(text: str) -> list[tuple[int, int | None]]:
    """First and last page of each range in a text such as ``1-3,7`` or ``5-``, from 1; None for the end of the file.

    Raises:
        ConfigError: It is no such text.
    """
    ranges: list[tuple[int, int | None]] = []
    for part in text.split(",") if text.strip() else ["1-"]:
        ends = re.fullmatch(r"\s*(\d{1,9})\s*(?:(-)\s*(\d{1,9})?)?\s*", part)
        if ends is None or int(ends[1]) < 1 or (ends[3] and int(ends[3]) < int(ends[1])):
            raise ConfigError(f"pages {text!r} cannot be understood; write them like 1-3,7 or 5-")
        ranges.append((int(ends[1]), int(ends[3]) if ends[3] else (None if ends[2] else int(ends[1]))))
    return ranges
