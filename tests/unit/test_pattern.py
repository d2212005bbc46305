from __future__ import annotations

import re
import time

import pytest

from wordsight.errors import ConfigError
from wordsight.recognition.automaton import Automaton, compile_pattern
from wordsight.recognition.pattern import parse

ASCII = "".join(map(chr, range(32, 127)))
TEXTS = [
    "",
    "a",
    "A",
    "ab",
    "AB12",
    "AB 12",
    "AB-12",
    "12.50",
    "2024-01-31",
    "abab",
    "x_1",
    "]",
    "^",
    "a\\b",
    "{1}",
]


def automaton(pattern: str, more: str = "") -> Automaton:
    return compile_pattern(parse(pattern), ASCII + more, frozenset(ASCII))


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "a",
        "^a$",
        "^a|b$",
        "(?i)ab?",
        "[A-Z]{2} ?-?[0-9]{2}",
        r"\d+\.\d{2}",
        r"\d{4}-\d{2}-\d{2}",
        "(?:ab){1,3}",
        "(?P<first>a)(b|)",
        "[^a-z]*",
        r"\w+",
        r"\W|\S",
        r"[]^]",
        r"\x41\u0042.+",
        r"a\\b",
        r"[\]\\]",
        r"\{1\}",
        "(a*)*",
        "a{0}",
        "a{,2}",
    ],
)
def test_an_automaton_agrees_with_re(pattern: str) -> None:
    made = automaton(pattern)
    for text in TEXTS:
        assert made.matches(text) == bool(re.fullmatch(pattern, text)), text


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("(?=a)b", "at character 1 stands look-around"),
        ("(?<!a)b", "look-around"),
        ("(?i:a)b", "look-around, a flag"),
        (r"a\b", "at character 2 stands an anchor"),
        (r"(a)\1", "a back-reference"),
        ("a++", "a possessive count"),
        ("a$b", "an anchor"),
        ("(^a)", "an anchor"),
        ("a{", "a brace that is no count"),
        ("[", "unterminated"),
        ("(a{900}){900}", "too large"),
        ("(a|b)*a(a|b){14}", "too large"),
        ("Ω", "no text that the recognizer can write matches the pattern 'Ω'"),
    ],
)
def test_what_cannot_be_used_is_refused_in_words(pattern: str, message: str) -> None:
    start = time.monotonic()
    with pytest.raises(ConfigError, match=message):
        automaton(pattern)
    assert time.monotonic() - start < 60, "refused before it fills the memory"


def test_a_text_that_re_would_search_for_ever_is_tested_at_once() -> None:
    assert not automaton("(a*)*b").matches("a" * 5000)


def test_general_atoms_stand_for_usual_characters_only() -> None:
    assert not automaton(".", "é").matches("é")
    assert not automaton("[^a]", "é").matches("é")
    assert not automaton(r"\w", "é").matches("é")
    assert automaton("[à-ü]", "é").matches("é"), "but a set that names a character has it"
