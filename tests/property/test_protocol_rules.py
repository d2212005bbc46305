"""The protocols against a plain re-statement of their rules: every pair of polygons, every pair of characters."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from shapely import MultiPoint, Polygon

from wordsight.data.manifest import Sample, TrueWord
from wordsight.edits import edit_distance
from wordsight.evaluation.calibration import coverage_at, expected_calibration_error
from wordsight.evaluation.protocols import Counts, count_boxes, count_fields, count_page_words, same_word

# A coarse grid gives many exact ties, crossed and degenerate quads; the fine one gives the rest.
numbers = st.integers(0, 6) | st.floats(-50, 50, width=32)
quads = st.lists(st.tuples(numbers, numbers), min_size=4, max_size=4)
texts = st.sampled_from(["a", "A!", "(b)", "###", "", "a b", "ß"])
true_words = st.lists(
    st.builds(TrueWord, quad=quads.map(tuple), text=st.none() | texts, ignore=st.booleans()), max_size=5
)
scores = st.fixed_dictionaries({}, optional={"detection_score": st.floats(0, 1), "confidence": st.floats(0, 1)})
found_words = st.lists(
    st.builds(lambda quad, text, more: {"quad": quad, "text": text, **more}, quads, texts, scores), max_size=5
)


def outline(points: Any) -> Any:
    polygon = Polygon(points)
    return polygon if polygon.is_valid else MultiPoint(points).convex_hull


def inside(shape: Any, regions: list[Any]) -> bool:
    return any(shape.intersection(region).area / (shape.area or 1e-9) > 0.5 for region in regions)


def picture(words: list[TrueWord]) -> Sample:
    return Sample(image="x", path=Path("x"), words=tuple(words))


@given(true_words, found_words, st.booleans(), st.sampled_from([0.0, 0.5]))
def test_boxes(truth: list[TrueWord], found: list[dict[str, Any]], with_text: bool, least: float) -> None:
    regions, wanted, care = [], [], []
    for word in truth:
        dont_care = word.ignore or word.text == "###" or (with_text and not word.text)
        (regions if dont_care else wanted).append((outline(word.quad), word.text))
    for word in found:
        low = word.get("detection_score", 1) < least or (with_text and word.get("confidence", 1) < least)
        if not low and not inside(outline(word["quad"]), [shape for shape, _ in regions]):
            care.append((outline(word["quad"]), word["text"]))
    hits, taken = 0, set()
    for true, text in wanted:
        for k, (shape, said) in enumerate(care):
            common = 0 if k in taken else shape.intersection(true).area
            if common and common / (shape.area + true.area - common) > 0.5:
                taken.add(k)
                hits += not with_text or same_word(text, said)
                break
    counts = count_boxes(picture(truth), {"words": found}, with_text=with_text, min_score=least)
    assert counts == Counts(hits, len(care), len(wanted))


@given(true_words, found_words)
def test_page_words(truth: list[TrueWord], found: list[dict[str, Any]]) -> None:
    regions = [outline(word.quad) for word in truth if word.ignore]
    want = Counter(part for word in truth if not word.ignore for part in letters(word.text or ""))
    got = Counter(
        part for word in found if not inside(outline(word["quad"]), regions) for part in letters(word["text"])
    )
    hits = sum(min(want[part], got[part]) for part in want)
    assert count_page_words(picture(truth), {"words": found}) == Counts(hits, sum(got.values()), sum(want.values()))


def letters(text: str) -> list[str]:
    folded = ("".join(c for c in part.lower() if c in "abcdefghijklmnopqrstuvwxyz0123456789") for part in text.split())
    return [part for part in folded if part]


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=1))
def test_what_is_counted_once_cannot_be_wrong_by_more_than_everything(answers: list[tuple[bool, float]]) -> None:
    correct, sure = [right for right, _ in answers], [confidence for _, confidence in answers]
    assert 0 <= expected_calibration_error(sure, correct) <= 1
    best = max(
        (
            len(kept)
            for least in sure
            if sum(kept := [right for right, confidence in answers if confidence >= least]) / len(kept) >= 0.7
        ),
        default=0,
    )
    assert coverage_at(sure, correct, 0.7) == best / len(answers)


@given(st.text("abcअ", max_size=80), st.text("abcअ", max_size=80))
def test_edit_distance(a: str, b: str) -> None:
    row = list(range(len(b) + 1))
    for i, x in enumerate(a):
        above, row[0] = row[0], i + 1
        for j, y in enumerate(b, 1):
            above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above + (x != y))
    assert edit_distance(a, b) == edit_distance(b, a) == row[-1]


names = st.sampled_from("xy")
values = st.sampled_from(["1", " 1 ", "A", "a", ""])
listed = st.lists(values, max_size=3)


@given(st.dictionaries(names, values | listed.map(tuple)), st.dictionaries(names, values | listed | st.none()))
def test_fields(want: dict[str, Any], got: dict[str, Any]) -> None:
    counts = count_fields(Sample(image="x", path=Path("x"), fields=want), {"fields": got})
    for name in "xy":
        wanted, found = (
            sorted(v.strip().lower() for v in ([given] if isinstance(given, str) else given or []) if v)
            for given in (want.get(name), got.get(name))
        )
        hits = sum(min(wanted.count(v), found.count(v)) for v in set(wanted))
        assert counts.get(name, Counts()) == Counts(hits, len(found), len(wanted))
