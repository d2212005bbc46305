from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest

from wordsight.data.manifest import Manifest, Sample, TrueWord, write_manifest
from wordsight.errors import ManifestError

DATA = Path(__file__).parents[3] / "shared" / "data"
QUAD = [[1.25, 2], [30.1, 2], [30.1, 12], [1.25, 12]]


def labels(folder: Path, *lines: object) -> Path:
    text = "\n".join(line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) for line in lines)
    (folder / "labels.jsonl").write_text(text + "\n", encoding="utf-8")
    return folder


def test_a_full_line(tmp_path: Path) -> None:
    line = {
        "image": "images/x.jpg",
        "words": [
            {"quad": QUAD, "text": "9.00", "ignore": False, "label": "total", "polygon": QUAD[:3], "entity": 4},
            {"quad": None, "text": None, "ignore": True},
        ],
        "fields": {"total": "9.00", "plates": ["A", "B"], "empty": None},
        "split": "train",
        "size": [960, 640],
        "original_size": [1280, 720],
        "level": "word",
        "group": "car 1",
        "lexicon": ["9.00", "8.00"],
        "text": "9.00",
        "in_1015": True,
    }
    (sample,) = Manifest.open(labels(tmp_path, line))
    quad = ((1.25, 2.0), (30.1, 2.0), (30.1, 12.0), (1.25, 12.0))
    total = TrueWord(quad=quad, text="9.00", label="total", polygon=quad[:3], extra={"entity": 4})
    assert sample == Sample(
        image="images/x.jpg",
        path=tmp_path / "images" / "x.jpg",
        words=(total, TrueWord(ignore=True)),
        fields={"total": "9.00", "plates": ("A", "B")},
        split="train",
        size=(960, 640),
        original_size=(1280, 720),
        level="word",
        group="car 1",
        lexicon=("9.00", "8.00"),
        text="9.00",
        extra={"in_1015": True},
    )
    assert pickle.loads(pickle.dumps(sample)) == sample
    assert hash(sample) == hash(pickle.loads(pickle.dumps(sample)))


def test_only_the_image_is_required(tmp_path: Path) -> None:
    (sample,) = Manifest.open(labels(tmp_path, {"image": "x.jpg"}))
    assert sample == Sample(image="x.jpg", path=tmp_path / "x.jpg")
    assert sample.words is None


def test_unmarked_and_empty_pictures_differ_after_a_round_trip(tmp_path: Path) -> None:
    write_manifest(tmp_path, Manifest.open(labels(tmp_path, {"image": "a"}, {"image": "b", "words": []})))
    assert [sample.words for sample in Manifest.open(tmp_path)] == [None, ()]


def test_selecting(tmp_path: Path) -> None:
    lines = [{"image": f"{i}.jpg", "split": "ab"[i % 2], "flag": i > 2, "text": "x" * (i > 4)} for i in range(6)]
    manifest = Manifest.open(labels(tmp_path, *lines))
    assert len(manifest) == 6
    assert [s.image for s in manifest.split("a")] == ["0.jpg", "2.jpg", "4.jpg"]
    assert [s.image for s in manifest.split("a").where("flag")] == ["4.jpg"]
    assert [s.image for s in manifest.where("text")] == ["5.jpg"]
    assert not list(manifest.where("nothing"))
    chosen = manifest.choose(3, seed=7)
    assert chosen == manifest.choose(3, seed=7)
    assert len(chosen) == 3
    assert [s.image for s in chosen] == sorted(s.image for s in chosen)
    assert manifest.choose(99) == manifest


def test_blank_lines_and_a_byte_order_mark_are_no_fault(tmp_path: Path) -> None:
    (tmp_path / "labels.jsonl").write_bytes('\ufeff{"image": "अ.jpg"}\r\n\r\n{"image": "b.jpg"}'.encode())
    assert [sample.image for sample in Manifest.open(tmp_path)] == ["अ.jpg", "b.jpg"]


@pytest.mark.parametrize(
    "image",
    [
        "/etc/passwd",
        "../x.jpg",
        "images/../../x.jpg",
        "C:\\x.jpg",
        "C:/x.jpg",
        "\\\\host\\x",
        "a\\..\\b",
        "",
        ".",
        "a\0b",
    ],
)
def test_an_image_outside_the_folder_is_refused(tmp_path: Path, image: str) -> None:
    with pytest.raises(ManifestError, match=r"labels\.jsonl:2: 'image'"):
        Manifest.open(labels(tmp_path, {"image": "good.jpg"}, {"image": image}))


def test_a_link_to_a_picture_folder_is_welcome(tmp_path: Path) -> None:
    pictures = tmp_path / "elsewhere"
    pictures.mkdir()
    (pictures / "x.jpg").write_bytes(b"picture")
    folder = tmp_path / "set"
    folder.mkdir()
    (folder / "images").symlink_to(pictures, target_is_directory=True)
    (sample,) = Manifest.open(labels(folder, {"image": "images/x.jpg"}))
    assert sample.path.read_bytes() == b"picture"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "not JSON"),
        ("[1]", "not an object"),
        ("null", "not an object"),
        ('{"image": "x", "size": [NaN, 1]}', "NaN is not a JSON number"),
        ("[" * 100_000, "not JSON"),
        ('{"image": "x", "words": ' + "9" * 5000 + "}", "not JSON"),
        ({}, "'image' is missing"),
        ({"image": None}, "'image' is missing"),
        ({"image": 3}, "'image' holds 3, which is no text"),
        ('{"image": "x", "text": "\\ud800"}', "half a character"),
        ({"image": "x", "words": {}}, "'words' is a list"),
        ({"image": "x", "words": ["y"]}, "a word is an object"),
        ({"image": "x", "words": [{"text": 9.0}]}, "'text' holds 9.0, which is no text; put it in quotes"),
        ({"image": "x", "words": [{"ignore": "yes"}]}, "'ignore' is true or false"),
        ({"image": "x", "words": [{"quad": 5}]}, "'quad' is a list"),
        ({"image": "x", "words": [{"quad": [1, 2, 3, 4]}]}, r"'quad' is a list of \[x, y\]"),
        ({"image": "x", "words": [{"quad": QUAD[:3]}]}, "a quad has 4 corners, not 3"),
        ({"image": "x", "words": [{"quad": [["1", 2], *QUAD[1:]]}]}, "'1' is not a number of pixels"),
        ({"image": "x", "words": [{"quad": [[True, 2], *QUAD[1:]]}]}, "True is not a number of pixels"),
        ('{"image": "x", "words": [{"quad": [[1e999, 2], [1, 2], [3, 4], [5, 6]]}]}', "not a finite number"),
        ({"image": "x", "words": [{"quad": [[10**400, 2], *QUAD[1:]]}]}, "too large"),
        ({"image": "x", "words": [{"polygon": QUAD[:2]}]}, "a polygon has 3 or more corners"),
        ({"image": "x", "size": [640, 0]}, "'size' is"),
        ({"image": "x", "size": [640, 480.0]}, "'size' is"),
        ({"image": "x", "original_size": [10**9, 10**9]}, "'original_size' is"),
        ({"image": "x", "fields": ["a"]}, "'fields' is an object"),
        ({"image": "x", "fields": {"total": 9.0}}, "'total' holds 9.0, which is no text; put it in quotes"),
        ({"image": "x", "lexicon": "abc"}, "'lexicon' is a list of texts"),
        ({"image": "x", "split": 1}, "'split' holds 1"),
    ],
)
def test_every_fault_names_file_and_line(tmp_path: Path, line: object, message: str) -> None:
    with pytest.raises(ManifestError, match=r"labels\.jsonl:3: .*" + message):
        Manifest.open(labels(tmp_path, {"image": "a.jpg"}, "", line))


def test_bytes_that_are_no_text_are_refused_with_their_line(tmp_path: Path) -> None:
    (tmp_path / "labels.jsonl").write_bytes(b'{"image": "a"}\n{"image": "\xff"}\n')
    with pytest.raises(ManifestError, match=r"labels\.jsonl:2: not JSON"):
        Manifest.open(tmp_path)


def test_a_folder_without_labels_is_no_manifest(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="a manifest is a folder"):
        Manifest.open(tmp_path / "nothing")


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    third = 1 / 3
    word = TrueWord(quad=((third, 0.1), (9.0, 0.0), (9.0, 5.0), (0.0, 5.0)), text="अ\u2028", extra={"entity": [1]})
    sample = Sample(
        image="images/ü.jpg",
        path=tmp_path / "new" / "images" / "ü.jpg",
        words=(word,),
        fields={"a": ("1", "2")},
        lexicon=(),
        text="",
        extra={"path": "p", "extra": {"q": None}},
    )
    write_manifest(tmp_path / "new", [sample, sample])
    assert Manifest.open(tmp_path / "new").samples == (sample, sample)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["labels.jsonl"]


@pytest.mark.parametrize("value", [float("inf"), "\ud800", object()])
def test_a_fault_while_writing_leaves_the_old_file(tmp_path: Path, value: object) -> None:
    labels(tmp_path, {"image": "old.jpg"})
    bad = Sample(image="b.jpg", path=tmp_path / "b.jpg", extra={"value": value})
    with pytest.raises(ManifestError, match=r"labels\.jsonl:1: JSON cannot say this"):
        write_manifest(tmp_path, [bad])
    assert [sample.image for sample in Manifest.open(tmp_path)] == ["old.jpg"]
    assert [path.name for path in tmp_path.iterdir()] == ["labels.jsonl"]


@pytest.mark.skipif(not DATA.is_dir(), reason="the real sets of ../shared/data are not here")
@pytest.mark.parametrize(
    "name", ["icdar2015_train", "funsd_train", "sroie", "plates", "mrz", "tess_pages", "iiit5k_train"]
)
def test_real_sets_survive_a_round_trip(tmp_path: Path, name: str) -> None:
    manifest = Manifest.open(DATA / name)
    write_manifest(tmp_path, manifest)
    with (DATA / name / "labels.jsonl").open(encoding="utf-8") as before, (tmp_path / "labels.jsonl").open() as after:
        for old, new in zip(before, after, strict=True):
            assert _said(json.loads(new)) == _said(json.loads(old))


def _said(record: dict[str, object]) -> dict[str, object]:
    """A record without what says nothing: nulls and empty fields."""
    said = {key: value for key, value in record.items() if value is not None and value != {}}
    if isinstance(words := said.get("words"), list):
        said["words"] = [_said(word) for word in words]
    return said
