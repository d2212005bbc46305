"""Training EAST end to end: it learns a handful of pictures, resumes, and exports what it learnt."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from wordsight.data.augment import ViewConfig  # noqa: E402
from wordsight.data.manifest import Manifest, Sample, TrueWord, write_manifest  # noqa: E402
from wordsight.detection.east import decode  # noqa: E402
from wordsight.errors import ManifestError  # noqa: E402
from wordsight.evaluation.protocols import Counts, count_boxes  # noqa: E402
from wordsight.models.heads import EastDetector, stock_east  # noqa: E402
from wordsight.models.runtime import compile_network  # noqa: E402
from wordsight.training.checkpoint import read_weights  # noqa: E402
from wordsight.training.detector import (  # noqa: E402
    DetectorConfig,
    DetectorTask,
    Source,
    Views,
    open_source,
    train_detector,
)
from wordsight.training.export import east_difference, export_east  # noqa: E402
from wordsight.training.loop import Stopped, TrainConfig  # noqa: E402
from wordsight.training.measure import Marked, detect, to_input  # noqa: E402

TEXTS = ["PARKING", "exit 24", "Open", "COFFEE", "no entry", "1987", "Library", "SALE"]
SMALL = DetectorConfig(batch=2, workers=0, view=ViewConfig(size=160, scale=(0.9, 1.1), turned=0, damage=0))


def draw(folder, count):
    """Pictures of four words each, drawn by OpenCV, as a manifest."""
    (folder / "images").mkdir(parents=True)
    samples = []
    for number in range(count):
        rng = np.random.default_rng(number)
        picture = np.full((256, 256, 3), rng.integers(120, 230, 3), np.uint8)
        words = []
        for row in range(4):
            text = TEXTS[int(rng.integers(len(TEXTS)))]
            (width, height), below = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 1.0, 2)
            x, y = int(rng.integers(8, 248 - width)), 44 + 62 * row
            cv2.putText(picture, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, 1.0, (20, 20, 60), 2, cv2.LINE_AA)
            left, top, right, bottom = x - 2, y - height - 3, x + width + 2, y + below - 2
            words.append(TrueWord(((left, top), (right, top), (right, bottom), (left, bottom)), text))
        name = f"images/{number}.png"
        cv2.imwrite(str(folder / name), picture)
        samples.append(Sample(name, folder / name, tuple(words), size=(256, 256)))
    write_manifest(folder, samples)
    return Manifest.open(folder).samples


def f_of(model, samples):
    """F over pictures at score 0.7."""
    found = [(s, {"words": detect(model, Marked.open(s).picture, 256)}) for s in samples]
    return sum((count_boxes(s, words, with_text=False, min_score=0.7) for s, words in found), start=Counts()).f


def test_it_learns_a_handful_of_pictures_and_exports_them(tmp_path):
    samples = draw(tmp_path / "set", 2)
    other = draw(tmp_path / "other", 1)
    before = f_of(stock_east(), samples)
    config = TrainConfig(steps=50, warmup=3, ema=0.8)
    events = list(train_detector([Source(samples)], other, tmp_path / "run", config, SMALL))
    assert isinstance(events[-1], Stopped) and events[-1].step == 50
    model = EastDetector()
    read_weights(model, tmp_path / "run" / "best.safetensors")
    assert before < 0.2 and f_of(model, samples) >= 0.85

    for half, scores_off, pixels_off in ((False, 1e-4, 0.01), (True, 0.02, 1.0)):
        path = tmp_path / f"east{half}.onnx"
        export_east(model, path, half)
        picture = to_input(torch.from_numpy(Marked.open(samples[0]).picture)[None]).contiguous().numpy()
        with torch.inference_mode():
            wanted = decode(*(t.numpy() for t in model.decoded(torch.from_numpy(picture))), 0.5)
        found = decode(*compile_network(path, precision="f32").run(picture, lambda o: [x.copy() for x in o]), 0.5)
        np.testing.assert_allclose(found[1], wanted[1], atol=scores_off)
        np.testing.assert_allclose(found[0], wanted[0], atol=pixels_off)
    assert path.stat().st_size < 5.5e6


def test_an_exported_network_takes_any_size(tmp_path):
    model = stock_east()
    export_east(model, tmp_path / "east.onnx")
    for shape in ((1, 3, 32, 32), (2, 3, 64, 160)):
        x = np.random.default_rng(1).normal(0, 1, shape).astype(np.float32)
        scores, geometry = east_difference(model, tmp_path / "east.onnx", x)
        assert scores < 1e-4 and geometry < 1e-2


def test_views_depend_on_seed_and_number_alone(tmp_path):
    source = Source(draw(tmp_path / "set", 3))
    first, second = Views([source], SMALL, 5), Views([source], SMALL, 5)
    first[0], first[1]
    for name, value in first[7].items():
        np.testing.assert_array_equal(value, second[7][name])
    assert (first[7]["view"] != Views([source], SMALL, 6)[7]["view"]).any()


def test_workers_change_nothing(tmp_path):
    source = Source(draw(tmp_path / "set", 3))
    batches = []
    for workers in (0, 1):
        config = DetectorConfig(batch=2, workers=workers, view=SMALL.view)
        loader = DetectorTask([source], [], config, seed=3).batches(4)
        batches.append(next(loader))
        del loader
    assert all(torch.equal(batches[0][name], batches[1][name]) for name in batches[0])


def test_sources_are_mixed_by_weight(tmp_path):
    light, dark = draw(tmp_path / "light", 1), draw(tmp_path / "dark", 1)
    views = Views([Source(light, 3.0), Source(dark, 1.0)], SMALL, 0)
    for number in range(60):
        views[number]
    assert set(views.cache) == {light[0].path, dark[0].path}
    rng = [np.random.default_rng((0, number)).uniform(0, 4) for number in range(400)]
    assert 0.7 < np.mean(np.array(rng) < 3) < 0.8


def test_the_input_is_bgr_with_imagenet_s_figures_in_that_order():
    x = to_input(torch.tensor([[[[255, 0, 51]]]], dtype=torch.uint8))  # one pixel: red 255, green 0, blue 51
    wanted = [(0.2 - 0.485) / 0.229, (0 - 0.456) / 0.224, (1 - 0.406) / 0.225]
    np.testing.assert_allclose(x[0, :, 0, 0], wanted, rtol=1e-5)


def test_the_squash_of_a_set_is_undone(tmp_path):
    (sample,) = draw(tmp_path / "set", 1)
    squashed = Sample(sample.image, sample.path, sample.words, size=(256, 256), original_size=(512, 256))
    marked = Marked.open(squashed)
    assert marked.picture.shape == (256, 512, 3)
    np.testing.assert_allclose(marked.quads[0], np.array(sample.words[0].quad) * [2, 1], rtol=1e-6)


def test_pictures_held_out_may_not_be_learnt_from(tmp_path):
    samples = draw(tmp_path / "set", 2)
    with pytest.raises(ManifestError, match="both learnt from and held out"):
        next(train_detector([Source(samples)], samples[:1], tmp_path, TrainConfig(steps=1), SMALL))
    unmarked = Sample("x.png", tmp_path / "x.png")
    with pytest.raises(ManifestError, match="has no 'words'"):
        Source((unmarked,))
    with pytest.raises(ManifestError, match="weight above 0"):
        open_source(tmp_path / "set", 0.0)
