"""Ready-made readers by name."""

from __future__ import annotations

from collections.abc import Callable

from wordsight.config import check_choice
from wordsight.fields.presets.base import Preset
from wordsight.fields.presets.entities import EntitiesPreset
from wordsight.fields.presets.mrz import MrzPreset
from wordsight.fields.presets.receipt import ReceiptPreset
from wordsight.reader import Reader

PRESETS: dict[str, Callable[[Reader], Preset]] = {
    "entities": EntitiesPreset,
    "mrz": MrzPreset,
    "receipt": ReceiptPreset,
}


def open_preset(name: str, reader: Reader) -> Preset:
    """A ready-made reader.

    Args:
        name: ``entities``, ``mrz`` or ``receipt``.
        reader: Reads the pages.

    Raises:
        ConfigError: There is none of this name, or the reader cannot be used for it.
    """
    return PRESETS[check_choice("fields", name, PRESETS)](reader)
