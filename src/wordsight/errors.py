"""Every error that wordsight raises on purpose, and what it means.

::

    WordsightError
    ├── ImageError             a picture cannot be read
    │   ├── NotAnImage         no decoder knows the bytes
    │   ├── EmptyImage         no bytes, or no pixels
    │   ├── TruncatedImage     the file ends too early
    │   ├── EncryptedDocument  a PDF has a password
    │   └── ImageTooLarge      over the pixel or byte limit; refused before decoding
    ├── ConfigError            a setting is unknown or out of bounds
    ├── ManifestError          a data set does not follow the manifest format
    ├── ModelError             weights or a runtime cannot be used
    │   ├── WeightsMissing     the file is not there
    │   └── WeightsCorrupt     the file is there, its SHA-256 is another
    ├── TooSlow                reading took longer than it was given
    └── MissingExtra           an optional package is not installed

Each message says what to do next.
"""

from __future__ import annotations


class WordsightError(Exception):
    """Base of all errors of this package."""


class ImageError(WordsightError):
    """A picture cannot be read."""


class NotAnImage(ImageError):
    """No decoder knows the bytes, or a decoder gave up on them."""


class EmptyImage(ImageError):
    """There are no bytes, or no pixels."""


class TruncatedImage(ImageError):
    """The file ends before the picture does."""


class ImageTooLarge(ImageError):
    """The picture is over the pixel or the byte limit; it was refused before decoding."""


class EncryptedDocument(ImageError):
    """A PDF has a password."""


class ConfigError(WordsightError):
    """A setting is unknown or out of bounds."""


class ManifestError(WordsightError):
    """A data set does not follow the manifest format."""


class ModelError(WordsightError):
    """Weights or a runtime cannot be used."""


class WeightsMissing(ModelError):
    """A weight file is not where its card says."""


class WeightsCorrupt(ModelError):
    """A weight file is there, but its SHA-256 is not the card's."""


class TooSlow(WordsightError):
    """Reading took longer than it was given."""


class MissingExtra(WordsightError):
    """An optional package is not installed."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(f"{package} is not installed; install it with: pip install 'wordsight[{extra}]'")
        self.package = package
        self.extra = extra
