"""The single-shot decoder on maps of any content: what it gives is sound, and one thing is found once."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from wordsight.detection.single_shot import MOST_CELLS, SAME, Decoded, decode, suppress

STRIDES = (8, 16, 32)
SIDE = 96


def iou(a, b):
    low, high = np.maximum(a[:2], b[:2]), np.minimum(a[2:], b[2:])
    shared = np.prod((high - low).clip(0))
    return shared / (np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - shared)


def maps(seed, classes, wild):
    """Random maps; a share of the values is no number, or far too large."""
    rng = np.random.default_rng(seed)
    made = []
    for stride in STRIDES:
        side = SIDE // stride
        scores = rng.uniform(0, 1, (classes, side, side)) ** 3
        sides = rng.gamma(2.0, stride, (4, side, side))
        corners = rng.normal(0, 2 * stride, (8, side, side))
        map_ = np.concatenate([scores, sides, corners]).astype(np.float32)
        odd = rng.random(map_.shape) < wild
        map_[odd] = rng.choice(np.array([np.nan, np.inf, -np.inf, -1e9, 1e30, 0], np.float32), int(odd.sum()))
        made.append(map_)
    return made


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 3), st.sampled_from([0.0, 0.02, 0.5]), st.floats(0.05, 0.95))
def test_what_is_found_is_sound(seed, classes, wild, threshold):
    with np.errstate(all="ignore"):
        found = decode(maps(seed, classes, wild), STRIDES, threshold)
    assert len(found) <= MOST_CELLS
    assert np.isfinite(found.boxes).all() and np.isfinite(found.quads).all()
    assert (found.boxes[:, 2:] > found.boxes[:, :2]).all()
    assert (np.diff(found.scores) <= 0).all()
    if not wild:
        assert ((found.scores >= np.float32(threshold)) & (found.scores <= 1)).all()
    assert ((found.labels >= 0) & (found.labels < classes)).all()
    for i in range(len(found)):
        for j in range(i):
            if found.labels[i] == found.labels[j]:
                assert iou(found.boxes[i], found.boxes[j]) <= SAME + 1e-4


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_a_higher_threshold_finds_no_more(seed):
    low, high = (decode(maps(seed, 2, 0), STRIDES, threshold) for threshold in (0.3, 0.7))
    assert {tuple(box) for box in high.boxes} <= {tuple(box) for box in low.boxes}
    assert len(high) == (low.scores >= 0.7).sum()  # the surest are chosen first, whatever follows


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(STRIDES),
    st.tuples(st.floats(0, 40), st.floats(0, 40), st.floats(42, 90), st.floats(42, 90)),
    st.lists(st.floats(-4, 4), min_size=8, max_size=8),
)
def test_cells_that_agree_give_the_box_and_quad_that_they_vote_for(stride, box, bend):
    box = np.array(box, np.float32)
    quad = np.array([[box[0], box[1]], [box[2], box[1]], [box[2], box[3]], [box[0], box[3]]], np.float32)
    quad += np.array(bend, np.float32).reshape(4, 2)
    made = []
    for step in STRIDES:
        side = SIDE // step
        y, x = (np.mgrid[:side, :side].astype(np.float32) + 0.5) * step
        map_ = np.concatenate(
            [np.zeros((1, side, side)), [x - box[0], y - box[1], box[2] - x, box[3] - y]]
            + [[quad[i, 0] - x, quad[i, 1] - y] for i in range(4)]
        ).astype(np.float32)
        if step == stride:
            map_[0][(map_[1:5] > 0).all(axis=0)] = 0.9
        made.append(map_)
    inside = (made[STRIDES.index(stride)][0] > 0).sum()
    found = decode(made, STRIDES, 0.5)
    assert len(found) == min(1, inside)
    for one_box, one_quad in zip(found.boxes, found.quads, strict=True):
        np.testing.assert_allclose(one_box, box, atol=1e-4)
        np.testing.assert_allclose(one_quad, quad, atol=1e-3)


def test_things_with_different_labels_may_overlap_but_not_be_the_same():
    boxes = np.array([[0, 0, 100, 100], [0, 0, 100, 60], [0, 0, 100, 95], [0, 0, 100, 70]], np.float32)
    quads = boxes[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 4, 2)
    found = Decoded(boxes, quads, np.array([0, 1, 1, 0]), np.array([0.9, 0.8, 0.7, 0.6], np.float32))
    assert suppress(found).tolist() == [0, 1]  # the third is the first one's place, the fourth the first itself


def test_nothing_is_found_in_empty_maps():
    found = decode([np.zeros((13, 4, 4), np.float32)] * 3, STRIDES, 0.1)
    assert len(found) == 0 and found.quads.shape == (0, 4, 2) and found.boxes.shape == (0, 4)
