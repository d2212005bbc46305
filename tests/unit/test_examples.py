from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from wordsight.data.manifest import Manifest, Sample
from wordsight.errors import ConfigError
from wordsight.examples import example_path
from wordsight.image.load import load
from wordsight.types import Quad

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def street() -> Sample:
    return Manifest.open(example_path().parents[1]).samples[0]


def run(script: str, *arguments: str) -> str:
    """Run a script of the repository, or skip where its fonts are not installed."""
    done = subprocess.run([sys.executable, ROOT / script, *arguments], capture_output=True, text=True, timeout=300)
    if "is missing" in done.stderr:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_example_is_a_small_photo() -> None:
    path = example_path("street")
    assert load(path).shape == (853, 1280, 3)
    assert path.stat().st_size < 250 * 1024


@pytest.mark.parametrize("name", ["beach", "", "../labels", "street.jpg"])
def test_an_unknown_example(name: str) -> None:
    with pytest.raises(ConfigError, match="street"):
        example_path(name)


def test_the_truth_of_the_street(street: Sample) -> None:
    assert street.path == example_path()
    assert street.size == (1280, 853)
    assert street.fields == {"plate": "WS 482 K"}
    assert street.words is not None
    texts = [word.text for word in street.words]
    assert {"MORNING", "BREAD", "LUMIÈRE", "金龙茶馆", "HARBOUR", "5.50", "482"} <= set(texts)
    assert all(texts)
    quads = [Quad(np.array(word.quad)) for word in street.words]
    assert all(0 <= left < right <= 1280 and 0 <= top < bottom <= 853 for left, top, right, bottom in
               (quad.bounds for quad in quads))  # fmt: skip
    angles = {text: quad.angle for text, quad in zip(texts, quads, strict=True)}
    assert angles["STREET"] == pytest.approx(-27, abs=1)
    assert angles["JAZZ"] == pytest.approx(-90, abs=1)
    assert angles["FAIR"] == pytest.approx(-3, abs=1)
    heights = [math.dist(quad.points[0], quad.points[3]) for quad in quads]
    assert min(heights) < 13
    assert max(heights) > 40


def test_there_is_ink_in_every_quad(street: Sample) -> None:
    picture = load(street.path).astype(float)
    for word in street.words or ():
        left, top, right, bottom = (round(v) for v in Quad(np.array(word.quad)).bounds)
        assert picture[top:bottom, left:right].std(axis=(0, 1)).max() > 12, word.text


@pytest.mark.training
def test_the_script_draws_the_same_street(tmp_path: Path, street: Sample) -> None:
    run("examples/make_street.py", "--out", str(tmp_path))
    again = Manifest.open(tmp_path).samples[0]
    assert again.words == street.words
    difference = np.abs(load(again.path).astype(int) - load(street.path))
    assert difference.mean() < 1  # other versions of the libraries may round otherwise


def test_rendered_pages(tmp_path: Path) -> None:
    arguments = ("--count", "2", "--seed", "3", "--fonts", "dejavu-serif,dejavu-mono", "--train", "0.5")
    run("benchmarks/render_pages.py", str(tmp_path / "a"), *arguments)
    run("benchmarks/render_pages.py", str(tmp_path / "b"), *arguments)
    first, second = Manifest.open(tmp_path / "a"), Manifest.open(tmp_path / "b")
    assert [s.words for s in first] == [s.words for s in second]
    assert [s.split for s in first] == ["train", "test"]
    for sample, other in zip(first, second, strict=True):
        assert sample.path.read_bytes() == other.path.read_bytes()
        picture = load(sample.path)
        assert picture.shape == (1754, 1240, 3)
        assert sample.words is not None
        assert len(sample.words) > 100
        for word in sample.words:
            left, top, right, bottom = Quad(np.array(word.quad)).bounds
            assert 60 < left < right < 1240 - 60 and 60 < top < bottom < 1754 - 60
            inside = picture[math.floor(top) : math.ceil(bottom), math.floor(left) : math.ceil(right)]
            assert inside.min() < 140, word.text


def test_a_page_does_not_depend_on_how_many_there_are(tmp_path: Path) -> None:
    run("benchmarks/render_pages.py", str(tmp_path / "one"), "--count", "1", "--fonts", "dejavu-sans")
    run("benchmarks/render_pages.py", str(tmp_path / "two"), "--count", "2", "--fonts", "dejavu-sans")
    assert Manifest.open(tmp_path / "one").samples[0].words == Manifest.open(tmp_path / "two").samples[0].words


def test_unknown_fonts_are_refused(tmp_path: Path) -> None:
    script = [sys.executable, str(ROOT / "benchmarks/render_pages.py"), str(tmp_path), "--fonts", "comic"]
    done = subprocess.run(script, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "unknown fonts comic" in done.stderr
