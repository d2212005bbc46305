"""Each step does what it says on a page whose flaw is known, and `auto` takes a step only where the flaw is."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wordsight.errors import ConfigError
from wordsight.image import sheet, tone
from wordsight.image.enhance import MOVES, TONES, Enhanced, enhance, isolated, needs, steps_of
from wordsight.image.turn import rotate
from wordsight.types import Floats, Picture


def page(height: int = 600, width: int = 800) -> Picture:
    """Dark words on white, enough of them for a page."""
    picture = np.full((height, width, 3), 250, np.uint8)
    for row in range(50, height - 30, 30):
        cv2.putText(
            picture,
            "the quiet harbour 1820 was a golden valley",
            (50, row),
            cv2.FONT_HERSHEY_SIMPLEX,
            0.8,
            (25, 25, 25),
            2,
        )
    return picture


def curled(picture: Picture, wave: float = 30.0) -> tuple[Picture, Floats]:
    """The page as a sheet with wavy top and bottom on a dark table, and where its corners are."""
    height, width = picture.shape[:2]
    margin = 120
    x, y = np.meshgrid(
        np.arange(width + 2 * margin, dtype=np.float32), np.arange(height + 2 * margin, dtype=np.float32)
    )
    shift = wave * np.sin(np.pi * (x - margin) / width)
    seen = cv2.remap(
        picture, x - margin, (y - margin + shift).astype(np.float32), cv2.INTER_LINEAR, borderValue=(50, 40, 30)
    )
    right, bottom = margin + width, margin + height
    return seen, np.array([[margin, margin], [right, margin], [right, bottom], [margin, bottom]], np.float32)


def test_despeckle_takes_out_dots_and_keeps_strokes() -> None:
    clean = page()
    rng = np.random.default_rng(0)
    chance = rng.random(clean.shape[:2])
    dotted = clean.copy()
    dotted[chance < 0.03] = 0
    dotted[chance > 0.97] = 255
    after = tone.despeckle(dotted)
    assert np.abs(after.astype(int) - clean).mean() < 0.3 * np.abs(dotted.astype(int) - clean).mean()
    assert isolated(cv2.cvtColor(dotted, cv2.COLOR_RGB2GRAY)) > 1
    assert isolated(cv2.cvtColor(clean, cv2.COLOR_RGB2GRAY)) < 0.05
    assert np.abs(tone.despeckle(clean).astype(int) - clean).mean() < 1


@pytest.mark.parametrize("sigma", [5.0, 15.0, 30.0])
def test_the_estimate_of_grain_is_near(sigma: float) -> None:
    grey = np.full((300, 300), 128.0) + np.random.default_rng(1).normal(0, sigma, (300, 300))
    assert tone.noise_level(np.clip(grey, 0, 255).astype(np.uint8)) == pytest.approx(sigma, rel=0.15)


def test_denoise_smooths_the_ground() -> None:
    grainy = np.clip(page() + np.random.default_rng(2).normal(0, 20, (600, 800, 1)) - 30, 0, 255).astype(np.uint8)
    after = tone.denoise(grainy)
    assert after[:20].std() < 0.4 * grainy[:20].std()


def test_flatten_evens_out_light() -> None:
    light = np.linspace(0.3, 1, 800)[None, :, None]
    dim = (page() * light).astype(np.uint8)
    after = tone.flatten(dim)
    assert dim[:20].std() > 40
    assert after[:20].std() < 5
    assert after.min() < 40


def test_clean_takes_out_pale_strokes_and_keeps_dark_ones() -> None:
    front = page().astype(int)
    behind = 250 - (250 - np.roll(cv2.flip(page(), 1), 15, axis=0).astype(int)) * 2 // 5
    both = np.minimum(front, behind).astype(np.uint8)
    after = tone.clean(both)
    only_behind = (behind < 180) & (front == 250)
    only_behind[:, 600:] = False  # there is no dark text near, and the pale one may be all there is
    assert both[only_behind].mean() < 180
    assert after[only_behind].mean() > 240
    assert after[front < 30].mean() < 60


def test_stretch_uses_all_levels() -> None:
    faint = (page() // 8 + 90).astype(np.uint8)
    after = tone.stretch(faint)
    assert int(faint.max()) - int(faint.min()) < 40
    assert after.min() < 5
    assert after.max() > 250


def test_invert_is_its_own_inverse() -> None:
    assert (tone.invert(tone.invert(page())) == page()).all()


@pytest.mark.parametrize("step", [tone.otsu, tone.sauvola])
def test_binarization_is_black_and_white(step) -> None:
    after = step(page())
    assert set(np.unique(after)) == {0, 255}
    assert (after[page() < 30] == 0).mean() > 0.95
    assert (after[page() > 245] == 255).mean() > 0.98


def test_sauvola_bears_uneven_light_where_otsu_does_not() -> None:
    dim = (page() * np.linspace(0.25, 1, 800)[None, :, None]).astype(np.uint8)
    ground = page() > 245
    assert (tone.sauvola(dim)[ground] == 255).mean() > 0.95
    assert (tone.otsu(dim)[ground] == 255).mean() < 0.8


def test_sharpness_and_deblur() -> None:
    soft = cv2.GaussianBlur(page(), (0, 0), 2.5)
    grey = cv2.cvtColor(soft, cv2.COLOR_RGB2GRAY)
    assert tone.sharpness(cv2.cvtColor(page(), cv2.COLOR_RGB2GRAY)) < 1.5
    assert 1.8 < tone.sharpness(grey) < 3.5
    for step in (tone.deblur, tone.sharpen):
        assert np.abs(step(soft).astype(int) - page()).mean() < np.abs(soft.astype(int) - page()).mean()


def test_a_curled_sheet_is_found_and_flattened() -> None:
    seen, corners = curled(page())
    found = sheet.find_sheet(seen)
    assert found is not None
    assert found.curl == pytest.approx(30 / 800, abs=0.01)
    ends = found.edges[[0, 0, 1, 1], [0, -1, -1, 0]]
    assert np.abs(ends - corners).max() < 6
    flat, back = sheet.flatten_sheet(seen)
    height, width = flat.shape[:2]
    places = back(np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32))
    assert np.abs(places - corners).max() < 6
    assert sheet.find_sheet(page()) is None


@pytest.mark.parametrize("angle", [-7.0, -2.0, 3.0, 9.0])
def test_skew_is_measured_and_undone(angle: float) -> None:
    turned = rotate(page(), angle)[0]
    assert sheet.skew(turned) == pytest.approx(angle, abs=0.3)
    assert abs(sheet.skew(sheet.deskew(turned)[0])) < 0.3
    assert sheet.skew(page()) == 0


def test_ways_back_are_followed_in_reverse() -> None:
    done = enhance(page(), ("enlarge", "enlarge", "invert"))
    assert done.picture.shape == (2400, 3200, 3)
    assert done.steps == ("enlarge", "enlarge", "invert")
    assert done.back(np.array([[400, 800]], np.float32)).tolist() == [[100, 200]]
    assert done.zoom == pytest.approx(4)
    assert Enhanced(page()).zoom == 1


def test_auto_takes_what_a_page_needs() -> None:
    rng = np.random.default_rng(3)
    clean = page()
    dots = clean.copy()
    dots[rng.random(clean.shape[:2]) < 0.03] = 0
    assert needs(clean) == ()
    assert needs(dots) == ("despeckle",)
    assert needs(cv2.GaussianBlur(clean, (0, 0), 3)) == ("deblur",)
    assert needs((clean // 8 + 90).astype(np.uint8)) == ("stretch",)
    assert needs(np.clip(clean + rng.normal(0, 40, clean.shape), 0, 255).astype(np.uint8)) == ()
    assert enhance(curled(clean)[0], ("auto",)).steps == ("sheet",)


def test_auto_leaves_photographs_and_crops_alone() -> None:
    x, y = np.meshgrid(np.linspace(0, 255, 640), np.linspace(0, 255, 480))
    scene = np.stack([x, y, 255 - x], axis=2).astype(np.uint8)
    done = enhance(scene, ("auto",))
    assert done.picture is scene
    crop = (page(60, 200) // 8 + 90).astype(np.uint8)
    assert enhance(crop, ("auto",)).steps == ()


def test_names_of_steps() -> None:
    assert steps_of("none") == ()
    assert steps_of("auto") == ("auto",)
    assert steps_of("sheet, clean") == ("sheet", "clean")
    with pytest.raises(ConfigError, match="did you mean 'clean'"):
        steps_of("claen")
    with pytest.raises(ConfigError, match="unknown"):
        steps_of("auto,clean")


@settings(max_examples=40, deadline=None)
@given(
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    seed=st.integers(0, 9),
    step=st.sampled_from([*TONES, *MOVES, "auto"]),
)
def test_every_step_bears_every_picture(height: int, width: int, seed: int, step: str) -> None:
    rng = np.random.default_rng(seed)
    picture = rng.integers(0, 256, (height, width, 3), np.uint8) if seed else np.zeros((height, width, 3), np.uint8)
    before = picture.copy()
    done = enhance(picture, (step,))
    assert (picture == before).all()
    assert done.picture.dtype == np.uint8
    assert done.picture.ndim == 3
    if step in TONES:
        assert done.picture.shape == picture.shape
    assert np.isfinite(done.back(np.zeros((2, 2), np.float32))).all()
