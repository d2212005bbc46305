"""Fonts and texts of a configuration, opened once a process."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from wordsight.data.synth.config import SynthConfig
from wordsight.data.synth.fonts import FontFile, FontSet
from wordsight.data.synth.languages import ASCII_DIGITS, LANGUAGES
from wordsight.data.synth.lettering import Style, spelling
from wordsight.data.synth.texts import TextSource
from wordsight.errors import ConfigError

_TRIES = 40


@dataclass(frozen=True, slots=True)
class Copy:
    """A text to draw and the font that can draw it."""

    text: str
    file: FontFile
    shaped: bool


@dataclass(frozen=True)
class Studio:
    """What texts and pictures of one configuration are made from."""

    config: SynthConfig
    texts: TextSource
    printed: Mapping[str, FontSet]
    written: Mapping[str, FontSet]

    @classmethod
    def open(cls, config: SynthConfig) -> Studio:
        """Find the fonts and word lists of a configuration.

        Raises:
            ConfigError: No font has the letters of a language.
            MissingExtra: A package that synthesis needs is not installed.
        """
        fonts, texts = FontSet.find(config.fonts), TextSource(config)
        printed, written = {}, {}
        for name in config.languages:
            able = fonts.with_letters(texts.given_letters or _needed(config, name))
            if config.font_part != "all":
                able = able.part(config.font_part == "held-out")
            if not able.files:
                wanted = "the given texts" if texts.given_letters else repr(name)
                among = "" if config.font_part == "all" else f" among the families of the part {config.font_part!r}"
                raise ConfigError(
                    f"no font{among} has the letters of {wanted}; install more (Debian: fonts-noto-core, "
                    "fonts-noto-cjk) or name a folder with some"
                )
            hand, other = able.handwriting(True), able.handwriting(False)
            printed[name] = other if other.files else hand
            written[name] = hand if hand.files else other
        return cls(config, texts, printed, written)

    def fonts(self, language: str, rng: np.random.Generator) -> FontSet:
        """Fonts in handwriting or in print, by the configured share."""
        return (self.written if rng.random() < self.config.handwriting else self.printed)[language]

    def copy(self, rng: np.random.Generator, file: FontFile | None = None, language: str | None = None) -> Copy:
        """A text and a font that shows every character of it; in the given font where it can.

        Raises:
            ConfigError: No font could show any of many texts.
        """
        for _ in range(_TRIES):
            name = language or self.language(rng)
            text = self.texts.draw(name, rng)
            fonts = self.fonts(name, rng)
            for candidate in ([file] if file else []) + [fonts.draw(rng) for _ in range(3)]:
                shown = spelling(candidate, text)
                if shown is not None and self.texts.allows(shown):
                    return Copy(shown, candidate, LANGUAGES[name].shaped or _has_marks(shown))
        raise ConfigError("no font can show these texts; install fonts with their letters, or name a folder of fonts")

    def language(self, rng: np.random.Generator) -> str:
        """One of the configured languages."""
        return self.config.languages[rng.integers(len(self.config.languages))]


@lru_cache(maxsize=8)
def open_studio(config: SynthConfig) -> Studio:
    """The studio of a configuration; the last few are kept open, because opening one takes a second."""
    return Studio.open(config)


def draw_style(size: int, hand: bool, rng: np.random.Generator) -> Style:
    """How a text is set: mostly plainly."""
    share = rng.random()
    tracking = rng.uniform(-0.03, 0.06) if share < 0.1 else rng.uniform(0.05, 0.35) if share < 0.16 else 0.0
    wobble = rng.uniform(0.01, 0.05) if rng.random() < (0.3 if hand else 0.03) else 0.0
    slant = rng.uniform(-0.12, 0.35) if rng.random() < 0.1 else 0.0
    bold = int(rng.integers(1, max(2, size // 20 + 1))) if rng.random() < 0.08 else 0
    return Style(size, tracking, wobble, slant, bold)


def _has_marks(text: str) -> bool:
    """Whether there are signs that stand over, under or around letters, in places that the font tells."""
    return any(unicodedata.category(letter).startswith("M") for letter in text)


def _needed(config: SynthConfig, language: str) -> str:
    """Letters without which a font is not tried for a language."""
    if config.text_file is not None or config.pattern is not None:
        return ""
    letters = LANGUAGES[language].letters
    digits = ASCII_DIGITS
    allowed = set(config.chars)
    return "".join(c for c in letters + digits if not allowed or c in allowed)
