"""`wordsight synth` from the command line to the manifest."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest
from commands import Run
from PIL import Image

from wordsight.data.manifest import Manifest
from wordsight.data.synth import SynthConfig, scene, word, write_synthetic
from wordsight.errors import ConfigError, ManifestError


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_one_worker_and_two_write_the_same_bytes(tmp_path: Path) -> None:
    config = SynthConfig(scene_size=(320, 256))
    for kind, count in (("words", 70), ("scenes", 6)):
        write_synthetic(kind, tmp_path / f"{kind}1", count, 4, config, workers=1)  # type: ignore[arg-type]
        write_synthetic(kind, tmp_path / f"{kind}2", count, 4, config, workers=2)  # type: ignore[arg-type]
        alone = digests(tmp_path / f"{kind}1")
        assert alone == digests(tmp_path / f"{kind}2")
        assert len(alone) == count + 1


def test_words_by_pattern(run: Run, tmp_path: Path) -> None:
    out, sheet = tmp_path / "plates", tmp_path / "plates.png"
    done = run(
        "synth", "words", str(out), "--count", "12", "--seed", "9", "--pattern", "[A-Z]{3}-[0-9]{4}",
        "--sheet", str(sheet), "--workers", "1",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert "12 pictures in" in done.out
    samples = Manifest.open(out).samples
    assert len(samples) == 12
    assert all(re.fullmatch("[A-Z]{3}-[0-9]{4}", sample.text or "") for sample in samples)
    picture, text = word(3, 9, SynthConfig(pattern="[A-Z]{3}-[0-9]{4}"))
    assert samples[3].text == text
    with Image.open(samples[3].path) as image:
        assert image.size == (picture.shape[1], picture.shape[0])
        assert image.convert("RGB").tobytes() == picture.tobytes()
    with Image.open(sheet) as page:
        assert page.width == 1280


def test_scenes(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "street"
    done = run("synth", "scenes", str(out), "--count", "3", "--size", "320x240", "--turned", "1", "--workers", "1")
    assert done.code == 0, done.err
    samples = Manifest.open(out).samples
    assert [sample.size for sample in samples] == [(320, 240)] * 3
    assert all(sample.level == "word" for sample in samples)
    made = scene(1, 0, SynthConfig(scene_size=(320, 240), turned=1.0))[1]
    assert samples[1].words == made


def test_wrong_usage_is_told_in_one_sentence(run: Run, tmp_path: Path) -> None:
    for arguments, said in (
        (("words", str(tmp_path / "a"), "--language", "tlh"), "language 'tlh' is unknown"),
        (("words", str(tmp_path / "a"), "--pattern", "["), "no regular expression"),
        (("scenes", str(tmp_path / "a"), "--size", "wide"), "WIDTHxHEIGHT"),
        (("words", str(tmp_path / "a"), "--fonts", str(tmp_path / "none")), "is not a folder"),
    ):
        done = run("synth", *arguments)
        assert done.code == 2, done.err
        assert said in done.err
        assert "Traceback" not in done.err
    assert not (tmp_path / "a").exists()


def test_a_manifest_is_not_overwritten(tmp_path: Path) -> None:
    write_synthetic("words", tmp_path, 2, workers=1)
    with pytest.raises(ManifestError, match="is a manifest already"):
        write_synthetic("words", tmp_path, 2, workers=1)
    with pytest.raises(ConfigError, match="count"):
        write_synthetic("words", tmp_path / "b", 0, workers=1)


def test_progress_is_told(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    write_synthetic("words", tmp_path / "c", 70, workers=1, progress=lambda done, of: told.append((done, of)))
    assert told == [(64, 70), (70, 70)]
