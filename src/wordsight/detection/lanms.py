"""EAST's decoder, with locality-aware NMS: from score and geometry maps to word quads.

Zhou et al., "EAST: An Efficient and Accurate Scene Text Detector" (CVPR 2017). Every cell of the maps inside a word
votes for the whole word's box. The paper's locality-aware NMS (section 3.6) merges neighbours row by row, because
neighbouring cells vote for nearly the same box, and suppresses what is left. Here the merge is vectorised over the
whole map: in every patch of connected cells, those that agree with the most trusted one are merged at once.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from wordsight import geometry
from wordsight.types import Floats

STRIDE = 4
"""Pixels of the network's input per cell."""

AGREEMENT = 0.5
"""Cells vote for one word where their boxes' intersection over union is above this."""

LONG = 5.0
"""A quad of this many heights or more may be part of a longer line that no cell saw whole."""

CONTINUES = 0.3
"""Parts of one line overlap by more than this share of the smaller one; neighbouring words do not."""

STRAIGHT = 0.98
"""Cosine of the largest angle between parts of one line (11 degrees)."""

FRAGMENT = 0.2
"""Of two quads that have more than this share of the smaller one in common, one is a fragment of the other."""

CORE = 0.3
"""Share of a word's height by which the cells that are taught to vote stay away from its sides (section 3.3)."""

EVIDENCE = (1.04, 1.24, -0.57, -6.13)
"""Weights of the evidence in :func:`belief`, printed by ``benchmarks/belief.py``: a logistic regression on
icdar2015_train, img_N.jpg with N % 10 == 0, at all three qualities."""

Labels = NDArray[np.int32]
Judge = Callable[[Floats, Floats, Labels], Floats]
"""From quads (G, 4, 2), the scores (M,) of the cells that voted and the group (M,) of each, to scores (G,)."""


def belief(quads: Floats, weights: Floats, labels: Labels) -> Floats:
    """How surely each quad is a word: the probability that it meets one by more than half of their union.

    The mean score of a word's cells, which EAST is judged by elsewhere, says little: nearly all cells of nearly all
    quads are sure. Three things together say more: the mean logit of the cells, how many they are, and how many a word
    of this size should have.

    Args:
        quads: (G, 4, 2) in pixels of the network's input.
        weights: (M,) scores of the cells that voted, 0..1.
        labels: (M,) group of each cell, 0 .. G - 1.

    Returns:
        (G,) float32, 0..1.
    """
    features = evidence(quads, weights, labels)
    *slopes, bias = EVIDENCE
    return np.asarray(1 / (1 + np.exp(-(features @ np.array(slopes, np.float32) + bias))), np.float32)


def evidence(quads: Floats, weights: Floats, labels: Labels) -> Floats:
    """What :func:`belief` weighs, (G, 3): mean logit of the cells, logarithms of their number and the expected one."""
    count = np.maximum(np.bincount(labels, minlength=len(quads)), 1)
    odds = weights / np.maximum(1 - weights, 1e-4)  # half precision rounds sure cells to 1
    logit = np.bincount(labels, np.log(np.maximum(odds, 1e-4)), len(quads)) / count
    sides = geometry.sides(quads)
    long, high = np.maximum(*sides), np.minimum(*sides)
    margin = 2 * CORE * high
    core = np.maximum(long - margin, high - margin) * (high - margin) / STRIDE**2
    return np.stack([logit, np.log(count), np.log(np.maximum(core, 1e-3))], axis=1).astype(np.float32)


def mean_score(quads: Floats, weights: Floats, labels: Labels) -> Floats:
    """The mean score of the cells that voted for each quad; arguments as for :func:`belief`."""
    count = np.maximum(np.bincount(labels, minlength=len(quads)), 1)
    return (np.bincount(labels, weights, len(quads)) / count).astype(np.float32)


def decode(
    score: Floats, geometry_map: Floats, threshold: float = 0.5, nms: float | None = None, judge: Judge = belief
) -> tuple[Floats, Floats]:
    """Quads of words out of EAST's two maps, in the layout of OpenCV's text detection sample.

    Args:
        score: (h, w) or (1, 1, h, w), 0..1.
        geometry_map: (5, h, w) or (1, 5, h, w): distances in pixels from the anchor (4 x, 4 y) of a cell to the
            top, right, bottom and left side, and the angle in radians, counter-clockwise positive.
        threshold: Cells vote above this score.
        nms: Of two quads whose intersection over union is above this, the one with more votes stays, as in OpenCV's
            sample. None: of two that have more than ``FRAGMENT`` of the smaller one in common.
        judge: Gives the quads their scores.

    Returns:
        Quads (N, 4, 2) float32 in pixels of the network's input, TL TR BR BL, and scores (N,), best first.
    """
    score = score.reshape(score.shape[-2:])
    geometry_map = geometry_map.reshape(5, *score.shape)
    rows, columns = np.nonzero(score > threshold)
    votes = geometry_map[:, rows, columns].T
    sound = usable(votes, score.shape)
    if not sound.any():
        return np.zeros((0, 4, 2), np.float32), np.zeros(0, np.float32)
    rows, columns, votes = rows[sound], columns[sound], votes[sound]
    cells = np.stack([columns, rows], 1).astype(np.float32) * STRIDE
    weights = score[rows, columns]
    _, patches = cv2.connectedComponents((score > threshold).astype(np.uint8), connectivity=4)
    labels = group_cells(cells, votes, weights, patches[rows, columns].astype(np.int32))
    cast = np.bincount(labels, weights).astype(np.float32)  # a word has many votes, a chance box between words few
    quads = rejoin(merge_groups(cells, votes, weights, labels), cast)
    return best_of(quads, judge(quads, weights, labels), cast, nms)


def best_of(
    quads: Floats, scores: Floats, cast: Floats, nms: float | None, share: float = FRAGMENT
) -> tuple[Floats, Floats]:
    """What is left of quads (N, 4, 2) and scores (N,) when of rivals only the one with more votes stays; best first.

    Rivals are quads whose intersection over union is above ``nms``; where that is None, quads that have more than
    ``share`` of the smaller one in common.
    """
    kept = geometry.suppress(quads, cast, share) if nms is None else geometry.suppress(quads, cast, nms, "union")
    kept = kept[np.argsort(-scores[kept], kind="stable")]
    return quads[kept], scores[kept]


def usable(votes: Floats, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Which votes (M, 5) describe a box at all: finite, not inside out, not vastly larger than the picture."""
    limit = 8 * STRIDE * max(shape)
    sizes = votes[:, :2] + votes[:, 2:4]  # height, width
    inside = (sizes > 0).all(1) & (np.abs(votes) < limit).all(1)  # False for NaN
    return np.asarray(inside)


def group_cells(cells: Floats, votes: Floats, weights: Floats, patches: Labels) -> Labels:
    """Number the cells (M,) by the word that they vote for, from 0.

    In every patch of connected cells the most trusted one gathers all that agree with it; the most trusted of the
    rest gathers next, until none are left. All patches take their turns at once, so the number of passes over the
    arrays is that of the words in the patch with the most words. A cell is trusted for its score and for being in
    the middle of its box: between two words, cells vote for anything.

    Args:
        cells: (M, 2) anchors, pixels.
        votes: (M, 5) top, right, bottom, left, angle.
        weights: (M,) scores.
        patches: (M,) number of the patch of connected cells that a cell is in.
    """
    opposite = np.minimum(votes[:, :2], votes[:, 2:4]) / np.maximum(np.maximum(votes[:, :2], votes[:, 2:4]), 1e-3)
    trust = weights * opposite.clip(0.01).prod(axis=1)
    pending = np.lexsort((trust, patches)).astype(np.int32)  # by patch, the most trusted last
    labels = np.zeros(len(cells), np.int32)
    count = 0
    while len(pending):
        last = np.append(np.diff(patches[pending]) != 0, True)  # the end of each patch's run
        turn = np.append(0, np.cumsum(last)[:-1])
        joined = agree(pending[last][turn], pending, cells, votes) | last
        labels[pending[joined]] = count + turn[joined]
        count += int(last.sum())
        pending = pending[~joined]
    return labels


def agree(first: Labels, second: Labels, cells: Floats, votes: Floats) -> NDArray[np.bool_]:
    """Whether pairs of cells vote for the same box: IoU in the first one's frame, and similar angles."""
    angle = votes[first, 4]
    cos, sin = np.cos(angle), -np.sin(angle)
    shift = cells[second] - cells[first]
    along, across = shift[:, 0] * cos + shift[:, 1] * sin, shift[:, 1] * cos - shift[:, 0] * sin
    top, right, bottom, left = votes[first, :4].T
    top2, right2, bottom2, left2 = sides_along(votes[second], angle)
    width = np.minimum(right, along + right2) + np.minimum(left, left2 - along)
    height = np.minimum(bottom, across + bottom2) + np.minimum(top, top2 - across)
    common = width.clip(0) * height.clip(0)
    union = (left + right) * (top + bottom) + (left2 + right2) * (top2 + bottom2) - common
    similar = np.cos(2 * (angle - votes[second, 4])) > 0.7
    return np.asarray(similar & (common > AGREEMENT * union))


def sides_along(votes: Floats, angle: NDArray[np.floating]) -> Floats:
    """Distances (4, M) to the top, right, bottom and left side, where "top" is that of a text of the given angles.

    A box turned by 180 degrees is the same box, so next to the vertical, cells of one word vote for either.
    """
    opposite = np.cos(votes[:, 4] - angle) < 0
    return np.where(opposite, votes[:, [2, 3, 0, 1]].T, votes[:, :4].T)


def merge_groups(cells: Floats, votes: Floats, weights: Floats, labels: Labels) -> Floats:
    """One rectangle per group of cells.

    The angle is the mean vote. Each side is the mean of the cells' votes too, but a cell counts the more the nearer
    it is to that side: the far end of a long word lies outside a cell's field of view, so the cells at the left know
    the left end, those at the right the right end.

    Args:
        cells: (M, 2) anchors, pixels.
        votes: (M, 5) top, right, bottom, left, angle.
        weights: (M,) scores.
        labels: (M,) group of each cell, 0 .. G - 1.

    Returns:
        Quads (G, 4, 2).
    """
    count = int(labels.max()) + 1

    def mean(values: Floats, weight: Floats) -> Floats:
        total = np.bincount(labels, weight, count)
        return np.asarray(np.bincount(labels, weight * values, count) / np.maximum(total, 1e-9), np.float32)

    double = 2 * votes[:, 4]
    angle = -np.arctan2(mean(np.sin(double), weights), mean(np.cos(double), weights)) / 2
    cos, sin = np.cos(angle)[labels], np.sin(angle)[labels]
    along, across = cells[:, 0] * cos + cells[:, 1] * sin, cells[:, 1] * cos - cells[:, 0] * sin
    top, right, bottom, left = sides_along(votes, -angle[labels])
    near = (top + bottom) / 2
    sides = [
        mean(place, weights / np.maximum(distance / near, 1) ** 2)
        for place, distance in (
            (across - top, top),
            (along + right, right),
            (across + bottom, bottom),
            (along - left, left),
        )
    ]
    high, far, low, first = sides
    u, v = (first + far) / 2, (high + low) / 2
    cos, sin = np.cos(angle), np.sin(angle)
    rects = np.stack([u * cos - v * sin, u * sin + v * cos, far - first, low - high, angle], 1)
    return geometry.from_rects(rects.astype(np.float32))


def rejoin(quads: Floats, cast: Floats) -> Floats:
    """Stretch long quads over those that continue them.

    No cell sees more than some hundred pixels, so the cells of a long line vote for overlapping parts of it. A quad
    that overlaps another one lengthwise, in the same row and direction and of the same height, grows to cover both,
    if both are long: short words that overlap a little are two words. What is covered then falls to suppression.

    Args:
        quads: (N, 4, 2).
        cast: (N,) sum of the votes for each; the quad with more of them grows.

    Returns:
        Quads (N, 4, 2).
    """
    along, across = geometry.sides(quads)
    long = along >= LONG * across
    if long.sum() < 2:
        return quads
    quads, right = quads.copy(), geometry.directions(quads)
    for i, j, share, _ in sorted(geometry.overlaps(quads), key=lambda pair: -float(cast[[pair[0], pair[1]]].max())):
        one, other = (i, j) if cast[i] >= cast[j] else (j, i)
        shift = quads[other].mean(axis=0) - quads[one].mean(axis=0)
        apart = abs(shift[1] * right[one, 0] - shift[0] * right[one, 1])
        low, high = sorted((across[i], across[j]))
        straight = abs(float(right[i] @ right[j])) > STRAIGHT and apart < low / 3 and high < 1.5 * low
        if share > CONTINUES and straight and long[i] and long[j]:
            quads[one] = geometry.around(np.concatenate([quads[one], quads[other]]), right[one])
    return quads
