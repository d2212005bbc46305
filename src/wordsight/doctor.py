"""What is installed, what runs the networks, and whether the weights are whole."""

from __future__ import annotations

import platform
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from wordsight.config import home
from wordsight.errors import WordsightError
from wordsight.models import cards, runtime


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: What.
        ok: Whether reading works with it as it is.
        found: What was found, or what to do.
    """

    name: str
    ok: bool
    found: str

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)


def examine() -> list[Check]:
    """Look at everything that reading needs."""
    return [
        Check(
            "wordsight", True, f"{_version('wordsight')} on Python {platform.python_version()}, {platform.platform()}"
        ),
        Check("home", True, str(home())),
        *(
            Check(name, True, _version(name))
            for name in ("openvino", "onnxruntime", "opencv-python-headless", "pillow")
        ),
        _runtime(),
        Check("threads", True, str(runtime.available_threads())),
        *(_weights(card) for card in cards.CARDS),
        *(Check(f"extra: {name}", True, _version(name)) for name in ("torch", "tesserocr")),
    ]


def _runtime() -> Check:
    try:
        engine = runtime.engine_name()
    except WordsightError as error:
        return Check("runtime", False, str(error))
    precision = runtime.best_precision() if engine == "openvino" else "f32"
    return Check("runtime", True, f"{engine}, {precision}")


def _weights(card: cards.Card) -> Check:
    try:
        path = cards.locate(card)
    except WordsightError as error:
        return Check(card.name, False, str(error))
    return Check(card.name, True, f"{path}, SHA-256 {card.sha256}, {card.licence}")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
