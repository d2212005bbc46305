"""EAST's targets and losses against figures worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from wordsight import geometry  # noqa: E402
from wordsight.detection.east import decode  # noqa: E402
from wordsight.models.heads import RboxMaps, to_geometry  # noqa: E402
from wordsight.training.east import (  # noqa: E402
    LossConfig,
    east_loss,
    fit_rects,
    make_targets,
    shrink,
    visible_share,
)


def rect(cx, cy, width, height, degrees):
    return geometry.from_rects(np.array([[cx, cy, width, height, math.radians(degrees)]], np.float32))


def perfect(target, certainty=12.0):
    """The maps of a network that knows the truth."""
    box = torch.from_numpy(target.box)[None]
    score = torch.from_numpy(target.score)[None, None]
    inside = score > 0
    return RboxMaps(
        (score.float() * 2 - 1) * certainty,
        torch.where(inside, box[:, :4], 1.0),
        torch.stack([torch.cos(2 * box[:, 4]), torch.sin(2 * box[:, 4])], 1),
    )


def batch(target):
    return {name: torch.from_numpy(getattr(target, name))[None] for name in ("score", "rim", "care", "weight", "box")}


def test_shrinking_moves_each_edge_by_three_tenths_of_the_short_side():
    np.testing.assert_allclose(shrink(rect(50, 50, 80, 20, 0))[0], [[16, 46], [84, 46], [84, 54], [16, 54]], atol=1e-4)
    np.testing.assert_allclose(shrink(rect(50, 50, 20, 80, 0))[0], [[46, 16], [54, 16], [54, 84], [46, 84]], atol=1e-4)


@pytest.mark.parametrize("degrees", [-170, -90, -35, 0, 20, 90, 180])
def test_a_rectangle_is_its_own_best_rectangle(degrees):
    cx, cy, width, height, angle = fit_rects(rect(100, 60, 70, 25, degrees))[0]
    np.testing.assert_allclose([cx, cy, width, height], [100, 60, 70, 25], atol=1e-3)
    assert math.cos(angle - math.radians(degrees)) == pytest.approx(1, abs=1e-6)


def test_the_best_rectangle_of_a_slanted_quad_has_its_area():
    quad = np.float32([[[0, 0], [100, 50], [100, 90], [0, 40]]])
    _, _, width, height, angle = fit_rects(quad)[0]
    assert width * height == pytest.approx(100 * 40, rel=1e-5)
    assert math.degrees(angle) == pytest.approx(math.degrees(math.atan2(50, 100)), abs=1e-4)


def test_words_tiny_words_cut_words_and_ignored_words():
    quads = np.concatenate(
        [rect(64, 64, 64, 24, 0), rect(64, 200, 40, 4, 0), rect(256, 128, 80, 24, 0), rect(180, 200, 60, 30, 0)]
    )
    target = make_targets(quads, np.array([False, False, False, True]), 256)
    cells = {name: getattr(target, name)[16, 16] for name in ("score", "rim", "care")}
    assert cells == {"score": 1, "rim": 0, "care": 1}
    assert target.rim[13, 16] == 1 and target.score[13, 16] == 0  # inside the word, outside its core
    assert target.score.sum() == target.score[14:18, 9:23].sum()  # only the first word is one to find
    assert target.care[50, 16] == 0 and target.care[32, 60] == 0 and target.care[50, 45] == 0
    assert target.care[5, 5] == 1
    np.testing.assert_allclose(target.box[:, 16, 12], [12, 48, 12, 16, 0], atol=1e-4)
    assert target.weight[target.score > 0] == pytest.approx(1 / math.sqrt(target.score.sum()))


def test_visible_share():
    quads = np.concatenate([rect(50, 50, 40, 20, 0), rect(0, 50, 40, 20, 0), rect(-50, 50, 40, 20, 0)])
    np.testing.assert_allclose(visible_share(quads, 100), [1, 0.5, 0], atol=1e-4)


@pytest.mark.parametrize("degrees", [-89, -45, 0, 30, 88, 135, 180])
def test_a_perfect_network_has_no_loss_and_decodes_to_the_truth(degrees):
    quad = rect(130, 120, 120, 30, degrees)
    target = make_targets(quad, np.array([False]), 256)
    losses = east_loss(perfect(target), batch(target), LossConfig())
    assert {name: round(float(value), 3) for name, value in losses.items()} == {
        "dice": pytest.approx(0, abs=0.01),
        "entropy": 0,
        "box": 0,
        "angle": 0,
    }
    maps = perfect(target)
    quads, scores = decode(torch.sigmoid(maps.score).numpy(), to_geometry(maps).numpy())
    other = geometry.turn(quad, 2)[0]  # half a turn is the same box
    assert min(np.abs(quads[0] - quad[0]).max(), np.abs(quads[0] - other).max()) < 0.05
    assert scores[0] > 0.99 and len(quads) == 1


def test_box_loss_is_minus_log_iou():
    target = make_targets(rect(130, 120, 120, 30, 0), np.array([False]), 256)
    maps = perfect(target)
    wide = maps._replace(sides=maps.sides * torch.tensor([1.0, 2.0, 1.0, 2.0])[None, :, None, None])
    losses = east_loss(wide, batch(target), LossConfig(place=0))
    assert float(losses["box"]) == pytest.approx(math.log(7201 / 3601), abs=1e-3)


def test_place_loss_counts_each_side_in_shares_of_the_box():
    target = make_targets(rect(130, 120, 120, 30, 0), np.array([False]), 256)
    maps = perfect(target)
    off = maps._replace(sides=maps.sides + torch.tensor([3.0, 12.0, 3.0, 12.0])[None, :, None, None])
    both = [east_loss(off, batch(target), LossConfig(place=place))["box"].item() for place in (0, 1)]
    assert both[1] - both[0] == pytest.approx(4 * (0.1 - 0.025), abs=1e-4)  # smooth L1 with beta 0.05


@pytest.mark.parametrize("degrees", [-76, -74, 90, 104, 106])
def test_the_angle_s_range_ends_at_105_degrees(degrees):
    angle = make_targets(rect(130, 120, 60, 30, degrees), np.array([False]), 256).box[4].ravel()
    angle = float(np.degrees(angle[angle != 0][0]))
    wanted = {-76: 104, 106: -74}.get(degrees, degrees)
    assert angle == pytest.approx(wanted, abs=1e-3)


def test_a_turned_angle_costs_one_minus_cos_of_the_doubled_difference():
    target = make_targets(rect(130, 120, 120, 30, 10), np.array([False]), 256)
    maps = perfect(target)
    angle = 2 * math.radians(10 + 30)
    direction = torch.tensor([math.cos(angle), math.sin(angle)])[None, :, None, None].expand_as(maps.direction)
    losses = east_loss(maps._replace(direction=direction), batch(target), LossConfig(angle=1))
    assert float(losses["angle"]) == pytest.approx(1 - math.cos(math.radians(60)), abs=1e-4)


def test_a_view_without_text_teaches_too():
    target = make_targets(np.zeros((0, 4, 2), np.float32), np.zeros(0, bool), 64)
    maps = RboxMaps(
        torch.zeros(1, 1, 16, 16, requires_grad=True),
        torch.ones(1, 4, 16, 16),
        torch.ones(1, 2, 16, 16),
    )
    losses = east_loss(maps, batch(target), LossConfig())
    assert losses["entropy"].item() == pytest.approx(math.log(2), abs=1e-4)
    assert losses["box"].item() == 0
    sum(losses.values()).backward()
    assert maps.score.grad.abs().sum() > 0
