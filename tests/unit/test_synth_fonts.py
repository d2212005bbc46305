from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import ImageFont, features

from wordsight.data.synth import fonts
from wordsight.data.synth.fonts import FontFile, FontSet
from wordsight.data.synth.languages import LATIN
from wordsight.data.synth.lettering import Style, draw, spelling
from wordsight.errors import ConfigError


@pytest.fixture(scope="module")
def system() -> FontSet:
    return FontSet.find()


def named(system: FontSet, name: str) -> FontFile:
    found = [file for file in system.files if file.name == name]
    if not found:
        pytest.skip(f"the font {name} is not here; .ci/apt-packages.txt names the packages")
    return found[0]


def test_a_character_map_is_known_exactly(system: FontSet) -> None:
    dejavu = named(system, "DejaVu Sans Book")
    assert dejavu.has("Grüße, мир, Ελλάδα €")
    assert not dejavu.has("नमस्ते")
    assert not dejavu.has("한글")
    assert dejavu.has("")
    assert all(start <= end for start, end in zip(dejavu.starts, dejavu.ends, strict=True))
    assert all(end + 1 < start for end, start in zip(dejavu.ends, dejavu.starts[1:], strict=False))


def test_what_is_remembered_equals_what_was_read(
    system: FontSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "some"
    folder.mkdir()
    shutil.copy(named(system, "DejaVu Sans Book").path, folder)
    monkeypatch.setenv("WORDSIGHT_HOME", str(tmp_path / "home"))
    first = FontSet.find([folder])
    assert [file.name for file in first.files] == ["DejaVu Sans Book"]
    monkeypatch.setattr(fonts, "_describe", None)  # the second time no file is opened
    assert FontSet.find([folder]) == first


def test_a_broken_cache_is_made_anew(system: FontSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORDSIGHT_HOME", str(tmp_path))
    (tmp_path / "cache").mkdir()
    for rubbish in ("{", "[1, 2]", '{"a": 3}'):
        for cache in (tmp_path / "cache").glob("fonts-*"):
            cache.write_text(rubbish)
        folder = tmp_path / "one"
        folder.mkdir(exist_ok=True)
        shutil.copy(named(system, "DejaVu Sans Book").path, folder)
        assert len(FontSet.find([folder]).files) == 1


def test_a_file_that_is_no_font_is_passed_over(system: FontSet, tmp_path: Path) -> None:
    whole = Path(named(system, "DejaVu Sans Book").path).read_bytes()
    for number, data in enumerate(
        (b"", b"no font", whole[:100], whole[:5000], b"\0" * 3000, whole[:40] + b"\xff" * 9000)
    ):
        (tmp_path / f"{number}.ttf").write_bytes(data)
    with pytest.raises(ConfigError, match="no font was found"):
        FontSet.find([tmp_path])
    (tmp_path / "good.ttf").write_bytes(whole)
    assert [file.name for file in FontSet.find([tmp_path]).files] == ["DejaVu Sans Book"]


def test_a_folder_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is not a folder"):
        FontSet.find([tmp_path / "none"])


def test_the_parts_share_no_family_and_leave_none_out(system: FontSet) -> None:
    held, kept = system.part(True), system.part(False)
    assert {f.family for f in held.files}.isdisjoint(f.family for f in kept.files)
    assert len(held.files) + len(kept.files) == len(system.files)


def test_drawing_reaches_every_family(system: FontSet) -> None:
    latin, rng = system.with_letters(LATIN), np.random.default_rng(0)
    seen = {latin.draw(rng).family for _ in range(60 * len(latin.families))}
    assert seen == {family[0].family for family in latin.families}


def test_a_font_of_capitals_shows_capitals(system: FontSet) -> None:
    assert spelling(named(system, "Bebas Neue Regular"), "Street 7") == "STREET 7"
    assert spelling(named(system, "DejaVu Sans Book"), "Street 7") == "Street 7"


def test_a_text_that_a_font_lacks_has_no_spelling(system: FontSet) -> None:
    assert spelling(named(system, "DejaVu Sans Book"), "한글") is None


def test_a_mask_is_what_pillow_draws(system: FontSet) -> None:
    dejavu = named(system, "DejaVu Sans Book")
    font = ImageFont.truetype(dejavu.path, 48, layout_engine=ImageFont.Layout.BASIC)
    left, top, right, bottom = font.getmask("Ag").getbbox()
    lettering = draw(dejavu, "Ag", Style(48))
    assert lettering is not None
    assert lettering.mask.shape == pytest.approx((bottom - top, right - left), abs=1)  # faintest edges are cut
    assert lettering.mask.max() == 1
    assert lettering.top == pytest.approx(48 * 0.73, abs=1)  # capitals of DejaVu are 0.729 em high


@pytest.mark.parametrize("size", [20, 48, 77, 140])
def test_a_mask_grows_with_the_size(system: FontSet, size: int) -> None:
    lettering = draw(named(system, "DejaVu Sans Book"), "H", Style(size))
    assert lettering is not None
    assert lettering.mask.shape[0] == pytest.approx(0.729 * size, abs=1.5)


def test_letters_set_one_by_one_are_the_same_letters(system: FontSet) -> None:
    dejavu = named(system, "DejaVu Sans Book")
    close, wide = draw(dejavu, "HIH", Style(48)), draw(dejavu, "HIH", Style(48, tracking=0.5))
    assert close is not None
    assert wide is not None
    assert wide.mask.shape[0] == close.mask.shape[0]
    assert wide.mask.shape[1] - close.mask.shape[1] == pytest.approx(2 * 0.5 * 48, abs=2)
    assert wide.mask.sum() == pytest.approx(close.mask.sum(), rel=0.03)


def test_nothing_is_drawn_of_nothing(system: FontSet) -> None:
    dejavu = named(system, "DejaVu Sans Book")
    assert draw(dejavu, " ", Style(48)) is None
    assert draw(dejavu, "M" * 100_000, Style(140)) is None


def test_devanagari_is_shaped(system: FontSet) -> None:
    assert features.check("raqm"), "Pillow's wheels come with raqm"
    able = system.with_letters("क्षि")
    if not able.files:
        pytest.skip("no font with Devanagari is here; .ci/apt-packages.txt names one")
    shaped = draw(able.files[0], "क्षि", Style(48), shaped=True)
    apart = draw(able.files[0], "क्षि", Style(48, tracking=0.01))
    assert shaped is not None
    assert apart is not None
    assert shaped.mask.shape[1] < 0.85 * apart.mask.shape[1]  # a conjunct is narrower than its letters with a virama
