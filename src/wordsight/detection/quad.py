"""Decoder of EAST's QUAD head: every cell votes for the four corners of its word (Zhou et al., CVPR 2017)."""

from __future__ import annotations

import cv2
import numpy as np

from wordsight import geometry
from wordsight.detection.lanms import STRIDE, Labels, best_of, group_cells, mean_score, rejoin, usable
from wordsight.types import Floats


def decode_quads(
    score: Floats, corners: Floats, threshold: float = 0.8, nms: float | None = None
) -> tuple[Floats, Floats]:
    """Quads of words out of a score map and a map of corners.

    Cells are grouped by the rectangles that fit their quads, as those of the RBOX head are; the corners are merged.

    Args:
        score: (h, w) or (1, 1, h, w), 0..1.
        corners: (8, h, w) or (1, 8, h, w): x, y of the four corners minus the anchor (4 x, 4 y) of the cell, pixels.
        threshold: Cells vote above this score.
        nms: As in :func:`wordsight.detection.lanms.decode`.

    Returns:
        Quads (N, 4, 2) float32 in pixels of the network's input, TL TR BR BL, and scores (N,), best first.
    """
    score = score.reshape(score.shape[-2:])
    corners = corners.reshape(8, *score.shape)
    rows, columns = np.nonzero(score > threshold)
    offsets = corners[:, rows, columns].T.reshape(-1, 4, 2)
    votes = as_rects(offsets)
    sound = usable(votes, score.shape)
    if not sound.any():
        return np.zeros((0, 4, 2), np.float32), np.zeros(0, np.float32)
    rows, columns, votes, offsets = rows[sound], columns[sound], votes[sound], offsets[sound]
    cells = np.stack([columns, rows], 1).astype(np.float32) * STRIDE
    weights = score[rows, columns]
    _, patches = cv2.connectedComponents((score > threshold).astype(np.uint8), connectivity=4)
    labels = group_cells(cells, votes, weights, patches[rows, columns].astype(np.int32))
    cast = np.bincount(labels, weights).astype(np.float32)
    quads = rejoin(merge_corners(cells, offsets, weights, labels), cast)
    return best_of(quads, mean_score(quads, weights, labels), cast, nms)


def as_rects(offsets: Floats) -> Floats:
    """Quads (M, 4, 2) around anchors as votes of the RBOX head: (M, 5) top, right, bottom, left, angle."""
    with np.errstate(invalid="ignore", over="ignore"):  # a broken network's figures fall to `usable`
        right = geometry.directions(offsets)
        width, _ = geometry.sides(offsets)
        x, y = offsets[..., 0], offsets[..., 1]
        area = np.abs((x * np.roll(y, -1, 1) - y * np.roll(x, -1, 1)).sum(1)) / 2
        height = area / np.maximum(width, 1e-3)
        centre = offsets.mean(axis=1)
        along = -(centre * right).sum(1)
        across = centre[:, 0] * right[:, 1] - centre[:, 1] * right[:, 0]
        sides = [height / 2 + across, width / 2 - along, height / 2 - across, width / 2 + along]
        return np.stack([*sides, -np.arctan2(right[:, 1], right[:, 0])], 1).astype(np.float32)


def merge_corners(cells: Floats, offsets: Floats, weights: Floats, labels: Labels) -> Floats:
    """One quad per group of cells: each corner is the mean vote, where cells near to it count the more.

    Args:
        cells: (M, 2) anchors, pixels.
        offsets: (M, 4, 2) corners minus anchors.
        weights: (M,) scores.
        labels: (M,) group of each cell, 0 .. G - 1.

    Returns:
        Quads (G, 4, 2).
    """
    count = int(labels.max()) + 1
    right = geometry.directions(offsets)
    doubled = np.stack([right[:, 0] ** 2 - right[:, 1] ** 2, 2 * right[:, 0] * right[:, 1]], 1)
    mean = np.stack([np.bincount(labels, weights * doubled[:, i], count) for i in range(2)], 1)
    angle = np.arctan2(mean[:, 1], mean[:, 0])[labels] / 2
    # Next to the vertical, cells of one word count its corners from either end.
    other = right[:, 0] * np.cos(angle) + right[:, 1] * np.sin(angle) < 0
    offsets = np.where(other[:, None, None], np.roll(offsets, 2, axis=1), offsets)
    _, height = geometry.sides(offsets)
    distance = np.linalg.norm(offsets, axis=2)  # (M, 4)
    trust = weights[:, None] / np.maximum(distance / np.maximum(height, 1)[:, None], 1) ** 2
    places = cells[:, None] + offsets
    quads = np.zeros((count, 4, 2), np.float32)
    for corner in range(4):
        total = np.maximum(np.bincount(labels, trust[:, corner], count), 1e-9)
        for axis in range(2):
            quads[:, corner, axis] = np.bincount(labels, trust[:, corner] * places[:, corner, axis], count) / total
    return quads
