"""Rules of a model's fields: what a file must satisfy to be approved without a person, or to be put up for review.

A pattern becomes a deterministic automaton, never a backtracking search: a text that somebody sends cannot keep the
service busy, whatever the pattern.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from wordsight.errors import ConfigError
from wordsight.recognition.automaton import Automaton, compile_pattern
from wordsight.recognition.pattern import parse
from wordsight.server.errors import BadRequest

LONGEST_PATTERN = 200
MOST_REPEATS = 500
"""What the upper counts of a pattern may multiply to: by so much its automaton grows."""
LETTERS = frozenset(chr(code) for code in (*range(0x20, 0x7F), *range(0xA0, 0x250), 0x20AC))
"""What ``.`` and the like stand for, beside the characters of the text itself: printable ASCII and Latin, the euro."""
_NOT_AMOUNT = re.compile(r"[^\d.,()-]")
_AMOUNT = re.compile(r"-?\d[\d.,]*-?|\(\d[\d.,]*\)")
_COUNT = re.compile(r"\{\d*,?(\d+)\}")
_CENTS = re.compile(r"[.,]\d{1,2}$|^0[.,]\d+$")

Box = Mapping[str, Any]


class RuleModel(BaseModel):
    """Base: unknown keys are refused, so that a mistyped one is noticed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FieldRule(RuleModel):
    """What one field must satisfy."""

    required: bool = Field(False, description="The field must be there, and not empty.")
    pattern: str = Field("", max_length=LONGEST_PATTERN, description="Regular expression that every value matches.")
    confidence: float | None = Field(None, ge=0, le=1, description="Instead of the model's own threshold.")


class SumRule(RuleModel):
    """A field that must be the sum of others, such as a total of net and tax."""

    total: str = Field(description="Name of the field with the sum.", examples=["total"])
    parts: list[str] = Field(min_length=1, max_length=50, examples=[["net", "tax"]])
    tolerance: float = Field(0.01, ge=0, le=1e9, description="By how much it may differ.")


class Rules(RuleModel):
    """The rules of a model."""

    fields: dict[str, FieldRule] = Field(default_factory=dict, description="By the field's name.")
    sums: list[SumRule] = Field(default_factory=list, max_length=50)
    confidence: float = Field(0.0, ge=0, le=1, description="Values below this confidence are put up for review.")
    approve: bool = Field(False, description="Approve a file that breaks no rule without a person.")


class Problem(RuleModel):
    """A rule that a file breaks."""

    field: str
    rule: str = Field(description="required, pattern, confidence or sum.")
    message: str


def check_rules(rules: Rules, labels: Sequence[str]) -> None:
    """Refuse rules that name no field of the model, or hold a pattern that cannot be used.

    Raises:
        BadRequest: They do.
    """
    named = {*rules.fields, *(name for rule in rules.sums for name in (rule.total, *rule.parts))}
    strange = sorted(named.difference(labels))
    if strange:
        raise BadRequest(f"{strange[0][:100]!r} is not one of the model's categories: {', '.join(labels)}")
    for name, rule in rules.fields.items():
        if rule.pattern:
            if math.prod(int(count[-6:]) or 1 for count in _COUNT.findall(rule.pattern)) > MOST_REPEATS:
                raise BadRequest(f"{name}: the counts of the pattern multiply to more than {MOST_REPEATS}")
            try:
                _automaton(rule.pattern, frozenset())
            except ConfigError as error:
                raise BadRequest(f"{name}: {error}") from error


def judge(rules: Rules, boxes: Sequence[Box]) -> list[Problem]:
    """The rules that a file breaks.

    Args:
        rules: The model's.
        boxes: The fields of all its pages: ``label``, ``text`` and ``score`` (0..1, taken as 1 where it is absent).
    """
    found: list[Problem] = []
    for name, rule in rules.fields.items():
        values = _values(boxes, name)
        if rule.required and not values:
            found.append(Problem(field=name, rule="required", message=f"{name} is missing"))
        wrong = next((value for value in values if rule.pattern and not matches(rule.pattern, value)), None)
        if wrong is not None:
            message = f"{name}: {wrong[:100]!r} does not have the form {rule.pattern}"
            found.append(Problem(field=name, rule="pattern", message=message))
    found += _doubts(rules, boxes)
    found += [problem for rule in rules.sums if (problem := _sum(rule, boxes)) is not None]
    return found


def matches(pattern: str, text: str) -> bool:
    """Whether the whole text matches, in time linear in its length."""
    return _automaton(pattern, frozenset(text).difference(LETTERS)).matches(text)


def amount(text: str) -> Decimal | None:
    """The number that an amount of money says, written as ``1,234.50``, ``1.234,50 EUR``, ``1'234.50`` or ``(12)``.

    The last separator divides the cents where one or two digits follow it, otherwise all of them divide thousands.
    """
    bare = _NOT_AMOUNT.sub("", text).strip(".,") if text else ""
    if not _AMOUNT.fullmatch(bare):
        return None
    negative = "-" in bare or "(" in bare
    digits = bare.strip("-()")
    cents = _CENTS.search(digits)
    whole, part = (digits, "") if cents is None else _split(digits)
    number = Decimal(re.sub(r"[.,]", "", whole) + (f".{part}" if part else ""))
    return -number if negative else number


def _split(digits: str) -> tuple[str, str]:
    place = max(digits.rfind("."), digits.rfind(","))
    return digits[:place], digits[place + 1 :]


def _values(boxes: Sequence[Box], name: str) -> list[str]:
    return [text for box in boxes if box["label"] == name and (text := str(box.get("text") or "").strip())]


def _doubts(rules: Rules, boxes: Sequence[Box]) -> list[Problem]:
    """Each field whose least sure value lies below its threshold."""
    least: dict[str, float] = {}
    for box in boxes:
        score = box.get("score")
        least[box["label"]] = min(least.get(box["label"], 1.0), 1.0 if score is None else float(score))
    found = []
    for name, score in least.items():
        own = rules.fields[name].confidence if name in rules.fields else None
        wanted = rules.confidence if own is None else own
        if score < wanted:
            message = f"{name} was read with a confidence of {score:.2f}, {wanted:.2f} is wanted"
            found.append(Problem(field=name, rule="confidence", message=message))
    return found


def _sum(rule: SumRule, boxes: Sequence[Box]) -> Problem | None:
    """What is wrong with a sum; also that it cannot be checked."""
    totals = [amount(value) for value in _values(boxes, rule.total)]
    parts = [amount(value) for name in rule.parts for value in _values(boxes, name)]
    known = [part for part in parts if part is not None]
    names = " + ".join(rule.parts)
    if len(totals) != 1 or totals[0] is None or not parts or len(known) < len(parts):
        message = f"{rule.total} = {names} cannot be checked: an amount is missing or cannot be read"
    elif abs(totals[0] - sum(known)) > Decimal(str(rule.tolerance)):
        message = f"{rule.total} is {totals[0]}, but {names} is {sum(known)}"
    else:
        return None
    return Problem(field=rule.total, rule="sum", message=message)


@lru_cache(maxsize=256)
def _automaton(pattern: str, more: frozenset[str]) -> Automaton:
    letters = LETTERS | more | frozenset(pattern)
    return compile_pattern(parse(pattern), sorted(letters), letters)
