"""A manifest written in another program's layout and read back says the same, as far as that layout can say it."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from PIL import Image

from wordsight.data.exporters.formats import export_manifest
from wordsight.data.importers.formats import import_dataset
from wordsight.data.importers.places import rectangle
from wordsight.data.manifest import Manifest, Points, Sample, TrueWord, write_manifest
from wordsight.errors import ConfigError, ManifestError

WIDTH, HEIGHT = 160, 120
FUNCTION = settings(
    max_examples=12,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn", "Zl", "Zp", "Co"]), min_size=1, max_size=12
).filter(lambda text: text == text.strip() and text not in ("###", "."))
PLAIN_TEXT = TEXT.map(lambda text: " ".join(text.split())).filter(bool)
LABEL = st.one_of(st.none(), st.sampled_from(["total", "number plate", "größe: «1»", "'#"]))


@st.composite
def quads(draw: st.DrawFn) -> Points:
    """An upright box, a turned one, or four corners in the order of the clock."""
    kind = draw(st.sampled_from(["box", "turned", "free"]))
    x, y = draw(st.integers(40, 80)), draw(st.integers(40, 60))
    width, height = draw(st.integers(4, 30)), draw(st.integers(4, 20))
    if kind == "box":
        return rectangle(float(x), float(y), float(width), float(height))
    turned = rectangle(x, y, width, height, draw(st.floats(-180, 180)))
    if kind == "turned":
        return turned
    return tuple((px + draw(st.floats(0, 1)), py + draw(st.floats(0, 1))) for px, py in turned)


WORDS = st.lists(
    st.builds(
        TrueWord,
        quad=quads(),
        text=st.one_of(st.none(), TEXT),
        ignore=st.booleans(),
        label=LABEL,
    ),
    max_size=4,
)
SETS = st.lists(
    st.tuples(WORDS, st.sampled_from(["a/1.png", "b/1.png", "1.jpg", "Ünï 2.png"]), st.sampled_from(["train", "val"])),
    min_size=1,
    max_size=3,
    unique_by=lambda item: item[1],
)


def made(folder: Path, items: list[tuple[list[TrueWord], str, str]]) -> Manifest:
    """A manifest with pictures; no two are equal."""
    shutil.rmtree(folder, ignore_errors=True)
    samples = []
    for shade, (words, name, split) in enumerate(items):
        image = f"images/{name}"
        (folder / image).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (WIDTH, HEIGHT), (shade, 0, 0)).save(folder / image)
        samples.append(Sample(image=image, path=folder / image, words=tuple(words), split=split, size=(WIDTH, HEIGHT)))
    write_manifest(folder, samples)
    return Manifest.open(folder)


def there_and_back(tmp_path: Path, items: list[tuple[list[TrueWord], str, str]], layout: str) -> list[list[Sample]]:
    """Pairs of samples before and after, matched by their pictures' colour."""
    source = made(tmp_path / "source", items)
    for name in ("foreign", "back"):
        shutil.rmtree(tmp_path / name, ignore_errors=True)
    export_manifest(source, tmp_path / "foreign", layout)
    other = {"icdar": "icdar2015", "yolo-obb": "yolo"}.get(layout, layout)
    import_dataset(tmp_path / "foreign", tmp_path / "back", other)
    back = {sample.path.read_bytes(): sample for sample in Manifest.open(tmp_path / "back")}
    assert len(back) == len(source)
    return [[sample, back[sample.path.read_bytes()]] for sample in source]


def check(before: Sample, after: Sample, same: Callable[[TrueWord], TrueWord | None], tolerance: float) -> None:
    """Whether the words are what ``same`` says they should be, their corners within a tolerance in pixels."""
    expected = [word for word in map(same, before.words or ()) if word is not None]
    assert after.words is not None
    assert [(w.text, w.ignore, w.label) for w in after.words] == [(w.text, w.ignore, w.label) for w in expected]
    for one, other in zip(expected, after.words, strict=True):
        assert np.abs(np.array(one.quad) - np.array(other.quad)).max() <= tolerance
    assert after.split == before.split
    assert after.size == before.size


@FUNCTION
@given(items=SETS)
def test_coco(tmp_path: Path, items: list[tuple[list[TrueWord], str, str]]) -> None:
    for before, after in there_and_back(tmp_path, items, "coco"):
        check(before, after, lambda word: word, 1e-9)


@FUNCTION
@given(items=SETS)
def test_voc(tmp_path: Path, items: list[tuple[list[TrueWord], str, str]]) -> None:
    for before, after in there_and_back(tmp_path, items, "voc"):
        check(before, after, lambda word: word, 1e-9)


@FUNCTION
@given(items=SETS)
def test_label_studio(tmp_path: Path, items: list[tuple[list[TrueWord], str, str]]) -> None:
    for before, after in there_and_back(tmp_path, items, "label-studio"):
        check(before, after, lambda word: word, 2e-3)


@FUNCTION
@given(items=SETS)
def test_icdar_keeps_whole_pixels_and_texts(tmp_path: Path, items: list[tuple[list[TrueWord], str, str]]) -> None:
    def same(word: TrueWord) -> TrueWord:
        unread = word.ignore or word.text is None
        said = "###" if word.ignore or word.text is None else " ".join(word.text.split())
        return TrueWord(quad=word.quad, text=said, ignore=unread)

    for before, after in there_and_back(tmp_path, items, "icdar"):
        check(before, after, same, 0.5)


def _unread(word: TrueWord) -> TrueWord | None:
    return None if word.ignore else TrueWord(quad=word.quad, label=word.label)


@FUNCTION
@given(items=SETS)
def test_yolo_quads_keep_all_but_texts(tmp_path: Path, items: list[tuple[list[TrueWord], str, str]]) -> None:
    for before, after in there_and_back(tmp_path, items, "yolo-obb"):
        check(before, after, _unread, 1e-5)


@FUNCTION
@given(items=SETS)
def test_yolo_boxes_are_those_around_the_words(tmp_path: Path, items: list[tuple[list[TrueWord], str, str]]) -> None:
    def same(word: TrueWord) -> TrueWord | None:
        if word.ignore or word.quad is None:
            return None
        (left, top), (right, bottom) = np.min(word.quad, axis=0), np.max(word.quad, axis=0)
        return TrueWord(quad=((left, top), (right, top), (right, bottom), (left, bottom)), label=word.label)

    for before, after in there_and_back(tmp_path, items, "yolo"):
        check(before, after, same, 1e-5)


@FUNCTION
@given(texts=st.lists(PLAIN_TEXT, min_size=1, max_size=4), layout=st.sampled_from(["icdar", "coco", "label-studio"]))
def test_crops(tmp_path: Path, texts: list[str], layout: str) -> None:
    folder = tmp_path / "crops"
    for name in ("crops", "foreign", "back"):
        shutil.rmtree(tmp_path / name, ignore_errors=True)
    samples = []
    for shade, said in enumerate(texts):
        (folder / "images").mkdir(parents=True, exist_ok=True)
        path = folder / "images" / f"{shade}.png"
        Image.new("RGB", (30, 10), (shade, 0, 0)).save(path)
        samples.append(Sample(image=f"images/{shade}.png", path=path, text=said, split="test"))
    export_manifest(Manifest(folder, tuple(samples)), tmp_path / "foreign", layout)
    import_dataset(tmp_path / "foreign", tmp_path / "back", {"icdar": "icdar-words"}.get(layout, layout))
    back = sorted(Manifest.open(tmp_path / "back"), key=lambda sample: sample.image)
    assert [sample.text for sample in back] == texts
    assert [sample.words for sample in back] == [None] * len(texts)


def test_polygons_survive_in_coco_and_label_studio(tmp_path: Path) -> None:
    polygon = ((10.0, 20.0), (40.0, 15.0), (70.0, 20.0), (70.0, 40.0), (10.0, 40.0))
    word = TrueWord(quad=rectangle(10.0, 15.0, 60.0, 25.0), polygon=polygon, text="round")
    for layout in ("coco", "label-studio"):
        ((_, after),) = there_and_back(tmp_path, [([word], "1.png", "train")], layout)
        assert after.words is not None
        assert np.abs(np.array(after.words[0].polygon) - np.array(polygon)).max() < 1e-9
        assert np.abs(np.array(after.words[0].quad) - np.array(word.quad)).max() < 0.01


def test_what_cannot_be_exported(tmp_path: Path) -> None:
    source = made(tmp_path / "source", [([TrueWord(text="no place")], "1.png", "train")])
    assert export_manifest(source, tmp_path / "coco", "coco") == 1
    with pytest.raises(ManifestError, match="is there already"):
        export_manifest(source, tmp_path / "coco", "coco")
    with pytest.raises(ConfigError, match="did you mean 'coco'"):
        export_manifest(source, tmp_path / "x", "cooc")
    with pytest.raises(ManifestError, match="there is no picture to export"):
        export_manifest(source.split("test"), tmp_path / "x", "coco")
    crop = Sample(image="images/1.png", path=tmp_path / "source" / "images" / "1.png", text="crop")
    with pytest.raises(ManifestError, match="a text without boxes, which yolo cannot hold; use icdar"):
        export_manifest(Manifest(tmp_path, (crop,)), tmp_path / "x", "yolo")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["coco", "source"]


def test_exports_can_link_to_the_pictures(tmp_path: Path) -> None:
    source = made(tmp_path / "source", [([], "1.png", "train")])
    export_manifest(source, tmp_path / "voc", "voc", link=True)
    assert (tmp_path / "voc" / "JPEGImages" / "1.png").readlink() == tmp_path / "source" / "images" / "1.png"
    assert math.isclose(
        (tmp_path / "voc" / "JPEGImages" / "1.png").stat().st_size, source.samples[0].path.stat().st_size
    )
