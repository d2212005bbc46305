"""Training the single-shot detector end to end: it learns drawn things, resumes, and exports what it learnt."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from wordsight.data.augment import ViewConfig, mosaic  # noqa: E402
from wordsight.data.manifest import Sample, TrueWord  # noqa: E402
from wordsight.detection.single_shot import SingleShot, SingleShotDetector  # noqa: E402
from wordsight.errors import ConfigError, ManifestError, ModelError  # noqa: E402
from wordsight.evaluation.average_precision import precisions  # noqa: E402
from wordsight.models.single_shot import SingleShotNetwork, stock_single_shot  # noqa: E402
from wordsight.stages import Detector, StageOptions  # noqa: E402
from wordsight.training.cells import IGNORED, NOTHING  # noqa: E402
from wordsight.training.checkpoint import read_weights  # noqa: E402
from wordsight.training.loop import Stopped, TrainConfig, Validated  # noqa: E402
from wordsight.training.measure_objects import as_quads, look_at, measured  # noqa: E402
from wordsight.training.objects import (  # noqa: E402
    ObjectViewConfig,
    ObjectViews,
    Picked,
    Scenery,
    seen,
    suitable_side,
    typical_aspect,
)
from wordsight.training.single_shot import (  # noqa: E402
    SingleShotConfig,
    export_single_shot,
    train_single_shot,
)

VIEW = ViewConfig(size=192, scale=(0.8, 1.25), tilt=3, turned=0, damage=0)
# Slower than the default: so few steps leave fewer things whose score is near a threshold.
SMALL = SingleShotConfig(side=192, batch=4, workers=0, view=VIEW, mosaic=0.25, backbone_rate=4e-4, neck_rate=1.2e-3)
OPTIONS = StageOptions(precision="f32", threads=1)
SIGNS = {"sign": (200, 30, 30), "meter": (30, 120, 40)}


def draw(folder, count, first=0):
    """Pictures with a red plate "sign" and a green one "meter", every fourth with none."""
    folder.mkdir(parents=True, exist_ok=True)
    samples = []
    for number in range(first, first + count):
        rng = np.random.default_rng(number)
        picture = cv2.resize(rng.integers(90, 200, (8, 8, 3)).astype(np.uint8), (192, 144))
        words = []
        for half, (label, colour) in enumerate(SIGNS.items() if number % 4 != 3 else ()):
            width, height = int(rng.integers(48, 80)), int(rng.integers(20, 34))
            x, y = int(rng.integers(8, 180 - width)), int(rng.integers(4, 66 - height)) + 72 * half
            cv2.rectangle(picture, (x, y), (x + width - 1, y + height - 1), colour, -1)
            cv2.putText(picture, "17", (x + 12, y + height - 6), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (250, 250, 250), 1)
            corners = ((x, y), (x + width, y), (x + width, y + height), (x, y + height))
            words.append(TrueWord(corners, "17", label=label))
        path = folder / f"{number}.png"
        cv2.imwrite(str(path), picture[..., ::-1])
        samples.append(Sample(path.name, path, tuple(words), size=(192, 144)))
    return samples


def ap50(network, samples, scenery):
    return precisions(measured(network, samples, scenery, SMALL.side))["ap50"]


def test_it_learns_drawn_things_and_exports_them(tmp_path):
    samples, other = draw(tmp_path / "a", 8), draw(tmp_path / "b", 4, first=8)
    scenery = Scenery.of(list(SIGNS), samples)
    assert ap50(stock_single_shot(2), other, scenery) < 0.1
    run = tmp_path / "run"
    events = list(train_single_shot(samples, list(SIGNS), other, run, TrainConfig(steps=50, warmup=5, ema=0.9), SMALL))
    assert isinstance(events[-1], Stopped) and events[-1].step == 50
    assert [event.figures["ap50"] for event in events if isinstance(event, Validated)][-1] >= 0.9
    network = SingleShotNetwork(2)
    read_weights(network, run / "best.safetensors")
    assert ap50(network, samples, scenery) >= 0.9
    assert network.calibration.tolist() != [1.0, 0.0]

    path = tmp_path / "model.onnx"
    export_single_shot(run, path)
    assert path.stat().st_size < 6e6
    model = SingleShot.open(path, OPTIONS)
    assert model.labels == tuple(SIGNS)
    for sample in other:
        picked = Picked.open(sample, scenery)
        wanted = look_at(network, picked, SMALL.side)
        wanted = wanted.take(np.flatnonzero(wanted.scores >= 0.5)[np.argsort(wanted.labels[wanted.scores >= 0.5])])
        found = sorted(
            (one for one in model.find(picked.picture) if one.score >= 0.5),
            key=lambda one: model.labels.index(one.label),
        )
        assert [one.label for one in found] == [model.labels[label] for label in wanted.labels]
        np.testing.assert_allclose([one.score for one in found], wanted.scores, atol=0.06)  # bfloat16 against float32
        for one, box, quad in zip(found, wanted.boxes, wanted.quads, strict=True):
            np.testing.assert_allclose(one.box, box, atol=3)
            np.testing.assert_allclose(one.quad.points, quad, atol=3)
        assert len(found) == len(sample.words)

    stage = SingleShotDetector(model)
    assert isinstance(stage, Detector)
    detection = stage.detect(Picked.open(other[0], scenery).picture)
    # So short a training may leave a doubtful third one.
    assert detection.quads.shape[1:] == (4, 2) and 2 <= len(detection) <= 3 and detection.scale == 1.0


def test_the_file_agrees_with_the_network(tmp_path):
    torch.manual_seed(1)
    network = stock_single_shot(3)
    for part in (network.head.score, network.head.place):
        torch.nn.init.normal_(part.weight, std=0.05)
    network.calibration.copy_(torch.tensor([1.3, -0.4]))
    (tmp_path / "run").mkdir()
    record = {"version": 1, "labels": ["a", "ключ", "c"], "side": 320, "strides": [8, 16, 32]}
    (tmp_path / "run" / "single_shot.json").write_text(json.dumps(record), encoding="utf-8")
    from safetensors.torch import save_file

    save_file({k: v.contiguous() for k, v in network.state_dict().items()}, tmp_path / "run" / "best.safetensors")
    export_single_shot(tmp_path / "run", tmp_path / "model.onnx")
    model = SingleShot.open(tmp_path / "model.onnx", OPTIONS)
    assert model.labels == ("a", "ключ", "c") and model.contract.side == 320
    for shape in ((1, 3, 32, 64), (2, 3, 160, 96)):
        x = np.random.default_rng(0).normal(0, 1, shape).astype(np.float32)
        with torch.inference_mode():
            wanted = [map_.numpy() for map_ in network.eval().decoded(torch.from_numpy(x))]
        found = model.network.run(x, lambda outputs: [output.copy() for output in outputs])
        for w, f in zip(wanted, found, strict=True):
            np.testing.assert_allclose(f[:, :3], w[:, :3], atol=0.005)
            np.testing.assert_allclose(f[:, 3:], w[:, 3:], rtol=0.02, atol=1.0)


def test_a_run_that_was_stopped_goes_on(tmp_path):
    samples, other = draw(tmp_path / "a", 4), draw(tmp_path / "b", 2, first=8)
    config = TrainConfig(steps=4, warmup=1)
    run = tmp_path / "run"
    events = train_single_shot(samples, ["sign"], other, run, TrainConfig(steps=2, warmup=1), SMALL)
    assert isinstance(list(events)[-1], Stopped)
    again = list(train_single_shot(samples, ["sign"], other, run, config, SMALL, resume=True))
    assert again[-1].step == 4
    with pytest.raises(ModelError, match="other labels"):
        next(train_single_shot(samples, ["meter"], other, run, config, SMALL, resume=True))


def test_what_cannot_be_learnt_is_refused(tmp_path):
    samples = draw(tmp_path / "a", 4)
    config = TrainConfig(steps=1)

    def start(learnt, labels, held_out):
        next(train_single_shot(learnt, labels, held_out, tmp_path / "run", config, SMALL))

    with pytest.raises(ManifestError, match="both learnt from and held out"):
        start(samples, ["sign"], samples[:1])
    with pytest.raises(ManifestError, match="no picture is held out"):
        start(samples, ["sign"], [])
    with pytest.raises(ManifestError, match="no picture to learn from"):
        start(samples[1:], ["house"], samples[:1])
    with pytest.raises(ManifestError, match="different texts"):
        start(samples[1:], ["sign", "sign"], samples[:1])
    with pytest.raises(ManifestError, match="has no 'words'"):
        start([*samples[1:], Sample("x.png", tmp_path / "x.png")], ["sign"], samples[:1])
    with pytest.raises(ModelError, match="train first"):
        export_single_shot(tmp_path / "empty", tmp_path / "model.onnx")
    with pytest.raises(ConfigError, match="multiple of 32"):
        SingleShotConfig(side=100)
    with pytest.raises(ConfigError, match="multiple of 64"):
        SingleShotConfig(view=ViewConfig(size=96))


def test_places_without_any_label_are_objects_of_the_only_one():
    box = ((0, 0), (40, 0), (40, 10), (0, 10))
    plain = Sample("a.png", "a.png", (TrueWord(box), TrueWord(box, ignore=True)))
    named = Sample("b.png", "b.png", (TrueWord(box, label="total"), TrueWord(box)))
    assert Scenery.of(["plate"], [plain]).label(None) == 0
    assert Scenery.of(["total"], [plain, named]).label(None) == NOTHING
    assert Scenery.of(["date", "total"], [named]).label("total") == 1
    assert Scenery.of(["total"], [named]).label("date") == NOTHING


@pytest.mark.parametrize(("height", "side"), [(42, 384), (20, 800), (4, 1280), (300, 320)])
def test_the_working_size_follows_from_the_objects(height, side):
    box = ((10, 10), (90, 10), (90, 10 + height), (10, 10 + height))
    samples = [Sample("a.png", "a.png", (TrueWord(box),), size=(1000, 600))]
    scenery = Scenery.of(["plate"], samples)
    assert suitable_side(samples, scenery) == side
    assert typical_aspect(samples, scenery) == pytest.approx(min(80 / height, 8))


def test_objects_that_a_view_hardly_shows_do_not_count():
    boxes = np.array([[10, 10, 60, 30], [90, 10, 130, 30], [50, 50, 80, 53], [200, 0, 240, 20]], np.float32)
    quads, labels = seen(as_quads(boxes), np.array([0, 1, 0, 0]), 100)
    assert labels.tolist() == [0, IGNORED, IGNORED]  # whole, a quarter, three pixels high; the last is outside
    np.testing.assert_array_equal(quads[1].max(axis=0), [100, 30])
    np.testing.assert_array_equal(quads[0], as_quads(boxes)[0])


def test_views_depend_on_seed_and_number_alone(tmp_path):
    samples = draw(tmp_path / "a", 3)
    scenery = Scenery.of(["sign"], samples)
    config = ObjectViewConfig(VIEW, 0.5, 0.5, 192)
    first, second = ObjectViews(samples, scenery, config, 5), ObjectViews(samples, scenery, config, 5)
    first[0], first[1]
    for name, value in first[7].items():
        np.testing.assert_array_equal(value, second[7][name])
    assert (first[7]["view"] != ObjectViews(samples, scenery, config, 6)[7]["view"]).any()
    shapes = {first[k]["view"].shape for k in range(8)}
    assert shapes == {(192, 192, 3)}


def test_a_mosaic_s_objects_stand_where_they_are_seen():
    boxes = np.array([[4, 8, 20, 16], [0, 0, 8, 8], [24, 24, 32, 32], [1, 20, 30, 31]])
    parts = []
    for left, top, right, bottom in boxes:
        part = np.zeros((32, 32, 3), np.uint8)
        part[top:bottom, left:right] = 255
        parts.append((part, as_quads(np.array([[left, top, right, bottom]], np.float32))))
    picture, quads = mosaic(parts)
    again = np.zeros((64, 64, 3), np.uint8)
    for (quad,) in quads:
        left, top, right, bottom = (int(side) for side in (*quad.min(axis=0), *quad.max(axis=0)))
        again[top:bottom, left:right] = 255
    np.testing.assert_array_equal(picture, again)
    np.testing.assert_array_equal(quads[3][0].min(axis=0), [33, 52])


def test_a_mosaic_has_the_objects_of_four_views(tmp_path):
    samples = draw(tmp_path / "a", 3)
    whole = ViewConfig(size=192, scale=(0.8, 0.8), aspect=0, tilt=0, turned=0, damage=0)
    views = ObjectViews(samples, Scenery.of(["sign"], samples), ObjectViewConfig(whole, 1.0, 0.0, 192), 0)
    labels = [views[number]["labels"] for number in range(6)]
    assert max((names == 0).sum() for names in labels) >= 3
    assert all((names == NOTHING).sum() >= 196 for names in labels)


def test_views_by_size_show_an_object_whole_at_all_sizes(tmp_path):
    samples = draw(tmp_path / "a", 3)
    views = ObjectViews(samples, Scenery.of(["sign"], samples), ObjectViewConfig(VIEW, 0.0, 1.0, 192), 0)
    items = [views[number] for number in range(60)]
    widths = [
        np.ptp(quads[labels == 0], axis=1).max() for _, quads, labels in (i.values() for i in items) if 0 in labels
    ]
    assert len(widths) >= 55
    assert min(widths) < 40 and max(widths) > 150 and 50 < np.median(widths) < 110
