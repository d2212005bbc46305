from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from wordsight.data.manifest import Manifest, Sample, TrueWord
from wordsight.edits import edit_distance
from wordsight.errors import ConfigError, ManifestError
from wordsight.evaluation.protocols import (
    Counts,
    count_boxes,
    count_fields,
    count_page_words,
    fold,
    same_word,
)
from wordsight.evaluation.report import evaluate, pair, read_predictions


def box(left: float, top: float, right: float, bottom: float) -> tuple[tuple[float, float], ...]:
    return ((left, top), (right, top), (right, bottom), (left, bottom))


def true(quad: Any, text: str | None = "word", ignore: bool = False) -> TrueWord:
    return TrueWord(quad=quad, text=text, ignore=ignore)


def said(quad: Any, text: str = "word", **more: float) -> dict[str, Any]:
    return {"quad": [list(xy) for xy in quad], "text": text, **more}


def picture(*words: TrueWord, image: str = "x.jpg", **more: Any) -> Sample:
    return Sample(image=image, path=Path(image), words=words, **more)


def crop(image: str, text: str | None) -> Sample:
    return Sample(image=image, path=Path(image), text=text)


A, B, C = box(0, 0, 10, 10), box(20, 0, 30, 10), box(40, 0, 50, 10)


def test_counts() -> None:
    counts = Counts(1, 2, 4) + Counts(1, 2, 0)
    assert counts == Counts(2, 4, 4)
    assert counts.to_dict() == {"precision": 0.5, "recall": 0.5, "f": 0.5, "hits": 2, "detected": 4, "wanted": 4}
    assert Counts().to_dict() == {"precision": 0, "recall": 0, "f": 0, "hits": 0, "detected": 0, "wanted": 0}


@pytest.mark.parametrize(
    ("truth", "found", "counts"),
    [
        ([A, B], [B, A], Counts(2, 2, 2)),
        ([], [A], Counts(0, 1, 0)),
        ([A], [], Counts(0, 0, 1)),
        ([A], [box(0, 0, 20, 10)], Counts(0, 1, 1)),  # IoU is 0.5: not above it
        ([A], [box(0, 0, 19.9, 10)], Counts(1, 1, 1)),
        ([A], [A, A], Counts(1, 2, 1)),  # the second one is a false alarm
        ([A, A], [A], Counts(1, 1, 2)),
        # The first truth takes the first box that is good enough, although the second would fit the truths better.
        ([A, box(0, 0, 10, 15)], [box(0, 0, 10, 15), box(0, 0, 10, 7)], Counts(1, 2, 2)),
        ([A], [(A[0], A[2], A[1], A[3])], Counts(1, 1, 1)),  # crossed corners: the quad that was meant
        ([A], [((3, 3),) * 4], Counts(0, 1, 1)),  # a point
        ([((3, 3),) * 4], [((3, 3),) * 4], Counts(0, 1, 1)),
        ([A], [A[:3]], Counts(0, 1, 1)),  # a triangle is half of the square
        ([A], [(*A, (-5, 5))], Counts(1, 1, 1)),
    ],
)
def test_detection_by_hand(truth: list[Any], found: list[Any], counts: Counts) -> None:
    sample = picture(*map(true, truth))
    assert count_boxes(sample, {"words": [said(quad) for quad in found]}, with_text=False) == counts


@pytest.mark.parametrize(
    ("found", "detected"),
    [(A, 0), (box(5.1, 0, 15, 10), 1), (box(4.9, 0, 14.9, 10), 0), (box(5, 0, 15, 10), 1), (((3, 3),) * 4, 1)],
)
@pytest.mark.parametrize("region", [true(A, ignore=True), true(A, "###")])
def test_words_that_lie_mostly_in_a_dont_care_region_count_neither_way(
    region: TrueWord, found: Any, detected: int
) -> None:
    assert count_boxes(picture(region), {"words": [said(found)]}, with_text=False) == Counts(0, detected, 0)


def test_two_regions_do_not_add_up() -> None:
    regions = picture(true(box(0, 0, 4, 10), ignore=True), true(box(6, 0, 10, 10), ignore=True))
    assert count_boxes(regions, {"words": [said(A)]}, with_text=False) == Counts(0, 1, 0)


def test_end_to_end_by_hand() -> None:
    sample = picture(true(A, "Cafe!"), true(B, None), true(C, ""), true(box(60, 0, 70, 10), "x"))
    words = [said(A, "CAFE"), said(B, "ignored"), said(C, "ignored"), said(box(60, 0, 70, 10), "y")]
    assert count_boxes(sample, {"words": words}, with_text=True) == Counts(1, 2, 2)
    assert count_boxes(sample, {"words": words}, with_text=False) == Counts(4, 4, 4)


def test_a_box_with_the_wrong_text_is_used_up() -> None:
    words = [said(A, "wrong"), said(A, "word")]
    assert count_boxes(picture(true(A)), {"words": words}, with_text=True) == Counts(0, 2, 1)


def test_min_score() -> None:
    words = [said(A, detection_score=0.5, confidence=0.1), said(B, detection_score=0.4), said(C)]
    sample = picture(true(A), true(B), true(C))
    assert count_boxes(sample, {"words": words}, with_text=False, min_score=0.5) == Counts(2, 2, 3)
    assert count_boxes(sample, {"words": words}, with_text=True, min_score=0.5) == Counts(1, 1, 3)


@pytest.mark.parametrize(
    ("truth", "text", "same"),
    [
        ("Word", "wORD", True),
        ("'Word.'", "'Word.'", True),
        ("'Word.'", "Word.", True),
        ("'Word.'", "'Word.", True),
        ("'Word.'", "Word", False),  # only one character at each end
        ("[06]", "06", True),
        ("Word", "Word.", False),  # the truth may lose it, the answer may not add it
        ("£5", "5", False),
        (".", "", False),
        ("a.b", "ab", False),
        ("straße", "STRASSE", True),
        ("·x", "X", True),
    ],
)
def test_same_word(truth: str, text: str, same: bool) -> None:
    assert same_word(truth, text) is same


def test_page_words_by_hand() -> None:
    sample = picture(
        true(A, "Hello, world"), true(None, "world"), true(B, "secret", ignore=True), true(C, "###"), true(None, None)
    )
    words = [said(box(90, 0, 99, 9), "WORLD"), said(B, "hidden"), said(C, "& hello?"), {"text": "extra"}, {"quad": []}]
    assert count_page_words(sample, {"words": words}) == Counts(2, 3, 3)


def test_a_bad_quad_does_not_matter_where_no_region_asks_for_it() -> None:
    assert count_page_words(picture(true(None, "a")), {"words": [{"text": "a", "quad": "?"}]}) == Counts(1, 1, 1)


def test_fields_by_hand() -> None:
    sample = picture(fields={"total": "9.00", "plate": ("AB 1", "CD 2", "CD 2"), "date": "1 May"})
    counts = count_fields(sample, {"fields": {"total": 9.0, "plate": ["cd  2", "AB 1", None, ""], "shop": "x"}})
    assert counts == {
        "total": Counts(0, 1, 1),
        "plate": Counts(2, 2, 3),
        "date": Counts(0, 0, 1),
        "shop": Counts(0, 1, 0),
    }


@pytest.mark.parametrize(
    ("a", "b", "distance"),
    [
        ("", "", 0),
        ("", "abc", 3),
        ("abc", "", 3),
        ("kitten", "sitting", 3),
        ("ab", "ba", 2),
        ("अब", "अ", 1),
        ("x", "x", 0),
    ],
)
def test_edit_distance(a: str, b: str, distance: int) -> None:
    assert edit_distance(a, b) == distance


def test_fold() -> None:
    assert fold("Ünïque-№ 7K!") == "nque7k"  # the last but one is the Kelvin sign


def test_recognition_by_hand() -> None:
    samples = [crop("1", "Genaxis"), crop("2", "&"), crop("3", "[06]"), crop("4", None), crop("5", "abc")]
    predictions = [
        {"image": "1", "text": "GENAXIS", "confidence": 0.9},
        {"image": "2", "text": "&"},
        {"image": "3", "text": "06"},
        {"image": "4", "text": "unknown"},
        {"image": "5", "text": None},
    ]
    report = evaluate(samples, predictions, "recognition")
    assert report.totals == {"accuracy": 2 / 3, "words": 3, "exact": 1 / 4, "crops": 4, "cer": (6 + 0 + 2 + 3) / 15}
    first = {"text": "Genaxis", "said": "GENAXIS", "accurate": True, "exact": False, "edits": 6, "confidence": 0.9}
    assert report.rows[0] == {"image": "1"} | first
    assert [row["accurate"] for row in report.rows] == [True, None, True, False]


def test_report_of_boxes() -> None:
    samples = [picture(true(A), image="images/a.jpg"), picture(true(A), true(B), image="images/b.jpg")]
    predictions = [{"image": "/else/a.jpg", "words": [said(A)]}, {"image": "b.jpg", "words": [said(A), said(C)]}]
    report = evaluate(Manifest(Path(), tuple(samples)), predictions, "detection")
    assert report.totals == Counts(2, 3, 3).to_dict()
    assert report.rows == [
        {"image": "images/a.jpg"} | Counts(1, 1, 1).to_dict(),
        {"image": "images/b.jpg"} | Counts(1, 2, 2).to_dict(),
    ]


def test_report_of_fields() -> None:
    samples = [picture(image="a", fields={"x": "1", "y": "2"}), picture(image="b")]
    report = evaluate(samples, [{"image": "a", "fields": {"x": "1"}}, {"image": "b"}], "fields")
    by_field = {"whole_documents": 0.5, "by_field": {"x": 1.0, "y": 0.0}}
    assert report.totals == Counts(1, 1, 2).to_dict() | by_field
    assert [row["whole"] for row in report.rows] == [False, True]


def test_pictures_are_matched_by_the_most_path_parts() -> None:
    samples = [crop("a/x.jpg", ""), crop("b/x.jpg", ""), crop("c/d/y.jpg", "")]
    predictions = [{"image": "C:\\set\\b\\x.jpg"}, {"image": "/set/a/x.jpg"}, {"image": "./y.jpg"}]
    assert [found["image"] for _, found in pair(samples, predictions)] == [
        "/set/a/x.jpg",
        "C:\\set\\b\\x.jpg",
        "./y.jpg",
    ]


def test_double_and_missing_predictions() -> None:
    samples = [crop("a/x.jpg", "t"), crop("b/y.jpg", "t")]
    with pytest.raises(ManifestError, match=r"1 picture \(first: a/x.jpg\) with several predictions"):
        pair(samples, [{"image": "1/x.jpg"}, {"image": "2/x.jpg"}], missing_ok=True)
    with pytest.raises(ManifestError, match=r"2 pictures \(first: a/x.jpg\) without a prediction"):
        pair(samples, [])
    assert evaluate(samples, [{"image": "x.jpg", "text": "t"}], "recognition", missing_ok=True).totals["exact"] == 0.5


@pytest.mark.parametrize(
    ("prediction", "task", "message"),
    [
        ({}, "detection", "has no 'image'"),
        ({"image": 5}, "detection", "has no 'image'"),
        ({"image": "x.jpg", "words": "none"}, "detection", "list of objects"),
        ({"image": "x.jpg", "words": ["none"]}, "page-words", "list of objects"),
        ({"image": "x.jpg", "words": [{"text": "no quad"}]}, "detection", "x.jpg: not a quad"),
        ({"image": "x.jpg", "words": [{"quad": [[0, 0], [1, 1]]}]}, "detection", "x.jpg: not a quad"),
        ({"image": "x.jpg", "words": [{"quad": [[0, 0], [1, 1], [1]]}]}, "detection", "x.jpg: not a quad"),
        ({"image": "x.jpg", "words": [{"quad": [[0, 0], [1, 1], [1, None]]}]}, "detection", "x.jpg: not a quad"),
        ({"image": "x.jpg", "words": [{"quad": [[0, 0], [1, 1], [1, 10**400]]}]}, "detection", "x.jpg: not a quad"),
        ({"image": "x.jpg", "words": [{"quad": {"x": 1}}]}, "detection", "x.jpg: not a quad"),
        ({"image": "x.jpg", "words": [{"quad": A, "detection_score": "1"}]}, "detection", "not a number"),
        ({"image": "x.jpg", "words": [{"quad": [list(p) for p in A], "text": 5}]}, "end-to-end", "not a text"),
        ({"image": "x.jpg", "text": 5}, "recognition", "not a text"),
        ({"image": "x.jpg", "fields": ["a"]}, "fields", "'fields' is an object"),
    ],
)
def test_hostile_predictions_are_refused(prediction: dict[str, Any], task: Any, message: str) -> None:
    sample = picture(true(A), text="word")
    with pytest.raises(ManifestError, match=message):
        evaluate([sample], [prediction], task)


@pytest.mark.parametrize("far", [1e150, 1e300, 1.7e308])
def test_positions_beyond_all_bounds_do_no_harm(far: float) -> None:
    sample = picture(true(A), true(box(-far, -far, far, far), ignore=True))
    words = [said(box(0, 0, far, far)), said(box(-far, 0, far, 1e-300))]
    assert count_boxes(sample, {"words": words}, with_text=False).wanted == 1


def test_what_the_manifest_lacks_is_told() -> None:
    with pytest.raises(ManifestError, match="has no 'words'"):
        evaluate([crop("a", "t")], [{"image": "a"}], "page-words")
    with pytest.raises(ManifestError, match="not a quad"):
        evaluate([picture(true(None))], [{"image": "x.jpg"}], "detection")
    with pytest.raises(ManifestError, match="no picture to evaluate"):
        evaluate([], [], "detection")
    with pytest.raises(ConfigError, match="choose one of detection, end-to-end"):
        evaluate([], [], "reading")  # type: ignore[arg-type]


def test_predictions_are_read_with_line_numbers(tmp_path: Path) -> None:
    file = tmp_path / "predictions.jsonl"
    file.write_text('{"image": "a"}\n\n{"image": "b"}\n')
    assert read_predictions(file) == [{"image": "a"}, {"image": "b"}]
    file.write_text('{"image": "a"}\n[]\n')
    with pytest.raises(ManifestError, match=r"predictions\.jsonl:2"):
        read_predictions(file)
    with pytest.raises(ManifestError, match="cannot be read"):
        read_predictions(tmp_path / "nothing.jsonl")
