"""The QUAD and DB heads: their targets by hand, and that each truly learns a few pictures and can be used."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from test_detector import draw  # noqa: E402

from wordsight import Reader, geometry  # noqa: E402
from wordsight.data.augment import ViewConfig  # noqa: E402
from wordsight.detection.dbnet import rects_of  # noqa: E402
from wordsight.detection.quad import decode_quads  # noqa: E402
from wordsight.errors import ConfigError  # noqa: E402
from wordsight.evaluation.protocols import Counts, count_boxes  # noqa: E402
from wordsight.models.heads import DbMaps, stock_db  # noqa: E402
from wordsight.training.db import HIGH, LOW, db_loss, db_targets  # noqa: E402
from wordsight.training.delivery import deliver  # noqa: E402
from wordsight.training.detector import DetectorConfig, Source, train_detector  # noqa: E402
from wordsight.training.east import LossConfig, make_targets  # noqa: E402
from wordsight.training.head import head_by_name  # noqa: E402
from wordsight.training.loop import Stopped, TrainConfig  # noqa: E402
from wordsight.training.measure import Marked  # noqa: E402
from wordsight.training.quad import quad_loss, quad_targets  # noqa: E402

NONE = np.array([False])
QUAD = np.float32([[[40, 60], [200, 80], [204, 130], [36, 100]]])


def batch(target):
    return {name: torch.from_numpy(np.ascontiguousarray(value))[None] for name, value in target.items()}


def quad_maps(target):
    """The maps of a network that knows the truth."""
    return torch.from_numpy((2.0 * target["score"] - 1) * 12)[None, None], torch.from_numpy(target["corners"])[None]


@pytest.mark.parametrize("turns", [0, 2])
def test_corner_targets_are_decoded_to_the_quad(turns):
    quads = geometry.turn(QUAD, turns)  # on its head, the first corner is counted where it would be upright
    target = quad_targets(quads, make_targets(quads, NONE, 256))
    score, corners = quad_maps(target)
    found, _ = decode_quads(torch.sigmoid(score).numpy(), corners.numpy(), 0.5)
    np.testing.assert_allclose(found, QUAD, atol=0.01)


def test_the_quad_loss_is_smooth_l1_over_the_shortest_edge():
    target = quad_targets(QUAD, make_targets(QUAD, NONE, 256))
    score, corners = quad_maps(target)
    losses = quad_loss((score, corners), batch(target), LossConfig())
    assert float(losses["corners"]) == pytest.approx(0, abs=1e-6)
    edge = float(np.linalg.norm(QUAD[0, 3] - QUAD[0, 0]))
    losses = quad_loss((score, corners + edge), batch(target), LossConfig())
    assert float(losses["corners"]) == pytest.approx(4 * (1 - 0.1), rel=1e-4)  # beta 0.2: |x| - 0.1
    losses = quad_loss((score, torch.roll(corners, 4, 1)), batch(target), LossConfig())
    assert float(losses["corners"]) == pytest.approx(0, abs=1e-6), "a word may be counted from either end"


def test_db_targets_are_decoded_to_the_rectangle():
    quads = geometry.from_rects(np.float32([[128, 120, 140, 40, 0.2]]))
    target = db_targets(quads, NONE, 256)
    rects, scores = rects_of(target["core"].astype(np.float32))
    found = geometry.from_rects(rects)
    assert len(found) == 1 and scores[0] > 0.8
    iou = geometry.overlaps(np.concatenate([found, quads]))[0][3]
    assert iou > 0.75  # the decoder gives a little less than was taken away


def test_db_threshold_is_highest_on_the_border():
    quads = geometry.from_rects(np.float32([[128, 120, 120, 60, 0]]))  # x 68 to 188, y 90 to 150
    target = db_targets(quads, NONE, 256)
    reach = 120 * 60 * (1 - 0.4**2) / 360
    column = target["threshold"][:, 128]
    assert column[90] == pytest.approx(HIGH, abs=0.03)
    assert column[120] == column[10] == pytest.approx(LOW)
    for away in (4, 8):
        assert column[90 - away] == pytest.approx(HIGH - (HIGH - LOW) * away / reach, abs=0.03)
    assert target["border"][90, 128] == 1 and target["border"][120, 128] == 0
    assert target["core"][120, 128] == 1 and target["core"][95, 128] == 0


def test_db_ignores_what_is_marked_so():
    target = db_targets(QUAD, np.array([True]), 256)
    assert target["core"].sum() == 0 and target["care"][90, 100] == 0
    target = db_targets(np.zeros((0, 4, 2), np.float32), np.zeros(0, bool), 64)
    assert target["core"].sum() == 0 and target["care"].all() and (target["threshold"] == np.float32(LOW)).all()


def test_db_losses_of_a_network_that_knows_and_of_one_that_does_not():
    target = db_targets(QUAD, NONE, 256)
    truth = batch(target)
    core, threshold = truth["core"].float()[:, None], truth["threshold"][:, None]
    known = db_loss(DbMaps(core, threshold, core), truth, LossConfig())
    assert all(float(value) < 0.01 for value in known.values())
    half = torch.full_like(core, 0.5)
    losses = db_loss(DbMaps(half, half, half), truth, LossConfig())
    assert float(losses["entropy"]) == pytest.approx(5 * np.log(2), rel=1e-3)
    assert float(losses["border"]) == pytest.approx(
        10 * np.abs(0.5 - target["threshold"])[target["border"] > 0].mean(), rel=1e-3
    )


def test_the_stock_detector_goes_on_as_it_is():
    network = stock_db()
    assert sum(p.numel() for m in (network.body, network.head) for p in m.parameters()) > 2_400_000
    x = torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        maps = network(x)
        torch.testing.assert_close(maps.probability, network.decoded(x)[0])


def test_an_unknown_head_is_refused():
    with pytest.raises(ConfigError, match="did you mean 'quad'"):
        head_by_name("quads")


@pytest.mark.parametrize(("head", "steps"), [("quad", 40), pytest.param("db", 60, marks=pytest.mark.training)])
def test_it_learns_two_pictures_and_the_reader_uses_it(tmp_path, head, steps):
    samples = draw(tmp_path / "set", 2)
    config = DetectorConfig(
        head=head, batch=2, workers=0, view=ViewConfig(size=160, scale=(0.9, 1.1), turned=0, damage=0), check_width=256
    )
    train = TrainConfig(steps=steps, warmup=3, ema=0.8)
    held = draw(tmp_path / "other", 1)
    events = list(train_detector([Source(samples)], held, tmp_path / "run", train, config))
    assert isinstance(events[-1], Stopped) and events[-1].step == steps
    made = deliver(tmp_path / "run", head, held, {"seed": 0})
    assert made.parity[0] < 0.02 and 4e6 < made.weights.stat().st_size < 5.5e6
    reader = Reader(east_model=made.weights, width=256, height=256, precision="f32", min_score=0.6)
    total = Counts()
    for sample in samples:
        page = reader.detect(Marked.open(sample).picture)
        words = [{"quad": word.quad.tolist(), "detection_score": word.detection_score} for word in page.words]
        total += count_boxes(sample, {"words": words}, with_text=False)
    assert total.f >= 0.8
