from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from wordsight.data.check import check_manifest
from wordsight.data.check_truth import crosses
from wordsight.data.faults import KINDS
from wordsight.errors import ManifestError

QUAD = [[10, 10], [60, 10], [60, 30], [10, 30]]


def manifest(folder: Path, *lines: object, shades: tuple[int, ...] = (0, 1, 2, 3)) -> Path:
    """A manifest with the pictures 0.png, 1.png ... of 100 x 50 pixels."""
    folder.mkdir(exist_ok=True)
    for index, shade in enumerate(shades):
        Image.new("RGB", (100, 50), (shade, 0, 0)).save(folder / f"{index}.png")
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    (folder / "labels.jsonl").write_text(text + "\n", encoding="utf-8")
    return folder


def line(index: int = 0, *words: dict[str, Any], **more: object) -> dict[str, Any]:
    return {"image": f"{index}.png", "words": list(words), **more}


def word(quad: object = QUAD, text: str | None = "x", **more: object) -> dict[str, Any]:
    return {"quad": quad, "text": text, **more}


def kinds(folder: Path, **options: Any) -> list[tuple[int | None, str]]:
    return [(fault.line, fault.kind) for fault in check_manifest(folder, **options).faults]


def test_a_good_manifest(tmp_path: Path) -> None:
    lines = [line(i, word(), size=[100, 50]) for i in range(4)]
    found = check_manifest(manifest(tmp_path, *lines))
    assert (found.pictures, found.faults) == (4, ())


def test_broken_lines_do_not_stop_the_search(tmp_path: Path) -> None:
    folder = manifest(
        tmp_path, line(0), "{", "", '"text"', {"image": "../x.png"}, {"image": 5}, line(1, {"quad": [[1, 2]]}), line(2)
    )
    found = check_manifest(folder)
    bad = [fault for fault in found.faults if fault.kind == "bad-line"]
    assert [fault.line for fault in bad] == [2, 4, 5, 6, 7]
    assert found.pictures == 2
    assert "not JSON" in bad[0].message
    assert "4 corners" in bad[-1].message
    assert kinds(folder)[-2:] == [(None, "unlisted-picture"), (None, "unlisted-picture")]


def test_pictures(tmp_path: Path) -> None:
    folder = manifest(tmp_path, line(0), line(9), line(1), line(2, size=[50, 100]), line(0), shades=(0, 1, 2))
    data = (folder / "1.png").read_bytes()
    (folder / "1.png").write_bytes(data[:-30])
    expected = [(2, "missing-picture"), (3, "unreadable-picture"), (4, "size-mismatch"), (5, "repeated-line")]
    assert kinds(folder) == expected
    assert kinds(folder, quick=True) == [fault for fault in expected if fault[1] != "unreadable-picture"]


@pytest.mark.parametrize(
    ("quad", "kind"),
    [
        ([[10, 10], [60, 30], [60, 10], [10, 30]], "quad-crossed"),
        ([[10, 10], [60, 10], [60, 10], [10, 10]], "quad-flat"),
        ([[60, 10], [10, 10], [10, 30], [60, 30]], "quad-mirrored"),
        ([[110, 10], [160, 10], [160, 30], [110, 30]], "quad-outside"),
        ([[60, 10], [120, 10], [120, 30], [60, 30]], "quad-over-edge"),
        ([[60, 10], [101.5, 10], [101.5, 30], [60, 30]], None),
        ([[60, 30], [60, 10], [90, 10], [90, 30]], None),
    ],
)
def test_places(tmp_path: Path, quad: object, kind: str | None) -> None:
    found = kinds(manifest(tmp_path, line(0, word(quad)), shades=(0,)))
    assert found == ([] if kind is None else [(1, kind)])


def test_sides_that_touch_do_not_cross() -> None:
    assert not crosses(((0, 0), (4, 0), (4, 4), (4, 0)))
    assert crosses(((0, 0), (4, 4), (4, 0), (0, 4)))


def test_texts(tmp_path: Path) -> None:
    lines = [
        line(0, word(text=""), word([[1, 1], [9, 1], [9, 9], [1, 9]], text="", ignore=True)),
        line(1, word(text="x "), fields={"total": ["9.00", " "]}),
        {"image": "2.png", "text": "a\u0007"},
        {"image": "3.png", "text": "ROOM", "lexicon": ["LIVING"]},
    ]
    assert kinds(manifest(tmp_path, *lines)) == [
        (1, "empty-text"),
        (2, "text-space"),
        (2, "empty-field"),
        (3, "text-space"),
        (4, "not-in-lexicon"),
    ]


def test_the_same_place_twice(tmp_path: Path) -> None:
    moved = [[x + 0.5, y] for x, y in QUAD]
    found = check_manifest(manifest(tmp_path, line(0, word(), word(moved)), shades=(0,)))
    assert [fault.message for fault in found.faults] == ["words[0] and words[1] have the same place"]


def test_equal_pictures_and_leakage(tmp_path: Path) -> None:
    lines = [
        line(0, word(), split="train", group="a"),
        line(1, word([[x + 1, y] for x, y in QUAD]), split="train"),  # the same truth, marked once more
        line(2, word(text="y"), split="train"),
        line(3, word(), split="test", group="a"),
    ]
    folder = manifest(tmp_path, *lines, shades=(7, 7, 7, 7))
    assert kinds(folder) == [
        (2, "same-picture"),
        (3, "same-picture-other-truth"),
        (4, "leakage-picture"),
        (4, "leakage-group"),
    ]
    Image.open(folder / "1.png").save(folder / "1.bmp")
    (folder / "labels.jsonl").write_text('{"image": "0.png"}\n{"image": "1.bmp"}\n')
    assert (2, "same-picture") in kinds(folder)
    assert (2, "same-picture") not in kinds(folder, quick=True)  # another file


def test_labels(tmp_path: Path) -> None:
    names = ["total"] * 6 + ["totl", "Date", "date", "date", "line1", "line2", "line2"]
    step = [[[x, y + 0.0] for x, y in QUAD] for _ in names]
    lines = [line(i, word(quad, label=name)) for i, (name, quad) in enumerate(zip(names, step, strict=True))]
    folder = manifest(tmp_path, *lines, shades=tuple(range(len(names))))
    found = check_manifest(folder).faults
    assert [(fault.line, fault.kind) for fault in found] == [
        (7, "rare-label"),
        (7, "label-look-alike"),
        (8, "rare-label"),
        (8, "label-look-alike"),
        (11, "rare-label"),
    ]
    assert "'totl' and 'total' look alike (1 and 6 times)" in found[1].message
    allowed = check_manifest(folder, ["total", "Date", "date", "line1", "line2"]).faults
    assert [(fault.line, fault.kind) for fault in allowed if fault.severity == "error"] == [(7, "unknown-label")]


def test_an_empty_manifest_and_none(tmp_path: Path) -> None:
    assert kinds(manifest(tmp_path, "", shades=())) == [(None, "empty-manifest")]
    with pytest.raises(ManifestError, match="is not there"):
        check_manifest(tmp_path / "nowhere")


def test_every_kind_has_advice() -> None:
    for severity, advice in KINDS.values():
        assert severity in ("error", "warning")
        assert len(advice) > 10
