from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import numpy as np
import pytest

from wordsight.data.synth import SynthConfig
from wordsight.data.synth.languages import LANGUAGES
from wordsight.data.synth.numerals import KINDS, clock, date, price
from wordsight.data.synth.texts import TextSource, vocabulary
from wordsight.errors import ConfigError


def drawn(config: SynthConfig, count: int = 400) -> list[str]:
    source, rng = TextSource(config), np.random.default_rng(1)
    return [source.draw(config.languages[0], rng) for _ in range(count)]


def test_a_list_is_read_in_the_order_of_use() -> None:
    words = vocabulary("en", 60_000).words
    assert words[:3] == ("the", "to", "and")
    assert len(words) > 50_000
    assert max(map(len, words)) <= 24
    assert vocabulary("en", 100).words == words[:100]


def test_greek_words_end_in_their_own_letter() -> None:
    words = vocabulary("el", 60_000).words
    assert any(word.endswith("ς") for word in words)
    assert not any(word.endswith("σ") for word in words)


def test_made_up_words_are_made_of_the_lists_letters() -> None:
    english, rng = vocabulary("en", 60_000), np.random.default_rng(2)
    words = [english.pseudo(rng) for _ in range(300)]
    known = set("".join(english.words))
    assert all(0 < len(word) <= 24 and known.issuperset(word) for word in words)
    assert sum(word in set(english.words) for word in words) < 200


def test_made_up_korean_uses_any_common_syllable() -> None:
    syllables = LANGUAGES["ko"].syllables
    assert len(syllables) == 2350  # KS X 1001
    korean, rng = vocabulary("ko", 60_000, syllables), np.random.default_rng(3)
    seen = set("".join(korean.pseudo(rng) for _ in range(4000)))
    assert seen <= set(syllables)
    assert len(seen) > 2200  # of 10,000 drawn


@pytest.mark.parametrize("name", sorted(LANGUAGES))
def test_texts_are_composed_and_without_space_at_the_ends(name: str) -> None:
    for text in drawn(SynthConfig(languages=(name,)), 300):
        assert text == unicodedata.normalize("NFC", text).strip()
        assert "\n" not in text


@pytest.mark.parametrize(
    ("name", "first", "last"), [("ru", "А", "ё"), ("el", "Ά", "ώ"), ("hi", "ँ", "९"), ("ko", "가", "힣")]
)
def test_most_words_are_in_the_languages_script(name: str, first: str, last: str) -> None:
    texts = drawn(SynthConfig(languages=(name,), lexicon=1.0))
    assert np.mean([any(first <= c <= last for c in text) for text in texts]) > 0.9


def test_capitals_are_as_frequent_as_in_real_labels() -> None:
    words = [text for text in drawn(SynthConfig(lexicon=1.0), 1500) if len(text) > 3 and text.isalpha()]
    upper, lower = np.mean([w.isupper() for w in words]), np.mean([w.islower() for w in words])
    title = np.mean([w.istitle() for w in words])
    assert 0.42 < upper < 0.55
    assert 0.23 < title < 0.36
    assert 0.14 < lower < 0.27


def test_greek_capitals_have_no_accent() -> None:
    words = [t for t in drawn(SynthConfig(languages=("el",), lexicon=1.0), 800) if t.isupper() and len(t) > 2]
    assert len(words) > 100
    assert not any(c in "ΆΈΉΊΌΎΏ" for word in words for c in word)


def test_devanagari_digits_do_not_stand_beside_latin_letters() -> None:
    texts = drawn(SynthConfig(languages=("hi",), lexicon=0.0), 600)
    own = [text for text in texts if any("०" <= c <= "९" for c in text)]
    assert len(own) > 100
    assert not any("A" <= c <= "z" for text in own for c in text)


def test_only_the_named_characters_come_up() -> None:
    assert set("".join(drawn(SynthConfig(chars="0123456789")))) == set("0123456789")
    assert set("".join(drawn(SynthConfig(chars="abcxyz"), 200))) == set("abcxyz")
    assert set("".join(drawn(SynthConfig(chars="ABCDEFGHIJKLMNOPQRSTUVWXYZ"), 200))) <= set(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    )


def test_texts_match_a_pattern() -> None:
    pattern = r"[A-Z]{2} ?\d{2}-(AB|CD)+"
    texts = drawn(SynthConfig(pattern=pattern), 200)
    assert all(re.fullmatch(pattern, text) for text in texts)
    assert len(set(texts)) > 150
    assert np.median([len(text) for text in texts]) < 30  # although + allows a hundred repeats


def test_texts_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "names.txt"
    file.write_text("\ufeffÅse Ørsted\n\n  Zoë \nZoë\n", encoding="utf-8")
    assert set(drawn(SynthConfig(text_file=file), 60)) == {"Åse Ørsted", "Zoë"}


def test_what_no_text_can_come_from_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_text("\n \n")
    (tmp_path / "binary.txt").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "words.txt").write_text("abc\n")
    with pytest.raises(ConfigError, match="no line with text"):
        drawn(SynthConfig(text_file=tmp_path / "empty.txt"))
    with pytest.raises(ConfigError, match="cannot be read"):
        drawn(SynthConfig(text_file=tmp_path / "binary.txt"))
    with pytest.raises(ConfigError, match="cannot be read"):
        drawn(SynthConfig(text_file=tmp_path / "none.txt"))
    with pytest.raises(ConfigError, match="no regular expression"):
        drawn(SynthConfig(pattern="[A-"))
    with pytest.raises(ConfigError, match="name more"):
        drawn(SynthConfig(text_file=tmp_path / "words.txt", chars="xyz"))


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"languages": ()}, "name a language"),
        ({"languages": ("eng",)}, "did you mean 'en'"),
        ({"handwriting": 1.5}, "share from 0 to 1"),
        ({"lines": float("nan")}, "share from 0 to 1"),
        ({"damage": 3}, "from 0 to 2"),
        ({"scene_size": (10, 10)}, "64 to 4096"),
        ({"font_part": "some"}, "unknown"),
        ({"pattern": "a", "text_file": Path("b")}, "not both"),
    ],
)
def test_a_wrong_setting_is_refused(setting: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        SynthConfig(**setting)  # type: ignore[arg-type]


def test_dates_times_and_prices_are_possible() -> None:
    rng, english = np.random.default_rng(4), LANGUAGES["en"]
    for _ in range(300):
        assert re.fullmatch(r"(\d{4}|\d\d)[/. -](\d\d|[A-Za-z]{3})[/. -](\d{4}|\d\d)", date(english, rng))
        hour, minute = re.match(r"(\d{1,2})[:.](\d\d)", clock(english, rng)).groups()  # type: ignore[union-attr]
        assert int(hour) < 24
        assert int(minute) < 60
        assert re.search(r"[$£€¥]", price(english, rng))


def test_the_kinds_make_up_one_whole() -> None:
    assert sum(share for share, _ in KINDS) == pytest.approx(1.0)
