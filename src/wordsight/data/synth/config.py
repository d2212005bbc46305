"""What to synthesise: one frozen choice, which together with a seed and a number decides every pixel."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal

from wordsight.config import check_choice
from wordsight.data.synth.languages import LANGUAGES
from wordsight.errors import ConfigError

FontPart = Literal["all", "train", "held-out"]
"""Which font families are used: all, four of five, or the fifth that ``train`` never sees."""
FONT_PARTS: tuple[FontPart, ...] = ("all", "train", "held-out")

_SHARES = ("handwriting", "lines", "lexicon", "invented", "turned", "negatives")


@dataclass(frozen=True, slots=True)
class SynthConfig:
    """Settings of synthesis.

    Attributes:
        languages: Keys of ``LANGUAGES``; each text is of one of them, drawn with equal chances.
        fonts: Folders with TrueType or OpenType files, searched recursively; empty for the system's fonts.
        font_part: Which font families are used. They are parted by name, so that the parts stay the same on a
            machine with other fonts.
        handwriting: Share of texts in handwriting fonts, 0..1.
        text_file: Texts to write, one a line, UTF-8, instead of the languages' own.
        pattern: Regular expression that every text is drawn from, instead of the languages' own.
        chars: Texts have no other characters than these; empty for all. A space must be named too,
            unless ``lines`` asks for it.
        lexicon: Share of a language's texts that are words; the others are numbers, prices, dates, codes.
        invented: Share of words that are made up letter by letter, or syllable by syllable.
        lines: Share of word pictures that show a line of two to six words with spaces.
        damage: Strength of blur, noise, compression and low resolution; 0 leaves them out, 1 is like photographs.
        turned: Share of word pictures and surfaces at angles beyond the usual few degrees.
        negatives: Share of scenes without any text.
        scene_size: (width, height) of scenes, pixels.

    Raises:
        ConfigError: A setting is unknown or out of bounds.
    """

    languages: tuple[str, ...] = ("en",)
    fonts: tuple[Path, ...] = ()
    font_part: FontPart = "all"
    handwriting: float = 0.06
    text_file: Path | None = None
    pattern: str | None = None
    chars: str = ""
    lexicon: float = 0.72
    invented: float = 0.12
    lines: float = 0.0
    damage: float = 1.0
    turned: float = 0.08
    negatives: float = 0.05
    scene_size: tuple[int, int] = (768, 768)

    def __post_init__(self) -> None:
        for name in ("languages", "fonts", "scene_size"):
            object.__setattr__(self, name, tuple(getattr(self, name)))  # lists are welcome, and must be hashable
        if not self.languages:
            raise ConfigError(f"name a language to synthesise: {', '.join(sorted(LANGUAGES))}")
        for language in self.languages:
            check_choice("language", language, LANGUAGES)
        check_choice("font part", self.font_part, FONT_PARTS)
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name in _SHARES and not (math.isfinite(value) and 0 <= value <= 1):
                raise ConfigError(f"{field.name} is a share from 0 to 1, not {value!r}")
        if not (math.isfinite(self.damage) and 0 <= self.damage <= 2):
            raise ConfigError(f"damage is a strength from 0 to 2, not {self.damage!r}")
        if self.text_file is not None and self.pattern is not None:
            raise ConfigError("texts come from a file or from a pattern, not both; leave one out")
        if len(self.scene_size) != 2 or not all(64 <= side <= 4096 for side in self.scene_size):
            raise ConfigError(f"a scene's sides are 64 to 4096 pixels, not {self.scene_size}")
