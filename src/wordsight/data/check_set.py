"""Faults that only the whole set shows: repeated pictures, leakage between parts, labels."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from reprlib import repr as short

from wordsight.data.faults import Fault
from wordsight.data.manifest import Sample

_ALIKE = 0.8  # share of equal letters from which two labels look alike
_RARER = 5  # times; a slip of the keyboard is rarer than what was meant
_MOST_LABELS = 500  # among which look-alikes are searched


@dataclass(frozen=True, slots=True)
class Known:
    """A picture as the search across the set needs it: its line, its truth, and its fingerprint ("" if unread)."""

    line: int
    sample: Sample
    digest: str


def check_set(known: Sequence[Known], labels: Collection[str] = ()) -> Iterator[Fault]:
    """What is wrong across the pictures of a set.

    Args:
        known: All pictures, in the manifest's order.
        labels: The only labels that words may have; any where it is empty.
    """
    yield from _repeated(known)
    yield from _equal_pictures(known)
    yield from _parted_groups(known)
    yield from _labels(known, labels)


def _repeated(known: Sequence[Known]) -> Iterator[Fault]:
    first: dict[str, int] = {}
    for one in known:
        line = first.setdefault(one.sample.image, one.line)
        if line != one.line:
            yield Fault("repeated-line", one.line, f"{one.sample.image} has line {line} already")


def _equal_pictures(known: Sequence[Known]) -> Iterator[Fault]:
    first: dict[str, Known] = {}
    for one in known:
        if not one.digest:
            continue
        other = first.setdefault(one.digest, one)
        if other is one or other.sample.image == one.sample.image:
            continue
        names = f"{one.sample.image} shows the same as {other.sample.image} (line {other.line})"
        if one.sample.split != other.sample.split:
            parts = f"{one.sample.split or 'no part'} and {other.sample.split or 'no part'}"
            yield Fault("leakage-picture", one.line, f"{names}, and they are in {parts}")
        elif _said(one.sample) != _said(other.sample):
            yield Fault("same-picture-other-truth", one.line, f"{names}, and their truth differs")
        else:
            yield Fault("same-picture", one.line, names)


def _said(sample: Sample) -> tuple[object, ...]:
    """What a sample says of its picture; the same place marked twice is never marked quite the same."""
    words = sorted((word.text or "", word.label or "", word.ignore) for word in sample.words or ())
    return words, sample.fields, sample.text


def _parted_groups(known: Sequence[Known]) -> Iterator[Fault]:
    first: dict[str, Known] = {}
    for one in known:
        if one.sample.group is None:
            continue
        other = first.setdefault(one.sample.group, one)
        if one.sample.split != other.sample.split:
            parts = f"{one.sample.split or 'no part'} and {other.sample.split or 'no part'}"
            yield Fault("leakage-group", one.line, f"group {short(one.sample.group)} is in {parts} (line {other.line})")


def _labels(known: Sequence[Known], allowed: Collection[str]) -> Iterator[Fault]:
    lines: defaultdict[str, list[int]] = defaultdict(list)
    for one in known:
        for word in one.sample.words or ():
            if word.label is not None:
                lines[word.label].append(one.line)
    counts = Counter({label: len(found) for label, found in lines.items()})
    for label, found in lines.items():
        if allowed and label not in allowed:
            yield from (Fault("unknown-label", line, f"label {short(label)} is not in the list") for line in found)
            continue
        if counts[label] == 1:
            yield Fault("rare-label", found[0], f"label {short(label)} has one example")
        other = _look_alike(label, counts)
        if other is not None:
            more = f"{counts[label]} and {counts[other]} times"
            yield Fault("label-look-alike", found[0], f"labels {short(label)} and {short(other)} look alike ({more})")


def _look_alike(label: str, counts: Counter[str]) -> str | None:
    """A far more frequent label that this one may be a slip of, or that differs in case and spaces only."""
    if len(counts) > _MOST_LABELS:
        return None
    for other, count in counts.most_common():
        if other == label or count < counts[label]:
            continue
        if _bare(other) == _bare(label) and (count, other) > (counts[label], label):
            return other
        # Numbered names, such as line1 and line2, are meant to look alike.
        numbered = any(c.isdigit() for c in label + other)
        alike = not numbered and SequenceMatcher(None, label, other).ratio() >= _ALIKE
        if alike and count >= _RARER * counts[label]:
            return other
    return None


def _bare(label: str) -> str:
    return "".join(c for c in label.casefold() if c.isalnum())
