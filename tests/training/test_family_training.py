"""Sliding windows, single shot and regions: targets and parts by hand, and that each truly learns and is used."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from test_detector import draw  # noqa: E402

from wordsight import Reader, geometry  # noqa: E402
from wordsight.data.augment import ViewConfig  # noqa: E402
from wordsight.detection import region as regions  # noqa: E402
from wordsight.detection import sliding_window  # noqa: E402
from wordsight.detection.sliding_window import SlidingWindowDetector  # noqa: E402
from wordsight.errors import ModelError  # noqa: E402
from wordsight.evaluation.protocols import Counts, count_boxes  # noqa: E402
from wordsight.image.scale import network_input  # noqa: E402
from wordsight.models import cards  # noqa: E402
from wordsight.models.heads import stock_east  # noqa: E402
from wordsight.models.region import RegionMaps, RegionNetwork, roi_align, stock_region, widened  # noqa: E402
from wordsight.models.runtime import compile_network  # noqa: E402
from wordsight.models.sliding_window import stock_window  # noqa: E402
from wordsight.models.windows import MIDDLE, STRIDE, TEXT, WINDOW, pyramid  # noqa: E402
from wordsight.training.checkpoint import write_tensors  # noqa: E402
from wordsight.training.delivery import deliver, export_detector  # noqa: E402
from wordsight.training.detector import (  # noqa: E402
    DetectorConfig,
    DetectorTask,
    Source,
    config_for,
    take_weights,
    train_detector,
)
from wordsight.training.head import HEADS, head_by_name, run  # noqa: E402
from wordsight.training.loop import Stopped, TrainConfig  # noqa: E402
from wordsight.training.measure import Marked  # noqa: E402
from wordsight.training.region import judge_losses, proposer_losses, region_targets  # noqa: E402
from wordsight.training.window import window_losses, window_targets  # noqa: E402

FAMILIES = ("sliding-window", "single-shot", "region")
NONE = np.array([False])


def boxes(*rows):
    left, top, right, bottom = np.float32(rows).T
    return np.stack([left, top, right, top, right, bottom, left, bottom], 1).reshape(-1, 4, 2)


def batch(target):
    return {name: torch.from_numpy(np.ascontiguousarray(value))[None] for name, value in target.items()}


def noise(high, wide):
    return np.random.default_rng(0).normal(0, 1, (1, 3, high, wide)).astype(np.float32)


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """Gives a network of a family as it stands before training, and its file; makes each once."""

    @cache
    def make(name):
        torch.manual_seed(0)
        network, path = head_by_name(name).network().eval(), tmp_path_factory.mktemp(name) / "detector.onnx"
        export_detector(network, HEADS[name], path)
        return network, path

    return make


@pytest.mark.parametrize("name", FAMILIES)
def test_the_file_is_the_network(exported, name):
    network, path = exported(name)
    compiled = compile_network(path, "onnxruntime", threads=1)
    x = noise(64, 128)
    with torch.inference_mode():
        wanted = [map_.numpy() for map_ in network.decoded(torch.from_numpy(x))]
    found = compiled.run(x, lambda outputs: [output.copy() for output in outputs])
    assert len(found) == len(wanted) == len(HEADS[name].outputs)
    for w, f in zip(wanted, found, strict=True):
        np.testing.assert_allclose(f, w, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
def test_a_window_by_itself_says_what_it_says_in_the_picture(exported, engine):
    network = compile_network(exported("sliding-window")[1], engine, "f32", 1)
    picture = np.random.default_rng(1).integers(0, 255, (96, 128, 3)).astype(np.uint8)
    at_once = SlidingWindowDetector(network).levels(picture, (128, 96))
    by_itself = SlidingWindowDetector(network, literal=True).levels(picture, (128, 96))
    assert [level.shape for level in at_once] == [(high // 4, wide // 4) for wide, high in pyramid(128, 96)]
    for a, b in zip(at_once, by_itself, strict=True):
        np.testing.assert_allclose(a, b, atol=2e-5)


def test_a_window_sees_64_pixels_and_no_more():
    torch.manual_seed(0)
    network = stock_window()
    x = torch.zeros(1, 3, 2 * WINDOW, 2 * WINDOW, requires_grad=True)
    cell = network(x + torch.randn_like(x))[0, 0, 16, 16]
    cell.backward()
    rows, columns = np.nonzero(x.grad.abs().sum((0, 1)).numpy())
    first = STRIDE * (16 - MIDDLE)
    for seen in (rows, columns):
        assert first <= seen.min() and seen.max() < first + WINDOW


def test_every_window_that_counts_is_learnt_by_the_size_of_its_error():
    truth = {name: torch.zeros(1, 4, 4, dtype=torch.uint8) for name in ("score", "care")}
    truth["score"][0, 1, 1:3] = 1
    truth["care"][0, :3] = 1
    logit = torch.where(truth["score"] > 0, 8.0, -8.0)[:, None]
    right = window_losses(logit, truth)
    assert float(right["focal"]) < 1e-6 and float(right["dice"]) == pytest.approx(1 - 4 / 5, abs=2e-3)
    blind = logit.clone()
    blind[0, 0, 1, 1] = -8.0
    missed = window_losses(blind, truth)
    assert float(missed["focal"]) == pytest.approx(8 / 2, rel=1e-2)
    logit[0, 0, 3] = 8.0  # does not count
    assert {name: float(value) for name, value in window_losses(logit, truth).items()} == {
        name: float(value) for name, value in right.items()
    }
    nothing = window_losses(torch.full((1, 1, 4, 4), -8.0), {**truth, "score": torch.zeros(1, 4, 4)})
    assert float(nothing["focal"]) < 1e-6 and float(nothing["dice"]) == 1


def test_window_targets_are_the_middles_of_text_of_the_right_height():
    high = TEXT * 1.1
    right, large, between = (10, 20, 130, 20 + high), (10, 60, 200, 60 + 4 * TEXT), (10, 160, 150, 160 + 1.4 * TEXT)
    target = window_targets(boxes(right, large, between), np.zeros(3, bool), 256)
    rows, columns = np.nonzero(target["score"])
    assert {*rows} == {*range(round(20 + 0.3 * high) // 4, round(20 + 0.7 * high) // 4 + 1)}
    assert columns.min() >= 3 and columns.max() <= 32
    assert target["care"][20, 20] == 1, "text that is far too large is no text to this copy"
    assert target["care"][43, 20] == 0, "text that is a little too large counts neither way"
    assert window_targets(boxes(right), np.array([True]), 256)["score"].sum() == 0
    empty = window_targets(np.zeros((0, 4, 2), np.float32), np.zeros(0, bool), 64)
    assert empty["care"].all() and not empty["score"].any()


@pytest.mark.parametrize("factor", [1, 2, 4])
def test_words_of_maps_that_know_the_truth(factor):
    words = boxes((40, 40, 140, 40 + TEXT), (160, 40, 230, 40 + TEXT), (40, 120, 200, 120 + 0.9 * TEXT)) * factor
    levels = []
    for wide, _ in pyramid(256 * factor, 256 * factor):
        target = window_targets(words * wide / (256 * factor), np.zeros(3, bool), wide)
        levels.append(target["score"].astype(np.float32))
    found, scores = sliding_window.words_of(levels)
    pairs = geometry.overlaps(np.concatenate([found, words]))
    best = {j - len(found): iou for i, j, _, iou in pairs if i < len(found) <= j}
    assert len(found) == 3 and min(best.values()) > 0.6 and (scores > 0.3).all()


def test_roi_align_takes_the_middles_of_equal_parts():
    y, x = np.mgrid[:32, :48].astype(np.float32)
    features = np.stack([(x + 0.5) * 4, (y + 0.5) * 4])  # every cell tells where its own centre is
    box = np.float32([[20, 30, 116, 62], [8, 8, 56, 24]])
    found = regions.roi_align(features, box)
    assert found.shape == (2, 2, 4, 12)
    np.testing.assert_allclose(found[0, 0, 0], 20 + 96 * (np.arange(12) + 0.5) / 12, rtol=1e-5)
    np.testing.assert_allclose(found[0, 1, :, 0], 30 + 32 * (np.arange(4) + 0.5) / 4, rtol=1e-5)
    outside = np.float32([[-50, -50, 30, 20], [150, 100, 400, 300]])
    every = np.concatenate([box, outside])
    with_torch = roi_align(torch.from_numpy(features)[None], torch.from_numpy(every), torch.zeros(4, dtype=torch.long))
    np.testing.assert_allclose(regions.roi_align(features, every), with_torch.numpy(), atol=1e-3)
    np.testing.assert_allclose(regions.widened(every), widened(torch.from_numpy(every)).numpy())


def test_the_judge_says_the_same_with_and_without_torch(exported):
    network, path = exported("region")
    maps = run(network, torch.from_numpy(noise(96, 128)))
    box = np.float32([[10, 10, 90, 40], [30, 50, 60, 90], [0, 0, 128, 96]])
    judge = regions.Judge.of(maps[3:])
    quads, scores = regions.judged(maps[2][0], box, judge, nms=1.0)
    features = torch.from_numpy(maps[2])
    with torch.inference_mode():
        logit, shifts = network.judge(roi_align(features, widened(torch.from_numpy(box)), torch.zeros(3).long()))
    order = np.argsort(-logit.numpy(), kind="stable")
    np.testing.assert_allclose(scores, torch.sigmoid(logit).numpy()[order], atol=1e-3)
    size = (box[:, 2:] - box[:, :2])[:, None]
    wanted = boxes(*box) + shifts.numpy() * size
    np.testing.assert_allclose(quads, wanted[order], atol=0.5)
    opened = regions.RegionDetector.open(compile_network(path, "onnxruntime", threads=1))
    np.testing.assert_allclose(opened.judge.hidden[0], network.judge.hidden.weight.detach().numpy().T, atol=1e-3)


def test_region_targets_and_losses_of_a_network_that_knows():
    words = boxes((40, 40, 168, 72), (60, 120, 220, 160))
    target = region_targets(words, np.array([False, True]), 256)
    assert [*target["kind"][:3]] == [2, 1, 0]
    assert 0.8 < target["centre"].max() <= 1 and target["care"][35, 30] == 0
    assert target["centre"][13:15, 25:27].max() == target["centre"].max(), "most central in the middle"
    truth = batch(target)
    logit = torch.logit(truth["centre"].clamp(1e-4, 1 - 1e-4))[:, None]
    maps = RegionMaps(logit, truth["sides"], torch.zeros(1, 16, 64, 64))
    assert all(float(value) < 0.01 for value in proposer_losses(maps, truth).values())
    offered = regions.proposals(target["centre"], target["sides"])
    np.testing.assert_allclose(offered[0], [40, 40, 168, 72], atol=0.1)
    losses = judge_losses(RegionNetwork().judge, maps, truth)
    assert float(losses["judge"].detach()) == pytest.approx(np.log(2), abs=0.1)


def test_nothing_to_find_is_nothing_lost():
    target = batch(region_targets(np.zeros((0, 4, 2), np.float32), np.zeros(0, bool), 64))
    network = stock_region()
    maps = network(torch.zeros(1, 3, 64, 64))
    maps = maps._replace(score=maps.score - 20)
    losses = HEADS["region"].losses(network, maps, target, None)
    assert all(float(value.detach()) < 1e-4 for value in losses.values())


def test_mser_finds_words_of_a_drawing(tmp_path):
    marked = Marked.open(draw(tmp_path / "set", 1)[0])
    found = regions.mser(marked.picture)
    pairs = geometry.overlaps(np.concatenate([marked.quads, boxes(*found)]))
    best = [
        max((iou for i, j, _, iou in pairs if i == word and j >= len(marked.quads)), default=0.0)
        for word in range(len(marked.quads))
    ]
    assert np.mean(np.array(best) > 0.5) >= 0.5, best
    assert len(regions.mser(np.full((64, 64, 3), 255, np.uint8))) == 0


@pytest.mark.parametrize(
    ("head", "steps"),
    [
        ("sliding-window", 90),
        pytest.param("single-shot", 70, marks=pytest.mark.training),
        pytest.param("region", 90, marks=pytest.mark.training),
    ],
)
def test_it_learns_two_pictures_and_the_reader_uses_it(tmp_path, head, steps):
    samples = draw(tmp_path / "set", 2)
    zoom = (0.5, 0.8) if head == "sliding-window" else (0.9, 1.1)
    view = ViewConfig(size=160, scale=zoom, turned=0, damage=0)
    config = DetectorConfig(head=head, batch=2, workers=0, view=view, check_width=256)
    train = TrainConfig(steps=steps, warmup=3, ema=0.8)
    held = draw(tmp_path / "other", 1)
    events = list(train_detector([Source(samples)], held, tmp_path / "run", train, config))
    assert isinstance(events[-1], Stopped) and events[-1].step == steps
    made = deliver(tmp_path / "run", head, held, {"seed": 0})
    assert made.parity[0] < 0.02 and made.weights.stat().st_size < 8e6
    assert json.loads(cards.metadata(made.weights, cards.DETECTOR))["head"] == head
    reader = Reader(east_model=made.weights, width=256, height=256, precision="f32", min_score=0.4)
    total = Counts()
    for sample in samples:
        page = reader.detect(Marked.open(sample).picture)
        words = [{"quad": word.quad.tolist(), "detection_score": word.detection_score} for word in page.words]
        total += count_boxes(sample, {"words": words}, with_text=False)
    assert total.f >= 0.5, total
    maps = reader.maps(Marked.open(samples[0]).picture, 1.0)
    assert maps.score.ndim == 2 and maps.score.min() >= 0 and maps.score.max() <= 1


def test_a_network_of_another_family_is_no_region_detector(exported):
    compiled = compile_network(exported("single-shot")[1], "onnxruntime", threads=1)
    with pytest.raises(ModelError, match="not those of a region-based detector"):
        regions.RegionDetector.open(compiled)


def test_network_input_is_what_training_sees():
    picture = np.random.default_rng(0).integers(0, 255, (32, 32, 3)).astype(np.uint8)
    from wordsight.training.measure import to_input

    np.testing.assert_allclose(network_input(picture), to_input(torch.from_numpy(picture)[None]).numpy(), atol=1e-5)


@pytest.mark.parametrize("name", ["single-shot", "region"])
def test_a_training_starts_from_a_trained_east(tmp_path, name):
    torch.manual_seed(1)
    east = stock_east()
    with torch.no_grad():
        for parameter in east.parameters():
            parameter += 0.01 * torch.randn_like(parameter)
    path = tmp_path / "best.safetensors"
    write_tensors({key: t.contiguous() for key, t in east.state_dict().items()}, path, {})
    network = head_by_name(name).network().eval()
    take_weights(network, path)
    x = torch.from_numpy(noise(64, 96))
    with torch.inference_mode():
        if isinstance(network, RegionNetwork):
            maps, wanted = network(x), east.eval()(x)
            torch.testing.assert_close(maps.score, wanted.score)
            torch.testing.assert_close(maps.sides, wanted.sides[:, [3, 0, 1, 2]])
        else:
            found, wanted = network.network.pyramid.backbone(x), east.body.backbone(x)
            torch.testing.assert_close(found, wanted)
    with pytest.raises(ModelError, match=r"name the best\.safetensors"):
        take_weights(network, tmp_path / "none.safetensors")
    write_tensors({"other": torch.zeros(1)}, path, {})
    with pytest.raises(ModelError, match="has no body"):
        take_weights(network, path)


def test_a_training_goes_on_from_an_exported_detector(tmp_path):
    torch.manual_seed(1)
    east = stock_east()
    with torch.no_grad():
        for parameter in east.parameters():
            parameter += 0.01 * torch.randn_like(parameter)
    path = tmp_path / "detector.onnx"
    export_detector(east, HEADS["rbox"], path)
    network = stock_east()
    take_weights(network, path)
    for name, parameter in network.named_parameters():
        assert torch.equal(parameter, east.get_parameter(name)), name
    quads = head_by_name("quad").network()
    take_weights(quads, path)
    assert torch.equal(quads.get_parameter("head.hidden.weight"), east.head.hidden.weight)
    assert not torch.equal(quads.get_parameter("head.out.weight")[:7], east.head.out.weight)
    with pytest.raises(ModelError, match="has no body"):
        take_weights(network, cards.locate(cards.PP_OCR_RECOGNIZER))
    (tmp_path / "broken.safetensors").write_bytes(b"no weights")
    with pytest.raises(ModelError, match="cannot be read"):
        take_weights(network, tmp_path / "broken.safetensors")


def test_a_rate_of_nothing_leaves_a_part_as_it_is(tmp_path):
    samples = draw(tmp_path / "set", 1)
    config = replace(config_for("region"), backbone_rate=0.0, neck_rate=0.0)
    task = DetectorTask([Source(samples)], samples, config)
    learnt = {name.split(".")[0] for name, p in task.model.named_parameters() if p.requires_grad}
    assert learnt == {"proposer", "narrow", "judge"}
    assert [group["lr"] for group in task.groups()] == [config.head_rate]
