"""Teaching scripts that the published recognizer lacks: what to learn from, what to measure on, and how to train.

There are no photographs with truth for most scripts, but there are fonts and word lists. All crops are made, in four
families of fonts of five; the fifth is measured on.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from wordsight import languages
from wordsight.config import check_choice
from wordsight.data.crops import Example
from wordsight.data.synth.config import FontPart, SynthConfig
from wordsight.data.synth.languages import LANGUAGES
from wordsight.data.synth.words import word
from wordsight.errors import ConfigError
from wordsight.training.crops import GENERAL_SEED, MadeCrops
from wordsight.training.recognizer import RecognizerConfig
from wordsight.types import Picture

SIGNS = "".join(map(chr, range(0x21, 0x7F))) + "«»“”„‘’–—…№°€£"
"""What every script is written with besides its own letters: printable ASCII, and the signs of typesetting."""
DANDAS = "।॥"
"""Full stops of Devanagari."""
MOST = 5000
"""A script of more characters than this is not taught in minutes."""
HARDNESS = 0.7
"""Damage of the crops to learn from: letters that nobody can make out teach no new letter."""
_TWINS = str.maketrans("ABCEHKMOPTXaceopxy", "АВСЕНКМОРТХасеорху")
"""Latin letters that look like Cyrillic ones in every font."""


@dataclass(frozen=True, slots=True)
class Script:
    """What is taught in one training.

    Attributes:
        languages: Keys of ``wordsight.data.synth.languages.LANGUAGES``; empty where ``text_file`` says all.
        text_file: Words of another language, one a line, UTF-8.
        fonts: Folders of fonts; empty for the system's.

    Raises:
        ConfigError: A language is unknown, or there is neither a language nor a file, or both.
    """

    languages: tuple[str, ...] = ()
    text_file: Path | None = None
    fonts: tuple[Path, ...] = ()

    def __post_init__(self) -> None:
        codes = tuple(languages.short(code) for code in self.languages)
        for code in codes:
            check_choice("language", code, LANGUAGES)
        if bool(codes) == (self.text_file is not None):
            raise ConfigError("name languages to teach, or a --text-file with words of another one")
        object.__setattr__(self, "languages", codes)

    @property
    def sets(self) -> tuple[str, ...]:
        """Names of the parts that are learnt and measured apart."""
        return self.languages or ("en",)

    def characters(self) -> str:
        """All characters that the recognizer shall know, without the space.

        Raises:
            ConfigError: They are too many, or the file cannot be read.
        """
        found = SIGNS
        for code in self.languages:
            found += _characters(code)
        if self.text_file is not None:
            try:
                found += unicodedata.normalize("NFC", self.text_file.read_text(encoding="utf-8-sig"))
            except (OSError, UnicodeDecodeError) as error:
                raise ConfigError(f"{self.text_file} cannot be read ({error}); name a text file in UTF-8") from error
        unique = "".join(dict.fromkeys("".join(found.split())))
        if len(unique) > MOST:
            raise ConfigError(f"{len(unique)} characters are too many to teach; name words with at most {MOST}")
        return unique

    def config(self, name: str, part: FontPart, damage: float) -> SynthConfig:
        """What to make for one of the ``sets``."""
        own = SIGNS + _characters(name) if self.languages else ""
        return SynthConfig(
            languages=(name,),
            fonts=self.fonts,
            font_part=part,
            text_file=self.text_file,
            chars=own,
            lexicon=0.85,
            invented=0.25,
            lines=0.15 if part == "train" else 0.0,
            damage=damage,
        )


def sources(script: Script, seed: int) -> list[MadeCrops]:
    """Crops to learn from, one source a language; a language has the more of them the more letters it has."""
    return [
        MadeCrops(partial(labelled, seed=seed, config=script.config(name, "train", HARDNESS)), _weight(name))
        for name in script.sets
    ]


def held_out(script: Script, count: int, damage: float = HARDNESS) -> dict[str, list[Example]]:
    """Crops to measure on: words in fonts that ``sources`` leaves out, by language.

    Args:
        script: What is taught.
        count: How many words of each language; equal numbers give equal words.
        damage: Strength of blur, noise and compression; 0 leaves them out.
    """
    found = {}
    for name in script.sets:
        config = script.config(name, "held-out", damage)
        made = (labelled(number, GENERAL_SEED, config) for number in range(count))
        found[name] = [Example(picture, text, name=f"{name} {i}") for i, (picture, text) in enumerate(made)]
    return found


def labelled(number: int, seed: int, config: SynthConfig) -> tuple[Picture, str]:
    """A made word and what a reader of its language sees in it; see ``wordsight.data.synth.word``."""
    picture, text = word(number, seed, config)
    return picture, truth(text, config.languages[0])


def truth(text: str, language: str) -> str:
    """What a reader of a language sees in a text: see ``as_seen`` for those in Cyrillic letters."""
    known = languages.find(language)
    return as_seen(text) if known and "cyrillic" in known.scripts else text


def as_seen(text: str) -> str:
    """A text in which every word of letters that both scripts have is in Cyrillic letters, as on Russian plates."""
    return " ".join(_as_seen(part) for part in text.split(" "))


def recognizer_config(script: Script, start: Path | None) -> RecognizerConfig:
    """Settings of the training: no teacher, who cannot read the script; larger steps, for there is all to learn."""
    return RecognizerConfig(
        "svtr",
        start,
        script.characters(),
        batch=16,
        backbone_rate=4e-4,
        neck_rate=1e-3,
        out_rate=2e-3,
        distil=0.0,
        hint=0.0,
        blends=(),
        composed=True,
    )


def _as_seen(part: str) -> str:
    moved = part.translate(_TWINS)
    return moved if not any("A" <= c <= "Z" or "a" <= c <= "z" for c in moved) else part


def _characters(code: str) -> str:
    """Letters, digits and money of one language."""
    known, made = languages.find(code), LANGUAGES[code]
    own = languages.letters(known) if known else made.letters
    return own + "".join(made.digits) + "".join(made.money).replace(" ", "") + (DANDAS if made.shaped else "")


def _weight(name: str) -> float:
    """The more letters, the more crops; and twice as many where letters stand in another order than they are drawn."""
    weight: float = len(_characters(name)) ** 0.2 * (2 if LANGUAGES[name].shaped else 1)
    return weight
