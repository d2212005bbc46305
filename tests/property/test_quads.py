"""Whatever the quads: what the functions of geometry and layout promise."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shapes import Quads
from wordsight import geometry
from wordsight.layout.lines import group, outline
from wordsight.layout.order import order
from wordsight.types import Quad

place = st.floats(-2000, 2000, width=32)
size = st.floats(1, 500, width=32)
angles = st.floats(-3, 3, width=32)
rects = st.tuples(place, place, size, size, angles)
many = st.lists(rects, max_size=12).map(lambda rows: quads_of(rows))


def quads_of(rows: list[tuple[float, ...]]) -> Quads:
    return geometry.from_rects(np.array(rows, np.float32).reshape(-1, 5))


def page(seed: int, degrees: float = 0) -> Quads:
    """Words of about one size and direction, scattered without two in the same row or column of pixels."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1, 40))
    centres = np.stack([rng.permutation(4000)[:count], rng.permutation(3000)[:count]], axis=1) / 4
    across = rng.uniform(15, 30, count)
    rows = np.column_stack([centres, rng.uniform(20, 200, count), across, np.full(count, np.radians(degrees))])
    return geometry.from_rects(rows.astype(np.float32))


@given(many, st.integers(-9, 9), st.integers(-9, 9))
def test_turns_add_up(quads: Quads, one: int, other: int) -> None:
    np.testing.assert_array_equal(geometry.turn(geometry.turn(quads, one), other), geometry.turn(quads, one + other))
    np.testing.assert_array_equal(geometry.turn(quads, 4), quads)


@given(many)
def test_a_turn_swaps_the_sides(quads: Quads) -> None:
    along, across = geometry.sides(quads)
    turned = geometry.sides(geometry.turn(quads, 1))
    np.testing.assert_allclose(turned, [across, along], rtol=1e-5)


@given(rects)
def test_a_rectangle_comes_back(rect: tuple[float, ...]) -> None:
    x, y, width, height, angle = rect
    (quad,) = quads_of([rect])
    np.testing.assert_allclose(quad.mean(axis=0), [x, y], atol=1e-2)
    (along,), (across,) = geometry.sides(quad[None])
    assert along == pytest.approx(width, rel=1e-2, abs=1e-2)
    assert across == pytest.approx(height, rel=1e-2, abs=1e-2)
    if width > 5:
        difference = Quad(quad).angle - np.degrees(angle)
        assert abs((difference + 180) % 360 - 180) < 0.1


@given(rects)
def test_the_whole_of_a_quad_is_the_quad(rect: tuple[float, ...]) -> None:
    (quad,) = quads_of([rect])
    np.testing.assert_allclose(geometry.cut(quad, 0, 1), quad, atol=0.05)


@given(rects, st.lists(st.floats(0, 1), min_size=2, max_size=2, unique=True).map(sorted))
def test_parts_of_a_rectangle_have_their_share(rect: tuple[float, ...], ends: list[float]) -> None:
    (quad,) = quads_of([rect])
    part = geometry.cut(quad, *ends)
    np.testing.assert_allclose(part[0], quad[0] + (quad[1] - quad[0]) * ends[0], atol=0.05)
    np.testing.assert_allclose(part[2], quad[3] + (quad[2] - quad[3]) * ends[1], atol=0.05)


@given(rects, st.integers(1, 3000), st.integers(1, 200))
def test_a_map_and_its_inverse(rect: tuple[float, ...], width: int, height: int) -> None:
    (quad,) = quads_of([rect])
    matrix = geometry.map_to(quad, width, height)
    crop = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    np.testing.assert_allclose(geometry.apply(matrix, crop), quad, atol=0.05)
    inside = crop.mean(axis=0) * 0.7
    back = geometry.apply(np.linalg.inv(matrix), geometry.apply(matrix, inside))
    np.testing.assert_allclose(back, inside, atol=max(width, height) * 1e-2)


@given(st.lists(st.tuples(place, place), min_size=1, max_size=30), angles)
def test_around_holds_all_points_and_touches_them(points: list[tuple[float, float]], angle: float) -> None:
    direction = np.array([np.cos(angle), np.sin(angle)], np.float32)
    array = np.array(points, np.float32)
    corners = geometry.around(array, direction)
    offsets = np.stack([(array - corners[0]) @ direction, (array - corners[0]) @ [-direction[1], direction[0]]])
    most = np.array([np.linalg.norm(corners[1] - corners[0]), np.linalg.norm(corners[3] - corners[0])])
    np.testing.assert_allclose(offsets.min(axis=1), 0, atol=0.01)
    np.testing.assert_allclose(offsets.max(axis=1), most, atol=0.01)


@given(rects, st.floats(0, 2), st.floats(0, 2))
def test_growing_keeps_centre_and_direction(rect: tuple[float, ...], along: float, across: float) -> None:
    quad = quads_of([rect])
    grown = geometry.grow(quad, along, across)
    np.testing.assert_allclose(grown.mean(axis=1), quad.mean(axis=1), atol=0.01)
    (width,), (height,) = geometry.sides(quad)
    (wide,), (high,) = geometry.sides(grown)
    assert wide == pytest.approx(width + 2 * along * height, rel=1e-3, abs=0.01)
    assert high == pytest.approx(height * (1 + 2 * across), rel=1e-3, abs=0.01)
    np.testing.assert_allclose(
        geometry.grow(grown, -along / (1 + 2 * across), -across / (1 + 2 * across)), quad, atol=0.1
    )


@given(many)
def test_overlaps_are_shares(quads: Quads) -> None:
    for i, j, share, iou in geometry.overlaps(quads):
        assert 0 <= i < j < len(quads)
        assert -1e-9 <= iou <= share + 1e-9 <= 1 + 1e-6


@given(many)
def test_a_quad_overlaps_itself_whichever_way_it_is_read(quads: Quads) -> None:
    both = np.concatenate([quads, geometry.turn(quads, 1)])
    found = {(i, j): iou for i, j, _, iou in geometry.overlaps(both)}
    for i in range(len(quads)):
        assert found[i, i + len(quads)] == pytest.approx(1, abs=1e-3)


@given(many, st.floats(0.05, 0.95), st.randoms(use_true_random=False))
def test_suppression(quads: Quads, share: float, random: object) -> None:
    scores = np.array([random.random() for _ in quads], np.float32)  # type: ignore[attr-defined]
    kept = geometry.suppress(quads, scores, share).tolist()
    rivals = {frozenset((i, j)) for i, j, common, _ in geometry.overlaps(quads) if common > share}
    assert all(scores[one] >= scores[other] for one, other in itertools.pairwise(kept))
    assert not any(frozenset((i, j)) in rivals for i in kept for j in kept if i != j)
    for lost in set(range(len(quads))) - set(kept):
        assert any(frozenset((lost, i)) in rivals and scores[i] >= scores[lost] for i in kept)
    again = geometry.suppress(quads[kept], scores[kept], share)
    assert again.tolist() == list(range(len(kept)))


@given(many)
def test_lines_are_a_partition(quads: Quads) -> None:
    lines = group(quads)
    assert sorted(i for line in lines for i in line) == list(range(len(quads)))
    assert all(lines)
    assert [line[0] for line in lines] == sorted(line[0] for line in lines)
    for line in lines:
        hull = geometry.grow(outline(quads[line])[None], 0.01, 0.01)[0]
        corners = quads[line].reshape(-1, 2)
        edges = np.roll(hull, -1, axis=0) - hull
        offsets = corners[:, None] - hull[None]
        assert (edges[None, :, 0] * offsets[..., 1] - edges[None, :, 1] * offsets[..., 0] > -5).all()


@given(many)
def test_an_order_is_a_permutation(quads: Quads) -> None:
    found = order(quads)
    assert sorted(found) == list(range(len(quads)))
    assert found == order(quads.copy())


@given(st.integers(0, 2**32 - 1), st.sampled_from([0, 20, 90, 180, 250]))
def test_lines_and_order_do_not_depend_on_the_order_of_the_input(seed: int, degrees: float) -> None:
    quads = page(seed, degrees)
    shuffled = np.random.default_rng(seed + 1).permutation(len(quads))
    lines = sorted([int(shuffled[i]) for i in line] for line in group(quads[shuffled]))
    assert lines == sorted(group(quads))
    assert [int(shuffled[i]) for i in order(quads[shuffled])] == order(quads)


@given(st.integers(0, 2**32 - 1), st.sampled_from([30, 90, 140, 180, 270]))
def test_a_turned_page_is_read_as_an_upright_one(seed: int, degrees: float) -> None:
    quads = page(seed)
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turned = (quads @ np.array([[cos, sin], [-sin, cos]])).astype(np.float32)
    assert order(turned) == order(quads)
    assert group(turned) == group(quads)
