"""What a folder teaches: labels, kinds, held-out pictures; and data that nothing can be learnt from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from wordsight.errors import ConfigError, ManifestError
from wordsight.training.lesson import divide, folds, prepare
from wordsight.training.lines import line_texts

QUAD = [[1, 1], [9, 1], [9, 5], [1, 5]]


def manifest(folder: Path, records: list[dict[str, Any]], same: bool = False) -> Path:
    """A manifest whose pictures are small and different, unless they are to be the same."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    lines = []
    for number, record in enumerate(records):
        name = f"images/{number}.png"
        grey = 0 if same else number % 256
        picture = np.full((8, 12 if same else 12 + number // 256, 3), grey, np.uint8)
        Image.fromarray(picture).save(folder / name)
        lines.append(json.dumps({"image": name, **record}))
    (folder / "labels.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def test_crops(tmp_path: Path) -> None:
    lesson = prepare(manifest(tmp_path, [{"text": f"a{i}"} for i in range(12)]))
    (label,) = lesson.labels
    assert (label.name, label.kind, label.many, label.pictures) == ("text", "crop", False, 12)


def test_documents(tmp_path: Path) -> None:
    records = [{"fields": {"total": f"{i}.00", "item": ["a", "b"]}, "words": []} for i in range(5)]
    lesson = prepare(manifest(tmp_path, records))
    assert {x.name: (x.kind, x.many) for x in lesson.labels} == {
        "item": ("document", True),
        "total": ("document", False),
    }


def test_boxes_are_undecided_until_the_pages_are_looked_at(tmp_path: Path) -> None:
    records = [{"words": [{"quad": QUAD, "text": "A1", "label": "plate"}]} for _ in range(6)]
    (label,) = prepare(manifest(tmp_path, records)).labels
    assert label.kind is None
    (label,) = prepare(manifest(tmp_path, records), {"plate": "document"}).labels
    assert label.kind == "document"


def test_boxes_without_texts_are_objects(tmp_path: Path) -> None:
    records = [{"words": [{"quad": QUAD, "label": "logo"}, {"quad": QUAD, "label": "logo"}]} for _ in range(6)]
    (label,) = prepare(manifest(tmp_path, records)).labels
    assert (label.kind, label.many, label.texts) == ("object", True, False)


def test_places_without_labels_are_those_of_the_only_field(tmp_path: Path) -> None:
    records = [
        {"level": "plate", "words": [{"quad": QUAD, "text": f"A{i}"}], "fields": {"number": [f"A{i}"]}}
        for i in range(6)
    ]
    records.append(
        {"level": "plate", "words": [{"quad": QUAD, "text": None, "ignore": True}], "fields": {"number": []}}
    )
    lesson = prepare(manifest(tmp_path, records))
    assert [(x.name, x.many) for x in lesson.labels] == [("number", True)]
    assert [box.label for box in lesson.examples[0].boxes] == ["number"]
    assert lesson.examples[6].boxes[0].ignore
    assert lesson.examples[0].values == {"number": ("A0",)}


def test_lines_of_a_receipt_are_not_its_fields(tmp_path: Path) -> None:
    records = [
        {"level": "line", "words": [{"quad": QUAD, "text": "9.00"}], "fields": {"total": "9.00", "date": "1/2/2026"}}
        for _ in range(4)
    ]
    lesson = prepare(manifest(tmp_path, records))
    assert [x.kind for x in lesson.labels] == ["document", "document"]
    assert lesson.examples[0].boxes == ()


def test_a_folder_of_pictures_behind_a_link(tmp_path: Path) -> None:
    manifest(tmp_path / "real", [{"text": f"a{i}"} for i in range(12)])
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / "labels.jsonl").write_bytes((tmp_path / "real" / "labels.jsonl").read_bytes())
    (tmp_path / "linked" / "images").symlink_to(tmp_path / "real" / "images")
    assert len(prepare(tmp_path / "linked").examples) == 12


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="there is no folder"):
        prepare(tmp_path / "none")


def test_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"labels\.jsonl"):
        prepare(tmp_path)
    (tmp_path / "labels.jsonl").write_text("")
    with pytest.raises(ManifestError, match="is empty; label some pictures"):
        prepare(tmp_path)


def test_one_broken_line(tmp_path: Path) -> None:
    manifest(tmp_path, [{"text": f"a{i}"} for i in range(12)])
    with (tmp_path / "labels.jsonl").open("a") as file:
        file.write('{"image": "images/0.png", "text": \n')
    with pytest.raises(ManifestError, match=r"labels.jsonl:13: not JSON"):
        prepare(tmp_path)


def test_pictures_that_are_not_there(tmp_path: Path) -> None:
    manifest(tmp_path, [{"text": f"a{i}"} for i in range(12)])
    (tmp_path / "images" / "3.png").unlink()
    with pytest.raises(ManifestError, match=r"1 of 12 pictures are not there \(first: .*3.png\)"):
        prepare(tmp_path)


def test_no_labels(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="no picture has a label; give words a 'label'"):
        prepare(manifest(tmp_path, [{}] * 12))


def test_one_picture_only(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="1 picture has the label 'total', which needs at least 3"):
        prepare(manifest(tmp_path, [{"fields": {"total": "9"}}]))


def test_two_labels_with_one_example_each(tmp_path: Path) -> None:
    records = [{"fields": {"total": "9"}}, {"fields": {"date": "1/2/2026"}}, {}, {}]
    with pytest.raises(ManifestError, match=r"too little to learn from.*'date'.*'total'.*Label more pictures"):
        prepare(manifest(tmp_path, records))


def test_a_rare_label_is_left_out_and_told(tmp_path: Path) -> None:
    records: list[dict[str, Any]] = [{"fields": {"total": "9"}} for _ in range(5)]
    records[0]["fields"]["date"] = "1/2/2026"
    lesson = prepare(manifest(tmp_path, records))
    assert [x.name for x in lesson.labels] == ["total"]
    assert lesson.warnings == ("1 picture has the label 'date', which needs at least 3: it is left out",)


def test_a_label_that_never_appears(tmp_path: Path) -> None:
    folder = manifest(tmp_path, [{"fields": {"total": "9"}}] * 5)
    with pytest.raises(ConfigError, match="label 'totl' is unknown; did you mean 'total'"):
        prepare(folder, {"totl": "document"})


def test_a_kind_that_needs_boxes(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="has no boxes"):
        prepare(manifest(tmp_path, [{"fields": {"total": "9"}}] * 5), {"total": "object"})


def test_parts_do_not_share_pictures(tmp_path: Path) -> None:
    lesson = prepare(manifest(tmp_path, [{"text": f"a{i}"} for i in range(100)]))
    split = divide(lesson, None)
    parts = [{e.name for e in part} for part in (split.learn, split.check, split.test)]
    assert [len(part) for part in parts] == [72, 8, 20]
    assert len(set.union(*parts)) == 100
    assert divide(lesson, None) == split
    assert {e.name for e in divide(lesson, None, seed=1).test} != parts[2]


def test_equal_pictures_are_never_parted(tmp_path: Path) -> None:
    lesson = prepare(manifest(tmp_path, [{"text": "a"}] * 20, same=True))
    split = divide(lesson, None)
    assert (len(split.learn), len(split.test)) == (20, 0)


def test_groups_are_never_parted(tmp_path: Path) -> None:
    records = [{"text": f"a{i}", "group": f"car {i // 5}"} for i in range(50)]
    lesson = prepare(manifest(tmp_path, records))
    split = divide(lesson, "0.3")
    tested = {e.group for e in split.test}
    assert tested
    assert not tested & {e.group for e in (*split.learn, *split.check)}
    for some, others in folds(lesson.examples, 5):
        assert not {e.group for e in some} & {e.group for e in others}


def test_a_named_split(tmp_path: Path) -> None:
    records = [{"text": f"a{i}", "split": "test" if i < 5 else "train"} for i in range(30)]
    lesson = prepare(manifest(tmp_path, records))
    split = divide(lesson, None)
    assert split.told
    assert sorted(e.name for e in split.test) == [f"images/{i}.png" for i in range(5)]
    with pytest.raises(ConfigError, match=r"no picture has the split 'tset' \(splits: test, train\)"):
        divide(lesson, "tset")
    with pytest.raises(ConfigError, match="between 0 and 1"):
        divide(lesson, "1.5")


@pytest.mark.parametrize(
    ("label", "said", "parts"),
    [
        ("KA 05 AB 1234", ["KA05AB1234"], ["KA 05 AB 1234"]),
        ("KA 05 AB 1234", ["KA 05", "AB 1234"], ["KA 05", "AB 1234"]),
        ("KA05-AB1234", ["KAO5", "AB I234"], ["KA05", "AB1234"]),
        ("KA 05 AB 1234", ["xyz", "...."], ["", ""]),
        ("", ["a", "b"], ["", ""]),
    ],
)
def test_a_label_of_several_lines(label: str, said: list[str], parts: list[str]) -> None:
    assert line_texts(label, said) == parts
