"""Which cells learn which object, and the losses, against figures worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from wordsight.detection.single_shot import decode  # noqa: E402
from wordsight.models.single_shot import STRIDES, CellMaps, SingleShotNetwork  # noqa: E402
from wordsight.training.cells import (  # noqa: E402
    IGNORED,
    NOTHING,
    CellLossConfig,
    Truth,
    cell_losses,
    choose,
    giou,
    in_a_row,
    inside,
    pairwise_iou,
)

SIZE = 128
BOXES = torch.tensor([[16.0, 32.0, 80.0, 64.0], [90.0, 8.0, 122.0, 120.0]])


def quads_of(boxes):
    return boxes[..., [0, 1, 2, 1, 2, 3, 0, 3]].unflatten(-1, (4, 2))


def maps_of(boxes, classes=2, logit=-4.0):
    """Maps of a network all of whose cells vote for these boxes, (C, h, w) of them a grid, or for a box of 3 cells."""
    maps = []
    for stride in STRIDES:
        side = SIZE // stride
        sides = torch.full((1, 4, side, side), 1.5 * stride)
        for box in boxes:
            y, x = torch.meshgrid(*[(torch.arange(side) + 0.5) * stride] * 2, indexing="ij")
            true = torch.stack([x - box[0], y - box[1], box[2] - x, box[3] - y])
            here = (true > 0).all(0)
            sides[0, :, here] = true[:, here]
        objectness = torch.full((1, 1, side, side), logit)
        maps.append(CellMaps(objectness, torch.zeros(1, classes, side, side), sides, torch.zeros(1, 8, side, side)))
    return maps


def truth_of(boxes, labels, rows=4):
    padded = torch.zeros(1, rows, 4)
    padded[0, : len(boxes)] = boxes
    names = torch.full((1, rows), NOTHING)
    names[0, : len(labels)] = torch.tensor(labels)
    return Truth.of(quads_of(padded), names)


def test_rows_that_no_picture_needs_are_cut_off():
    truth = truth_of(BOXES, [1, 0], rows=9)
    assert truth.labels.tolist() == [[1, 0]]
    np.testing.assert_array_equal(truth.boxes[0], BOXES)
    assert truth_of(BOXES[:0], [], rows=9).labels.tolist() == [[NOTHING]]


def test_overlaps_of_boxes():
    a, b = torch.tensor([[0.0, 0, 10, 10]]), torch.tensor([[5.0, 0, 15, 10]])
    apart = torch.tensor([[20.0, 0, 30, 10]])
    assert pairwise_iou(a[None], b[None]).item() == pytest.approx(50 / 150)
    assert giou(a, b).item() == pytest.approx(50 / 150)  # the hull of the two is their union
    assert giou(a, apart).item() == pytest.approx(-100 / 300)
    assert giou(a, a).item() == pytest.approx(1)


def test_cells_are_in_the_middle_of_a_box_and_there_is_always_one():
    centres = in_a_row(maps_of([])).centres
    assert len(centres) == 16**2 + 8**2 + 4**2
    within = inside(centres, BOXES[None, :1], 0.5)[0, 0]
    chosen = centres[within]
    assert ((chosen[:, 0] >= 32) & (chosen[:, 0] <= 64) & (chosen[:, 1] >= 40) & (chosen[:, 1] <= 56)).all()
    for place in ([8.0, 8.0], [15.9, 9.1], [64.0, 64.0]):  # between cells too
        speck = torch.tensor([[[place[0] - 1, place[1] - 1, place[0] + 1, place[1] + 1]]])
        assert inside(centres, speck, 0.5)[0, 0, : 16**2].any()


def test_the_best_cells_learn_an_object():
    cells = in_a_row(maps_of([BOXES[0]]))
    choice = choose(cells, truth_of(BOXES, [1, 0]), CellLossConfig(cells=5))
    first = (choice.quality[0] > 0) & (choice.truth[0] == 0)
    assert first.sum() == 5
    np.testing.assert_allclose(choice.quality[0][first], 1, atol=1e-3)  # their boxes are right
    second = (choice.quality[0] > 0) & (choice.truth[0] == 1)
    assert second.sum() == 5  # nobody fits it, the nearest guesses learn it, little
    assert 0 < choice.quality[0][second].max() < 0.8


def test_what_is_ignored_is_no_background():
    cells = in_a_row(maps_of(BOXES))
    choice = choose(cells, truth_of(BOXES, [1, IGNORED]), CellLossConfig())
    within = inside(cells.centres, BOXES[None, 1:], 1.0)[0, 0]
    assert not choice.care[0][within].any() and choice.care[0][~within].all()
    assert (choice.quality[0][within] == 0).all()


def test_the_truth_costs_nothing_but_its_doubt():
    maps = maps_of(BOXES, logit=-12.0)
    truth = truth_of(BOXES, [1, 0])
    choice = choose(in_a_row(maps), truth, CellLossConfig())
    start = 0
    for cells in maps:
        count = cells.objectness.numel()
        part = slice(start, start + count)
        sure = torch.logit(choice.quality[0, part].clamp(1e-5, 1 - 1e-5)).reshape(cells.objectness.shape)
        cells.objectness.copy_(sure)
        label = truth.labels[0][choice.truth[0, part]].reshape(cells.objectness.shape[2:])
        cells.classes[0, 0], cells.classes[0, 1] = 20.0 * (label == 0), 20.0 * (label == 1)
        start += count
    losses = cell_losses(maps, truth, CellLossConfig())
    assert {name: round(float(loss), 3) for name, loss in losses.items()} == dict.fromkeys(losses, 0.0)
    found = decode([decoded(cells) for cells in maps], STRIDES, 0.5)
    np.testing.assert_allclose(found.boxes[np.argsort(found.boxes[:, 0])], BOXES, atol=1e-3)
    assert sorted(zip(found.boxes[:, 0].tolist(), found.labels.tolist(), strict=True)) == [(16.0, 1), (90.0, 0)]


def decoded(cells):
    return SingleShotNetwork(2)._decoded(cells)[0].detach().numpy()


def test_losses_fall_along_their_gradients():
    torch.manual_seed(0)
    raw = [torch.randn(1, 15, SIZE // stride, SIZE // stride, requires_grad=True) for stride in STRIDES]

    def losses():
        maps = [
            CellMaps(x[:, :1], x[:, 1:3], torch.exp(x[:, 3:7]) * stride, x[:, 7:])
            for x, stride in zip(raw, STRIDES, strict=True)
        ]
        return cell_losses(maps, truth_of(BOXES, [1, 0]), CellLossConfig())

    first = {name: value.item() for name, value in losses().items()}
    optimizer = torch.optim.Adam(raw, 0.05)
    for _ in range(120):
        optimizer.zero_grad()
        sum(losses().values()).backward()
        optimizer.step()
    last = losses()
    assert all(last[name].item() < 0.3 * value for name, value in first.items())


def test_a_view_without_objects_has_a_loss():
    losses = cell_losses(maps_of([]), truth_of(BOXES[:0], []), CellLossConfig())
    assert float(losses["object"]) > 0
    assert float(losses["box"]) == float(losses["quad"]) == float(losses["label"]) == 0
    assert all(torch.isfinite(value) for value in losses.values())
