"""Masks by region and by saliency."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evosplit.edge.hook_training.saliency_fit import deviates, fit_saliency
from evosplit.edge.hooks.decisions import GO, Mask
from evosplit.edge.hooks.hook_file import decode_hooks, encode_hooks
from evosplit.edge.hooks.mask import RegionMaskHook
from evosplit.edge.hooks.polygon import covered, rectangle
from evosplit.edge.hooks.saliency import SaliencyMaskHook, saliency
from evosplit.shared.errors import BundleError

shares = st.floats(0, 1)
sizes = st.tuples(st.integers(1, 12), st.integers(1, 12))


@given(shares, shares, shares, shares, sizes)
@settings(max_examples=80, deadline=None)
def test_a_rectangle_covers_what_it_touches(x0, x1, y0, y1, size):
    left, right, top, bottom = min(x0, x1), max(x0, x1), min(y0, y1), max(y0, y1)
    mask = covered(rectangle(left, top, right, bottom), size)
    rows, columns = size
    for y in range(rows):
        for x in range(columns):
            inside = (
                top * rows < y + 1 and bottom * rows > y and left * columns < x + 1 and right * columns > x
            )
            near = (
                top * rows <= y + 1
                and bottom * rows >= y
                and left * columns <= x + 1
                and right * columns >= x
            )
            assert mask[y, x] or not inside or right == left or top == bottom
            assert near or not mask[y, x]


def test_a_triangle():
    mask = covered(((0, 0), (1, 0), (0, 1)), (8, 8))
    assert mask[0].all()
    assert mask[:, 0].all()
    assert not mask[7, 1:].any()
    assert mask.sum() == 8 * 9 / 2


@pytest.mark.parametrize(
    "points", [(), ((0, 0), (1, 1)), ((0, 0), (1, 0), (0, 2)), ((0, 0), (1, 0), (0, math.nan))]
)
def test_what_is_no_polygon_is_refused(points):
    with pytest.raises(ValueError, match="polygon"):
        covered(points, (4, 4))


def test_region_hook_follows_the_size():
    hook = RegionMaskHook("lane", "x", rectangle(0.5, 0, 1, 1))
    decision = hook.decide(np.zeros((1, 3, 4, 8), np.float32), "s")
    assert isinstance(decision, Mask)
    assert decision.positions.tolist() == [[False] * 4 + [True] * 4] * 4
    assert hook.decide(np.full((1, 3, 2, 4), np.nan, np.float32), "s").positions.shape == (2, 4)
    assert hook.decide(np.zeros((3, 4), np.float32), "s") is GO


def test_region_hook_keeps_the_masks_of_few_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    def counted(points, size):
        made.append(size)
        return covered(points, size)

    monkeypatch.setattr("evosplit.edge.hooks.mask.covered", counted)
    hook = RegionMaskHook("lane", "x", rectangle(0.5, 0, 1, 1))
    made.clear()
    for size in (*range(1, 30), 29, 1):
        hook.decide(np.zeros((1, 1, size, size), np.float32), "s")
    assert made == [(size, size) for size in (*range(1, 30), 1)]


def test_region_hook_survives_a_file_and_a_wrong_one_is_refused():
    hook = RegionMaskHook("lane", "x", ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0)))
    kept = decode_hooks(encode_hooks("0" * 64, [hook]), "0" * 64)[0]
    tensor = np.zeros((1, 1, 5, 7), np.float32)
    assert np.array_equal(kept.decide(tensor, "s").positions, hook.decide(tensor, "s").positions)
    with pytest.raises(BundleError, match="polygon"):
        decode_hooks(encode_hooks("0" * 64, [RegionMaskHook("lane", "x", ((0.0, 0.0),))]), "0" * 64)


@given(st.integers(1, 4), st.integers(1, 9), st.integers(1, 9), st.integers(0, 100))
@settings(max_examples=40, deadline=None)
def test_saliency_is_the_slow_sum(channels, height, width, seed):
    rng = np.random.default_rng(seed)
    maps = rng.normal(size=(channels, height, width)).astype(np.float32)
    own, around = rng.normal(size=(2, channels)).astype(np.float32)
    padded = np.pad(maps, ((0, 0), (1, 1), (1, 1)))
    for y in range(height):
        for x in range(width):
            mean = padded[:, y : y + 3, x : x + 3].sum((1, 2)) / 9
            wanted = own @ maps[:, y, x] + around @ mean
            assert saliency(maps, own, around)[y, x] == pytest.approx(wanted, abs=1e-4)


def hook(**settings_):
    weights = np.ones(1, np.float32), np.zeros(1, np.float32)
    return SaliencyMaskHook("mask", "x", *weights, -1.0, 0.5, **settings_)


def dot(y, x, size=8):
    maps = np.zeros((1, 1, size, size), np.float32)
    maps[0, 0, y, x] = 2
    return maps


def test_asks_for_what_is_there_and_for_what_just_left():
    watching = hook()
    assert watching.decide(dot(1, 1), "s") is GO
    assert watching.decide(dot(1, 1), "s").positions.sum() == 9
    both = watching.decide(dot(6, 6), "s").positions
    assert both.sum() == 18
    assert both[1, 1]
    assert watching.decide(dot(6, 6), "s").positions.sum() == 9


def test_what_it_cannot_know_is_computed_whole():
    watching = hook(most_streams=2)
    watching.decide(dot(1, 1), "s")
    assert watching.decide(dot(1, 1, 9), "s") is GO
    assert watching.decide(dot(1, 1, 9), "s") is not GO
    assert watching.decide(np.full((1, 1, 9, 9), np.nan, np.float32), "s") is GO
    assert watching.decide(dot(1, 1, 9), "s") is GO
    assert watching.decide(np.zeros((1, 2, 9, 9), np.float32), "s") is GO
    for stream in "abc":
        watching.decide(dot(1, 1), stream)
    assert watching.decide(dot(1, 1), "a") is GO
    assert watching.decide(dot(1, 1), "c") is not GO


def scene(index):
    """A background with noise, and in most frames a bright thing somewhere; its boundary at half size."""
    rng = np.random.default_rng(index)
    background = np.random.default_rng(0).uniform(0, 0.5, (1, 2, 12, 16))
    maps = background + 0.01 * rng.normal(size=background.shape)
    if index % 4:
        y, x = rng.integers(0, 10), rng.integers(0, 14)
        maps[:, :, y : y + 2, x : x + 2] += 2
    boundary = maps[:, :1].reshape(1, 1, 6, 2, 8, 2).mean((3, 5))
    return maps.astype(np.float32), boundary.astype(np.float32)


def test_deviates_finds_what_is_not_background():
    boundaries = [scene(index)[1] for index in range(80)]
    found = deviates(boundaries)
    assert found.shape == (80, 6, 8)
    empty = found[::4].mean()
    assert empty < 0.01
    assert all(mask.any() for at, mask in enumerate(found) if at % 4)


def test_learns_to_see_what_is_there():
    taps, boundaries = zip(*(scene(index) for index in range(200)), strict=True)
    learned = fit_saliency("mask", "x", taps, boundaries, 0.99)
    assert learned is not None
    missed = shown = asked = 0
    for index in range(1000, 1060):
        maps, _ = scene(index)
        there = maps[0, 0] > 1.2
        salient = learned.salient(maps)
        missed, shown, asked = missed + (there & ~salient).sum(), shown + there.sum(), asked + salient.mean()
    assert missed <= 0.01 * shown
    assert asked / 60 < 0.5


def test_learns_nothing_where_nothing_stands_out():
    flat = [np.zeros((1, 1, 4, 4), np.float32)] * 20
    assert fit_saliency("mask", "x", flat, flat, 0.99) is None
    assert fit_saliency("mask", "x", flat, flat[:-1], 0.99) is None
    assert fit_saliency("mask", "x", [], [], 0.99) is None


def test_saliency_survives_a_file_and_a_wrong_one_is_refused():
    kept = decode_hooks(encode_hooks("0" * 64, [hook(positions=64)]), "0" * 64)[0]
    assert kept.decide(dot(1, 1), "s") is GO
    assert kept.decide(dot(1, 1), "s").positions.sum() == 9
    assert kept.macs == 128
    wrong = SaliencyMaskHook("mask", "x", np.ones(2, np.float32), np.ones(1, np.float32), 0.0, 0.5)
    with pytest.raises(BundleError, match="saliency"):
        decode_hooks(encode_hooks("0" * 64, [wrong]), "0" * 64)
