from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from wordsight.data.manifest import Manifest, Sample, TrueWord
from wordsight.data.merge import merge_manifests
from wordsight.data.split import split_manifest
from wordsight.data.stats import measure
from wordsight.data.stats_picture import draw_stats
from wordsight.errors import ConfigError, ManifestError

SHARES = {"train": 0.7, "val": 0.1, "test": 0.2}


def manifest(folder: Path, count: int, **more: object) -> Path:
    folder.mkdir(parents=True)
    lines = [{"image": f"images/{i}.jpg", "odd": [i], "words": None, **more} for i in range(count)]
    (folder / "labels.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


def pictures(folder: Path, shades: list[int], **more: object) -> Path:
    manifest(folder, len(shades), **more)
    (folder / "images").mkdir()
    for index, shade in enumerate(shades):
        Image.new("RGB", (20, 10), (shade, 0, 0)).save(folder / "images" / f"{index}.jpg")
    return folder


def parts(folder: Path) -> dict[str, str | None]:
    return {sample.image: sample.split for sample in Manifest.open(folder)}


def test_parts_have_about_their_shares_and_stay_when_pictures_are_added(tmp_path: Path) -> None:
    counts = split_manifest(manifest(tmp_path / "a", 1000), SHARES)
    assert counts == Counter(parts(tmp_path / "a").values())
    assert abs(counts["train"] - 700) < 60
    assert abs(counts["val"] - 100) < 40
    split_manifest(manifest(tmp_path / "b", 1500), SHARES)
    assert parts(tmp_path / "a").items() <= parts(tmp_path / "b").items()
    split_manifest(manifest(tmp_path / "c", 1000), SHARES, seed=1)
    assert parts(tmp_path / "c") != parts(tmp_path / "a")


def test_a_known_part(tmp_path: Path) -> None:
    """The hash must be the same on every machine and in every version."""
    split_manifest(manifest(tmp_path / "a", 8), {"train": 0.5, "test": 0.5})
    assert "".join((part or "")[1] for part in parts(tmp_path / "a").values()) == "rereerrr"


def test_exact_shares(tmp_path: Path) -> None:
    counts = split_manifest(manifest(tmp_path / "a", 10), SHARES, exact=True)
    assert counts == {"train": 7, "val": 1, "test": 2}


def test_only_the_part_of_a_line_changes(tmp_path: Path) -> None:
    folder = manifest(tmp_path / "a", 3)
    before = [json.loads(line) for line in (folder / "labels.jsonl").read_text().splitlines()]
    split_manifest(folder, {"all": 1.0})
    after = [json.loads(line) for line in (folder / "labels.jsonl").read_text().splitlines()]
    assert after == [record | {"split": "all"} for record in before]
    assert [list(record) for record in after] == [[*record, "split"] for record in before]


@pytest.mark.parametrize("exact", [False, True])
def test_groups_and_equal_files_stay_together(tmp_path: Path, exact: bool) -> None:
    folder = pictures(tmp_path / "a", [i // 2 for i in range(60)])  # each picture twice
    lines = [json.loads(line) for line in (folder / "labels.jsonl").read_text().splitlines()]
    for index, line in enumerate(lines):
        line["group"] = f"car {index // 3}"
        line["fields"] = {"plate": f"{index % 5}"}
    (folder / "labels.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    split_manifest(folder, SHARES, exact=exact)
    found = list(parts(folder).values())
    for index in range(60):
        assert found[index] == found[index // 2 * 2]  # the other with the same file
        assert found[index] == found[index // 6 * 6]  # groups of 3 and pairs of 2 join into sixes
    assert len(set(found)) > 1
    split_manifest(manifest(tmp_path / "b", 60, level="x"), SHARES, by="level")
    assert len(set(parts(tmp_path / "b").values())) == 1


def test_by_a_field_and_by_an_own_key(tmp_path: Path) -> None:
    folder = manifest(tmp_path / "a", 40, fields={"plate": "A"}, camera=3)
    for by in ("fields.plate", "camera"):
        split_manifest(folder, SHARES, by=by, again=True)
        assert len(set(parts(folder).values())) == 1


def test_parts_are_not_overwritten_unasked(tmp_path: Path) -> None:
    folder = manifest(tmp_path / "a", 20, group="g")
    lines = (folder / "labels.jsonl").read_text().splitlines()
    (folder / "labels.jsonl").write_text("\n".join([lines[0][:-1] + ', "split": "mine"}', *lines[1:]]) + "\n")
    with pytest.raises(ManifestError, match="has parts already"):
        split_manifest(folder, SHARES)
    split_manifest(folder, SHARES, keep=True)
    assert set(parts(folder).values()) == {"mine"}  # its group follows it
    split_manifest(folder, SHARES, again=True)
    assert "mine" not in parts(folder).values()
    with pytest.raises(ConfigError, match="contradict"):
        split_manifest(folder, SHARES, keep=True, again=True)


@pytest.mark.parametrize("shares", [{}, {"a": 0.5}, {"a": 1.5, "b": -0.5}, {"a": 0.0, "b": 1.0}])
def test_shares_that_are_none(tmp_path: Path, shares: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="1 in all"):
        split_manifest(manifest(tmp_path / "a", 2), shares)


def test_merging(tmp_path: Path) -> None:
    first, second = tmp_path / "x" / "cars", tmp_path / "y" / "cars"
    pictures(first, [1, 2], group="1", split="train")
    pictures(second, [3, 1], group="1", split="test")
    done = merge_manifests([first, second], tmp_path / "out")
    assert done.pictures == 3
    assert [what.split(" is the same file as ")[1] for what in done.left_out] == [str(first / "images" / "0.jpg")]
    samples = list(Manifest.open(tmp_path / "out"))
    assert [(sample.image, sample.group, sample.split) for sample in samples] == [
        ("images/cars/0.jpg", "cars/1", "train"),
        ("images/cars/1.jpg", "cars/1", "train"),
        ("images/cars-2/0.jpg", "cars-2/1", "test"),
    ]
    assert samples[0].path.read_bytes() == (first / "images" / "0.jpg").read_bytes()
    assert samples[0].extra == {"odd": [0]}
    linked = merge_manifests([first, second], tmp_path / "linked", link=True)
    assert linked.pictures == 3
    assert (tmp_path / "linked" / "images" / "cars" / "0.jpg").is_symlink()


def test_merging_what_contradicts(tmp_path: Path) -> None:
    first = pictures(tmp_path / "a", [1], text="A")
    second = pictures(tmp_path / "b", [1], text="B")
    with pytest.raises(ManifestError, match="one picture with two truths"):
        merge_manifests([first, second], tmp_path / "out")
    assert not (tmp_path / "out").exists()
    with pytest.raises(ManifestError, match="two or more"):
        merge_manifests([first], tmp_path / "out")


def sample(name: str, *words: TrueWord, **more: object) -> Sample:
    return Sample(image=name, path=Path(name), words=words, **more)  # type: ignore[arg-type]


def test_figures() -> None:
    upright = TrueWord(quad=((0, 0), (40, 0), (40, 10), (0, 10)), text="Cafe\u0301 1", label="total")
    down = TrueWord(quad=((20, 0), (20, 40), (0, 40), (0, 0)), text="###", ignore=True)
    crop = Sample(image="c", path=Path("c"), text="日本")
    pages = [sample("a", upright, down, size=(100, 60), split="train", fields={"x": ("1", "2")}), sample("b"), crop]
    stats = measure(pages)
    assert (stats.pictures, stats.words, stats.ignored, stats.read) == (3, 2, 1, 2)
    assert stats.heights == [10.0, 20.0]
    assert stats.angles == [0.0, 90.0]
    assert stats.lengths == [6, 2]
    assert stats.characters == Counter("Café1日本")
    assert (stats.labels, stats.fields) == ({"total": 1}, {"x": 2})
    assert (stats.splits, stats.sides, stats.per_picture) == ({"train": 1, "": 2}, [100], [2, 0])
    record = stats.to_dict()
    assert record["text_length"] == {"least": 2, "median": 4.0, "most": 6}
    assert record["picture_side"] == {"least": 100, "median": 100, "most": 100}
    assert json.loads(json.dumps(record)) == record


def test_the_picture_shows_the_distributions() -> None:
    words = [TrueWord(quad=((0, 0), (40, 0), (40, h), (0, h)), text="abc", label="x") for h in (10, 10, 10, 200)]
    picture = draw_stats(measure([sample("a", *words, size=(300, 300))]))
    assert picture.shape[1] == 1120
    assert picture.shape[0] % 300 == 0
    blue = (picture == (0, 114, 178)).all(axis=2)
    heights = blue[300:600, :560]  # the third panel: parts, labels, then heights
    columns = np.flatnonzero(heights.any(axis=0))
    first, last = heights[:, columns[0]].sum(), heights[:, columns[-1]].sum()
    assert first / last == pytest.approx(3, rel=0.05)  # three words of 10 pixels, one of 200
    assert draw_stats(measure([])).shape[2] == 3
