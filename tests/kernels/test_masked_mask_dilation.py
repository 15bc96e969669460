"""Masks through windows, settling, changed inputs and space to depth, against obvious oracles."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evosplit.kernels.masked import reference
from evosplit.kernels.masked.change_threshold import mean_square, save_rows, settle
from evosplit.kernels.masked.channels_last import space_to_depth
from evosplit.kernels.masked.input_changes import INEXACT, take_all, update_changed
from evosplit.kernels.masked.mask_dilation import spread_and_list
from evosplit.kernels.masked.position_addresses import geometry_of
from evosplit.kernels.masked.set_positions import positions_of
from evosplit.kernels.masked.window import Window

seeds = st.integers(0, 2**31)


@given(
    st.tuples(st.integers(6, 40), st.integers(6, 40)),
    st.tuples(st.integers(1, 3), st.integers(1, 3)),
    st.tuples(st.integers(1, 3), st.integers(1, 3)),
    st.tuples(*[st.integers(0, 2)] * 4),
    st.tuples(st.integers(1, 2), st.integers(1, 2)),
    seeds,
)
@settings(max_examples=60, deadline=None)
def test_a_mask_spreads_and_is_limited(size, kernel, stride, pads, dilation, seed):
    rng, window = np.random.default_rng(seed), Window(kernel, stride, pads, dilation)
    mask = rng.random(size) < rng.random()
    expected = reference.through(mask, window)
    for wanted in (np.zeros((0, 0), np.uint8), (rng.random(expected.shape) < 0.5).astype(np.uint8)):
        out = rng.integers(0, 2, expected.shape).astype(np.uint8)
        found = np.empty(out.size + 1, np.int32)
        count = spread_and_list(mask.view(np.uint8), geometry_of(window), out, wanted, found)
        kept = expected & wanted.astype(bool) if wanted.size else expected
        assert np.array_equal(out.astype(bool), kept)
        assert np.array_equal(found[:count], positions_of(kept))


@given(st.integers(1, 40), st.floats(0, 3), seeds)
@settings(max_examples=40, deadline=None)
def test_near_values_come_back_and_others_stay(channels, limit, seed):
    rng = np.random.default_rng(seed)
    wide = rng.normal(size=(5, 6, channels + 3)).astype(np.float32)
    held = wide[:, :, 2 : 2 + channels]  # a slice of a concatenation
    before, positions = held.copy(), positions_of(rng.random((5, 6)) < 0.6)
    saved, mask = np.empty(held.size, np.float32), np.ones((5, 6), np.uint8)
    save_rows(held, positions, saved)
    new = before.copy()
    for place in positions:
        y, x = place >> 16, place & 0xFFFF
        new[y, x] += rng.normal() * 0.5
    new[0, 0, 0] = np.nan
    held[:] = new
    found = np.empty(31, np.int32)
    count = settle(held, saved, positions, limit, mask, found)
    gaps = ((new.astype(float) - before) ** 2).sum(2)
    listed = np.zeros((5, 6), bool)
    for place in positions:
        listed[place >> 16, place & 0xFFFF] = True
    near_limit = np.abs(gaps - limit) < 1e-4
    stays = listed & ~(gaps <= limit)
    assert np.array_equal(mask.astype(bool)[~near_limit], stays[~near_limit])
    assert np.array_equal(found[:count], positions_of(mask))
    back = listed & ~mask.astype(bool)
    assert np.array_equal(held[back], before[back])
    assert np.array_equal(held[~back], new[~back], equal_nan=True)


@given(st.sampled_from([0.0, 0.5, 1.0]), st.integers(1, 5), seeds)
@settings(max_examples=40, deadline=None)
def test_changed_inputs_are_marked_by_blocks_and_taken_over(threshold, block, seed):
    rng = np.random.default_rng(seed)
    used = rng.integers(0, 3, (2, 13, 18)).astype(np.float32)
    now = np.where(rng.random(used.shape) < 0.05, used + rng.choice([-1, 0.5, 2]), used).astype(np.float32)
    if rng.random() < 0.3:
        now[1, 3, 4] = np.nan
    mask, before = np.ones((13, 18), np.uint8), used.copy()
    count = update_changed(now, used, np.float32(threshold), block, mask)
    expected = reference.changed(before, now, threshold, block)
    assert np.array_equal(mask.astype(bool), expected)
    assert count == expected.sum()
    assert np.array_equal(used, np.where(expected, now, before), equal_nan=True)


@given(st.sampled_from([0.0, 0.5, 1.0]), st.integers(1, 9), st.integers(1, 40), seeds)
@settings(max_examples=60, deadline=None)
def test_bytes_serve_as_well_as_floats_while_they_hold_the_values(threshold, block, width, seed):
    rng = np.random.default_rng(seed)
    floats = rng.integers(0, 256, (3, 11, width)).astype(np.float32)
    used = np.empty(floats.shape, np.uint8)
    assert take_all(floats, used)
    assert np.array_equal(used, floats)
    now = np.where(rng.random(floats.shape) < 0.02, rng.integers(0, 256, floats.shape), floats)
    now = now.astype(np.float32)
    masks = np.ones((2, 11, width), np.uint8)
    counts = [
        update_changed(now, held, np.float32(threshold), block, mask)
        for held, mask in zip((floats, used), masks, strict=True)
    ]
    assert counts[0] == counts[1]
    assert np.array_equal(*masks)
    assert np.array_equal(used, floats)


@pytest.mark.parametrize("value", [-1, 256, 0.5, -0.0, np.nan, np.inf, -np.inf, 1e-30])
@pytest.mark.parametrize("place", [0, 20])
def test_what_is_no_byte_is_told(value, place):
    now = np.full((1, 1, 21), 7, np.float32)
    now[0, 0, place] = value
    used, mask = np.full((1, 1, 21), 3, np.uint8), np.empty((1, 21), np.uint8)
    assert not take_all(now, used.copy())
    assert update_changed(now, used, np.float32(0), 1, mask) == INEXACT


def test_at_threshold_0_another_bit_is_a_change():
    used = np.zeros((1, 1, 2), np.float32)
    now = np.array([[[-0.0, 0.0]]], np.float32)
    mask = np.empty((1, 2), np.uint8)
    assert update_changed(now, used, np.float32(0), 1, mask) == 1
    assert mask.tolist() == [[1, 0]]
    assert np.signbit(used[0, 0, 0])


def test_space_to_depth_and_mean_square():
    x = np.random.default_rng(0).normal(size=(3, 6, 8)).astype(np.float32)
    sources = np.array([(c, y, z) for z in (0, 1) for y in (0, 1) for c in range(3)])
    mask = np.random.default_rng(1).random((3, 4)) < 0.5
    out = np.zeros((3, 4, 12), np.float32)
    space_to_depth(x, sources, 2, positions_of(mask), out)
    dense = np.stack([x[c, y::2, z::2] for c, y, z in sources], axis=-1)
    assert np.array_equal(out, np.where(mask[..., None], dense, 0))
    np.testing.assert_allclose(mean_square(dense), (dense.astype(float) ** 2).mean(), rtol=1e-6)
