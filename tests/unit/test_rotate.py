from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from wordsight.data.manifest import Manifest, Sample, TrueWord
from wordsight.data.rotate import rotate, rotate_manifest
from wordsight.data.transform import map_sample, undo_squash
from wordsight.errors import ImageError, ManifestError
from wordsight.types import Picture, Quad

DATA = Path(__file__).parents[3] / "shared" / "data"
QUAD = ((20.0, 10.0), (80.0, 10.0), (80.0, 30.0), (20.0, 30.0))


def page(width: int = 120, height: int = 60) -> Picture:
    """A dark bar that fills QUAD on grey; its left third is red, so that a turn can be told from its reverse."""
    picture = np.full((height, width, 3), 200, np.uint8)
    picture[10:30, 20:80] = 0
    picture[10:30, 20:40] = (255, 0, 0)
    return picture


def sample(folder: Path, name: str = "images/x.png", **more: object) -> Sample:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(page()).save(folder / name)
    return Sample(image=name, path=folder / name, **more)  # type: ignore[arg-type]


def outline(quad: object, size: tuple[int, int]) -> np.ndarray:
    """(H, W) True inside the quad."""
    mask = Image.new("1", size)
    ImageDraw.Draw(mask).polygon([tuple(xy) for xy in quad], fill=1)  # type: ignore[attr-defined]
    return np.array(mask)


@pytest.mark.parametrize(("quarters", "angle"), [(0, 0), (1, 90), (2, 180), (3, 270), (3, -90), (1, 450)])
def test_right_angles_move_pixels_and_change_none(quarters: int, angle: float) -> None:
    picture = np.random.default_rng(1).integers(0, 256, (37, 53, 3), dtype=np.uint8)
    turned, affine = rotate(picture, angle)
    assert (turned == np.rot90(picture, -quarters)).all()
    corners = np.array([[0, 0], [53, 0], [53, 37], [0, 37]]) @ affine[:, :2].T + affine[:, 2]
    height, width = turned.shape[:2]
    expected = np.roll([[0, 0], [width, 0], [width, height], [0, height]], -quarters, axis=0)
    assert np.abs(corners - expected).max() < 1e-9


@pytest.mark.parametrize("angle", [10, 30, 77.7, 135, 200, 359])
def test_nothing_is_cut_off_and_the_truth_turns_along(angle: float) -> None:
    turned, affine = rotate(page(), angle)
    height, width = turned.shape[:2]
    corners = np.array([[0, 0], [120, 0], [120, 60], [0, 60]]) @ affine[:, :2].T + affine[:, 2]
    assert corners.min() >= 0
    assert (corners <= (width, height)).all()
    assert (corners.max(axis=0) > np.array([width, height]) - 1).all()  # and the canvas is no larger than it must be

    moved = map_sample(Sample("x", Path("x"), words=(TrueWord(QUAD),)), affine, (width, height))
    assert moved.words is not None
    quad = moved.words[0].quad
    assert Quad(np.array(quad)).angle % 360 == pytest.approx(angle, abs=1e-4)
    dark = (turned[..., 1] < 100) & (turned[..., 2] < 100)
    inside = outline(quad, (width, height))
    assert (dark & inside).sum() / (dark | inside).sum() > 0.9
    red = dark & (turned[..., 0] > 128)
    start = (np.array(quad[0]) + quad[3]) / 2
    end = (np.array(quad[1]) + quad[2]) / 2
    middle = np.argwhere(red).mean(axis=0)[::-1] + 0.5
    assert np.abs(middle - (start + (end - start) / 6)).max() < 0.5


def test_new_ground_has_the_colour_of_the_border() -> None:
    picture = page()
    picture[:, :, 2] = 77
    turned, _ = rotate(picture, 45)
    assert turned[0, 0].tolist() == turned[-1, -1].tolist() == [200, 200, 77]


def test_a_rotated_manifest(tmp_path: Path) -> None:
    word = TrueWord(QUAD, text="bar", polygon=QUAD[:3], extra={"entity": 1})
    full = sample(
        tmp_path, size=(120, 60), words=(word,), fields={"a": "b"}, split="train", extra={"f": True, "z": [1]}
    )
    bare = sample(tmp_path, "other/x.png", text="bar", group="page 1")
    calls: list[tuple[int, int]] = []
    out = rotate_manifest(
        Manifest(tmp_path, (full, bare)), tmp_path / "out", [0, 30, -90, 22.5], lambda *c: calls.append(c)
    )
    assert out == Manifest.open(tmp_path / "out")
    names = [f"images/{name}_r{angle}.jpg" for name in ("x", "x-2") for angle in ("000", "030", "270", "022.5")]
    assert [s.image for s in out] == names
    assert calls == [(i, 8) for i in range(1, 9)]
    for s in out:
        with Image.open(s.path) as image:
            assert image.format == "JPEG"
            assert image.size == s.size
    assert out.samples[0].words == (word,)
    left = out.samples[2]
    assert (left.size, left.fields, left.split, left.group) == ((60, 120), {"a": "b"}, "train", "images/x.png")
    assert left.extra == {"f": True}
    assert left.words is not None
    assert np.abs(np.array(left.words[0].quad) - [(10, 100), (10, 40), (30, 40), (30, 100)]).max() < 1e-9
    assert np.abs(np.array(left.words[0].polygon) - [(10, 100), (10, 40), (30, 40)]).max() < 1e-9
    assert left.words[0].extra == {"entity": 1}
    assert out.samples[5] == Sample(
        image="images/x-2_r030.jpg",
        path=tmp_path / "out" / "images" / "x-2_r030.jpg",
        size=(math.ceil(120 * math.cos(math.pi / 6) + 30), math.ceil(60 + 60 * math.cos(math.pi / 6))),
        text="bar",
        group="page 1",
    )


def test_a_squash_is_undone_first(tmp_path: Path) -> None:
    squashed = sample(tmp_path, size=(120, 60), original_size=(240, 60), words=(TrueWord(QUAD),))
    (straight,) = rotate_manifest(Manifest(tmp_path, (squashed,)), tmp_path / "out", [0])
    assert (straight.size, straight.original_size) == ((240, 60), None)
    assert straight.words == (TrueWord(tuple((2 * x, y) for x, y in QUAD)),)
    picture, _ = undo_squash(page(), squashed)
    assert picture.shape == (60, 240, 3)
    dark = picture[..., 1] < 100
    assert (dark == outline([(40, 10), (159, 10), (159, 29), (40, 29)], (240, 60))).all()


def test_without_an_original_size_nothing_moves() -> None:
    plain = Sample("x", Path("x"), words=(TrueWord(QUAD),))
    picture = page()
    assert undo_squash(picture, plain) == (picture, plain)


def test_a_size_that_is_not_the_pictures_is_told() -> None:
    with pytest.raises(ManifestError, match="x is 120x60, its line says 60x120"):
        undo_squash(page(), Sample("x", Path("x"), size=(60, 120)))


def test_a_huge_original_size_is_refused() -> None:
    with pytest.raises(ManifestError, match="'original_size' 999999x999999 is far over 120x60"):
        undo_squash(page(), Sample("x", Path("x"), original_size=(999_999, 999_999)))


@pytest.mark.parametrize(
    ("angles", "message"), [([0, 30, 390], "comes twice"), ([math.nan], "not an angle"), ([math.inf], "not an angle")]
)
def test_hopeless_angles_are_refused(tmp_path: Path, angles: list[float], message: str) -> None:
    with pytest.raises(ManifestError, match=message):
        rotate_manifest(Manifest(tmp_path, (sample(tmp_path),)), tmp_path / "out", angles)
    assert not (tmp_path / "out").exists()


def test_a_finished_manifest_is_not_overwritten(tmp_path: Path) -> None:
    source = Manifest(tmp_path, (sample(tmp_path),))
    rotate_manifest(source, tmp_path / "out", [0])
    with pytest.raises(ManifestError, match="is a manifest already"):
        rotate_manifest(source, tmp_path / "out", [0])


def test_a_picture_that_cannot_be_read_leaves_no_labels(tmp_path: Path) -> None:
    good, bad = sample(tmp_path), sample(tmp_path, "images/bad.png")
    bad.path.write_bytes(b"no picture")
    with pytest.raises(ImageError, match=r"bad\.png"):
        rotate_manifest(Manifest(tmp_path, (good, bad)), tmp_path / "out", [0])
    assert not (tmp_path / "out" / "labels.jsonl").exists()


@pytest.mark.skipif(not DATA.is_dir(), reason="the real sets of ../shared/data are not here")
def test_a_real_photograph_there_and_back(tmp_path: Path) -> None:
    source = Manifest.open(DATA / "icdar2015_train").where("words").choose(1, seed=5)
    there = rotate_manifest(source, tmp_path / "there", [30])
    (back,) = rotate_manifest(there, tmp_path / "back", [-30])
    before, after = source.samples[0].words, back.words
    assert before is not None
    assert after is not None
    assert back.size is not None
    shift = (np.array(back.size) - (1280, 720)) / 2
    for old, new in zip(before, after, strict=True):
        assert np.abs(np.array(old.quad) * (1280 / 960, 720 / 640) + shift - np.array(new.quad)).max() < 1e-6
