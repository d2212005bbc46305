from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from wordsight.errors import ConfigError
from wordsight.vocabulary import LONGEST_PATTERN, LONGEST_WORD, MOST_WORDS, Vocabulary, read_words


def test_words_are_tidied_in_their_order() -> None:
    words = ["  two  words ", "Joe's", "", "two words", "cafe\u0301", " ", "Joe's"]
    assert Vocabulary(words).words == ("two words", "Joe's", "café")  # type: ignore[arg-type]


def test_equal_vocabularies_are_one_key() -> None:
    one, other = Vocabulary(("a", "b"), strict=True), Vocabulary(("a", "a", "b"), strict=True)
    assert one == other
    assert hash(one) == hash(other)
    assert len({one, other, Vocabulary(("a", "b"))}) == 2


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, False),
        ({"words": ["a"]}, True),
        ({"pattern": "a"}, True),
        ({"allow": "a"}, True),
        ({"words": [" "]}, False),
    ],
)
def test_an_empty_one_says_nothing(given: dict[str, Any], says: bool) -> None:
    assert bool(Vocabulary(**given)) is says


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"words": "EXIT"}, "put it in brackets"),
        ({"words": [1]}, "a word must be a text, not 1"),
        ({"words": ["a" * (LONGEST_WORD + 1)]}, "longer than 200 characters"),
        ({"words": map(str, range(MOST_WORDS + 1))}, "at most 250000 words"),
        ({"pattern": 3}, "a regular expression"),
        ({"pattern": "[a"}, "unterminated character set"),
        ({"pattern": "a{9999999999999999999}"}, "no regular expression"),
        ({"pattern": "(" * 500 + ")" * 500}, "no regular expression"),
        ({"pattern": "a" * (LONGEST_PATTERN + 1)}, "1000 are the most"),
        ({"allow": 1}, "a text of characters"),
        ({"strict": True}, "strict needs a list of words or a pattern"),
        ({"strict": True, "words": ["  "]}, "strict needs"),
    ],
)
def test_what_is_wrong_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Vocabulary(**given)


def test_a_file_of_words(tmp_path: Path) -> None:
    file = tmp_path / "words.txt"
    file.write_bytes("\ufeffEXIT\r\n\r\nNew  York\nEXIT\nÄrger".encode())
    assert read_words(file) == ("EXIT", "New York", "Ärger")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\n \n", "holds no word"),
        (b"caf\xe9", "UTF-8 .byte 3."),
        (b"x" * 300, "longer than 200"),
        (None, "cannot be read"),
    ],
)
def test_a_file_that_is_no_list_of_words(tmp_path: Path, content: bytes | None, message: str) -> None:
    file = tmp_path / "words.txt"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigError, match=message):
        read_words(file)
    with pytest.raises(ConfigError):
        read_words(tmp_path)
