"""Vocabularies on lattices that are written down frame by frame."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from wordsight.charset import Charset
from wordsight.errors import ConfigError
from wordsight.recognition.ctc import best_path, marks
from wordsight.recognition.guide import Followed, Guides
from wordsight.recognition.rejection import CONTRADICTED, RELIEF, Evidence, least_score
from wordsight.types import Floats
from wordsight.vocabulary import Vocabulary

CHARSET = Charset((*"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.,'-/", " "))
GUIDES = Guides(CHARSET, None)


def table(text: str, other: str = "", peak: float = 0.6) -> Floats:
    """A text, each character in one frame and a blank after it; where ``other`` differs it is seen with 1 - peak."""
    rows = np.full((2 * len(text) + 1, len(CHARSET)), 1e-6, np.float32)
    rows[::2, 0] = 0.999
    for number, symbol in enumerate(text):
        row = rows[2 * number + 1]
        row[CHARSET.classes([symbol])[-1]] = peak
        if other and other[number] != symbol:
            row[CHARSET.classes([other[number]])[-1] if other[number] != "_" else 0] = 1 - peak
    return rows / rows.sum(axis=1, keepdims=True)


def follow(frames: Floats, vocabulary: Vocabulary) -> Followed:
    guide = GUIDES.guide(vocabulary)
    return guide.follow(frames, marks(best_path(frames, guide.allowed), CHARSET))


def text(found: Followed) -> str:
    return "".join(mark.symbol for mark in found.marks)


def test_a_doubtful_letter_is_decided_by_the_list() -> None:
    found = follow(table("HOTEI", "HOTEL"), Vocabulary(("HOTEL", "MOTEL", "HOSTEL")))
    assert (text(found), found.matched) == ("HOTEL", True)
    assert found.log_ratio == pytest.approx(np.log(0.4 / 0.6), abs=0.01)


def test_a_word_that_is_not_in_the_list_is_not_forced_into_it() -> None:
    for words in (("BAKERY",), ("HOTELS", "BAKERY"), ("1234",)):
        found = follow(table("MUSEUM"), Vocabulary(words))
        assert (text(found), found.matched) == ("MUSEUM", False)


def test_a_clear_reading_is_not_bent_to_a_neighbour() -> None:
    for words in (("HOTELS", "BAKERY"), ("MOTEL", "BAKERY"), ("HOTE",)):
        found = follow(table("HOTEL", peak=0.9999), Vocabulary(words))
        assert (text(found), found.matched) == ("HOTEL", False)


def test_evidence_speaks_for_likely_long_near_words_of_short_lists() -> None:
    plain = Evidence(score=-4.0, ratio=-2.0, length=6, changes=1)
    chance = plain.probability(1000)
    for better in (replace(plain, score=-3.0), replace(plain, length=7), replace(plain, changes=2)):
        assert better.probability(1000) > chance
    assert replace(plain, ratio=-3.0).probability(1000) < chance
    assert plain.probability(90_000) < chance < plain.probability(50)
    assert replace(plain, ratio=0.5).probability(1000) == replace(plain, ratio=0.0).probability(1000)


def test_the_least_score_is_where_a_word_begins_to_be_supported() -> None:
    for size, length in ((10, 3), (5000, 8), (90_000, 12)):
        least = least_score(size) - RELIEF * length
        assert Evidence(least + 1e-6, 0.0, length, 1).supports(size)
        assert not Evidence(least - 1e-6, 0.0, length, 1).supports(size)
    assert not Evidence(-CONTRADICTED, CONTRADICTED - 0.01, 90, 90).supports(2)


def test_unless_strict() -> None:
    found = follow(table("MUSEUM"), Vocabulary(("BAKERY", "MUSIC"), strict=True))
    assert (text(found), found.matched) == ("MUSIC", True)
    assert found.log_ratio is not None
    assert found.log_ratio < -20
    assert max(mark.probability for mark in found.marks) < 0.3


def test_what_agrees_is_spelt_as_the_picture_shows() -> None:
    for shown in ("Joe's,", "JOES", "joe's"):
        found = follow(table(shown), Vocabulary(("ROOM", "JOES")))
        assert (text(found), found.matched, found.log_ratio) == (shown, True, 0.0)


def test_what_does_not_agree_is_spelt_as_in_the_list() -> None:
    found = follow(table("mcdonaid", "mcdonald"), Vocabulary(("McDonald",)))
    assert (text(found), found.matched) == ("McDonald", True)


def test_a_sign_that_some_word_has_counts() -> None:
    found = follow(table("12.0", peak=0.99), Vocabulary(("120", "1.20")))
    assert (text(found), found.matched) == ("12.0", False)
    assert follow(table("12.0"), Vocabulary(("120", "130"))).matched


def test_a_digit_of_a_code_is_not_explained_away() -> None:
    words = tuple(f"{number}" for number in range(10000000, 10000050))
    assert not follow(table("10000077", peak=0.99), Vocabulary(words)).matched
    found = follow(table("1000000Z", "10000002", peak=0.7), Vocabulary(words))
    assert (text(found), found.matched) == ("10000002", True)


def test_case_can_count() -> None:
    assert follow(table("ab"), Vocabulary(("AB",))).matched
    assert not follow(table("ab", peak=0.99), Vocabulary(("AB",), match_case=True)).matched


def test_each_word_of_a_line_is_looked_up() -> None:
    found = follow(table("OLD HOTEI", "OLD HOTEL"), Vocabulary(("OLD", "HOTEL")))
    assert (text(found), found.matched) == ("OLD HOTEL", True)
    found = follow(table("OLD HOTEI", "OLD HOTEL"), Vocabulary(("HOTEL", "MUSEUM")))
    assert (text(found), found.matched) == ("OLD HOTEL", False)


def test_an_entry_may_have_spaces_and_a_space_may_be_an_error() -> None:
    found = follow(table("NEW YQRK", "NEW YORK"), Vocabulary(("NEW YORK", "BOSTON")))
    assert (text(found), found.matched) == ("NEW YORK", True)
    found = follow(table("HO TEL"), Vocabulary(("HOTEL",)))
    assert (text(found), found.matched) == ("HOTEL", True)


def test_places_of_the_characters() -> None:
    found = follow(table("HOTEI", "HOTEL"), Vocabulary(("HOTEL",)))
    assert [mark.start for mark in found.marks] == [1, 3, 5, 7, 9]
    found = follow(table("OLD HOTEI", "OLD HOTEL"), Vocabulary(("HOTEL",)))
    assert [mark.start for mark in found.marks] == [1, 3, 5, 7, 9, 11, 13, 15, 17]


@pytest.mark.parametrize(
    ("shown", "other", "pattern", "wanted"),
    [
        ("AB1Z", "AB12", "[A-Z]{2}[0-9]{2}", "AB12"),
        ("2O24-01-31", "2024-01-31", r"\d{4}-\d{2}-\d{2}", "2024-01-31"),
        ("l2.50", "12.50", r"\d+\.\d\d", "12.50"),
        ("AB 12", "", "[A-Z]{2} ?[0-9]{2}", "AB 12"),
        ("AB 12", "", "[A-Z]{2}[0-9]{2}", "AB12"),
        ("hotel", "", "(?i)HOTEL", "hotel"),
    ],
)
def test_a_pattern(shown: str, other: str, pattern: str, wanted: str) -> None:
    found = follow(table(shown, other, peak=0.55), Vocabulary(pattern=pattern))
    assert (text(found), found.matched) == (wanted, True)
    assert re.fullmatch(pattern, wanted)


def test_a_pattern_is_not_forced_unless_strict() -> None:
    frames = table("MUSEUM", peak=0.99)
    found = follow(frames, Vocabulary(pattern=r"\d{4}"))
    assert (text(found), found.matched) == ("MUSEUM", False)
    found = follow(frames, Vocabulary(pattern=r"\d{4}", strict=True))
    assert found.matched
    assert re.fullmatch(r"\d{4}", text(found))


def test_a_pattern_with_too_few_frames_says_nothing() -> None:
    found = follow(table("AB"), Vocabulary(pattern=r"\d{9}", strict=True))
    assert (text(found), found.matched, found.log_ratio) == ("", False, None)


def test_words_and_a_pattern_hold_together() -> None:
    vocabulary = Vocabulary(("AB12", "ABCD"), pattern="[a-z]{4}")
    assert text(follow(table("AB1D", "ABCD", peak=0.55), vocabulary)) == "ABCD"
    with pytest.raises(ConfigError, match="no word of the list is left"):
        GUIDES.guide(Vocabulary(("AB12",), pattern="[a-z]{4}"))
    with pytest.raises(ConfigError, match="no word of the list is left"):
        GUIDES.guide(Vocabulary(("AB12",), allow="0123456789"))


def test_allowed_characters() -> None:
    found = follow(table("1O", "10"), Vocabulary(allow="0123456789"))
    assert (text(found), found.matched) == ("10", None)
    narrow = Guides(CHARSET, CHARSET.classes("012 "))
    assert narrow.guide(Vocabulary(allow="12")).allowed is not None
    with pytest.raises(ConfigError):
        GUIDES.guide(Vocabulary(allow="Ω"))


def test_no_text_at_all() -> None:
    frames = np.zeros((6, len(CHARSET)), np.float32)
    frames[:, 0] = 1
    assert follow(frames, Vocabulary(("HOTEL",))) == Followed([], False, None)
    assert text(follow(frames, Vocabulary(("HOTEL", "INN"), strict=True))) == "INN"


def test_compiled_vocabularies_are_kept() -> None:
    assert GUIDES.guide(Vocabulary(("HOTEL",))) is GUIDES.guide(Vocabulary(("HOTEL",)))
