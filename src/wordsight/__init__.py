"""wordsight reads text in pictures: photographs, scans and screens, at any angle.

::

    import wordsight

    page = wordsight.read("photo.jpg")
    print(page.text)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wordsight.errors import (
        ConfigError,
        EmptyImage,
        EncryptedDocument,
        ImageError,
        ImageTooLarge,
        ManifestError,
        MissingExtra,
        ModelError,
        NotAnImage,
        TooSlow,
        TruncatedImage,
        WeightsCorrupt,
        WeightsMissing,
        WordsightError,
    )
    from wordsight.fields.extract import FieldValue, Prediction, TaughtModel, load
    from wordsight.image.load import Limits
    from wordsight.page import Failure, Page
    from wordsight.reader import Reader, read
    from wordsight.types import Char, Line, Quad, Reading, Word
    from wordsight.vocabulary import Vocabulary

__version__ = "0.1.0"

__all__ = [
    "Char",
    "ConfigError",
    "EmptyImage",
    "EncryptedDocument",
    "Failure",
    "FieldValue",
    "ImageError",
    "ImageTooLarge",
    "Limits",
    "Line",
    "ManifestError",
    "MissingExtra",
    "ModelError",
    "NotAnImage",
    "Page",
    "Prediction",
    "Quad",
    "Reader",
    "Reading",
    "TaughtModel",
    "TooSlow",
    "TruncatedImage",
    "Vocabulary",
    "WeightsCorrupt",
    "WeightsMissing",
    "Word",
    "WordsightError",
    "load",
    "read",
]

# Importing the package is free; what a name needs is imported when the name is first used.
_HOMES = {
    "wordsight.fields.extract": ("FieldValue", "Prediction", "TaughtModel", "load"),
    "wordsight.image.load": ("Limits",),
    "wordsight.page": ("Failure", "Page"),
    "wordsight.reader": ("Reader", "read"),
    "wordsight.types": ("Char", "Line", "Quad", "Reading", "Word"),
    "wordsight.vocabulary": ("Vocabulary",),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'wordsight' has no attribute {name!r}")
    value = getattr(import_module(_HOME.get(name, "wordsight.errors")), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
