"""Masked frames of a window that moves over a scene: kept arrays go along, answers are as dense."""

from __future__ import annotations

import dataclasses

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from masked_nets import random_net

from evosplit.edge.backends.change_rules import ChangeSettings
from evosplit.edge.backends.masked import MaskedSegment
from evosplit.edge.backends.segment import FrameContext

EXACT = ChangeSettings(threshold=0.0, refresh_frames=1000, jump=1.0, dense_takes_over=False)
seeds = st.integers(0, 2**31)
SIZE = (40, 48)


def scene(rng, as_bytes):
    shape = (1, 3, 160, 160)
    values = rng.integers(0, 256, shape) if as_bytes else rng.normal(size=shape)
    return values.astype(np.float32)


def cut(whole, window):
    top, left = window[0] + 60, window[1] + 56
    return np.ascontiguousarray(whole[:, :, top : top + SIZE[0], left : left + SIZE[1]])


def moving(window):
    return FrameContext(windows={"x": window})


def check_same(made, dense):
    for name, values in dense.items():
        assert np.array_equal(made[name].view(np.int32), values.view(np.int32)), name


def spacing_of(masked, x):
    context = FrameContext()
    masked.run({"x": x}, context)
    return context.spacings.get("x")


@given(seed=seeds, as_bytes=st.booleans(), tolerance=st.sampled_from((0.0, 1e-12)))
@settings(max_examples=25, deadline=None)
def test_moved_frames_are_bit_for_bit_dense(seed, as_bytes, tolerance):
    model, rng = random_net(seed, SIZE, steps=7), np.random.default_rng(seed)
    dense = MaskedSegment(model)
    masked = MaskedSegment(model, change=dataclasses.replace(EXACT, tolerance=tolerance))
    whole, window = scene(rng, as_bytes), (0, 0)
    spacing = spacing_of(masked, cut(whole, window)) or 1
    for _ in range(6):
        x = cut(whole, window)
        check_same(masked.run({"x": x}, moving(window)), dense.run({"x": x}, FrameContext()))
        window = tuple(int(np.clip(at + spacing * rng.integers(-2, 3), -48, 48)) for at in window)
        top, left = rng.integers(0, 150, 2)
        whole[..., top : top + 5, left : left + 7] += 1


def test_what_a_scene_shows_again_is_kept():
    model, rng = random_net(4, SIZE, steps=4), np.random.default_rng(0)
    masked, whole = MaskedSegment(model, change=EXACT), scene(rng, as_bytes=True)
    for window, is_kept in (((0, 0), False), ((16, 0), True), ((16, 16), True), ((17, 16), False)):
        masked.run({"x": cut(whole, window)}, moving(window))
        assert (masked.density < 0.7) == is_kept, window
    masked.run({"x": cut(whole, (33, 16))}, FrameContext())  # somewhere
    assert masked.density > 0.7


def test_a_region_begins_anew_where_its_window_moves():
    model, rng = random_net(4, SIZE, steps=4), np.random.default_rng(0)
    dense, masked = MaskedSegment(model), MaskedSegment(model, change=EXACT)
    whole, mask = scene(rng, as_bytes=True), np.zeros((2, 2), bool)
    mask[0, 1] = True
    for window in ((0, 0), (16, 0)):
        context = dataclasses.replace(moving(window), mask=mask, mask_tensor="x")
        made = masked.run({"x": cut(whole, window)}, context)
        right = dense.run({"x": cut(whole, window)}, FrameContext(mask=mask, mask_tensor="x"))
        for name, values in right.items():
            rows, columns = values.shape[2] // 2, -(-values.shape[3] // 2)
            assert np.array_equal(made[name][..., :rows, columns:], values[..., :rows, columns:])
