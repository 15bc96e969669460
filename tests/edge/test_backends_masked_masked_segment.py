"""The masked backend: dense frames against ONNX Runtime, changed frames against dense, regions, faults."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from masked_nets import random_net
from onnx import TensorProto, helper, numpy_helper

from evosplit.edge.backends.change_rules import ChangeSettings
from evosplit.edge.backends.masked import MaskedSegment, supports
from evosplit.edge.backends.segment import FrameContext
from evosplit.shared.errors import InputError, ModelError
from evosplit.shared.session import Runner
from tests import models as nets

EXACT = ChangeSettings(threshold=0.0, refresh_frames=1000, jump=1.0, dense_takes_over=False)
seeds = st.integers(0, 2**31)


def picture(rng, size=(14, 17)):
    return rng.normal(size=(1, 3, *size)).astype(np.float32)


def changed(rng, x):
    """A frame that differs in one rectangle."""
    y = x.copy()
    top, left = (int(rng.integers(0, n)) for n in x.shape[2:])
    y[:, :, top : top + int(rng.integers(1, 6)), left : left + int(rng.integers(1, 6))] += 1
    return y


def check_close(made, dense):
    assert made.keys() == dense.keys()
    for name, values in dense.items():
        scale = max(1.0, float(np.abs(values).max()))
        np.testing.assert_allclose(made[name], values, rtol=0, atol=3e-5 * scale)


def check_same(made, dense):
    assert made.keys() == dense.keys()
    for name, values in dense.items():
        assert np.array_equal(made[name].view(np.int32), values.view(np.int32)), name


@given(seeds)
@settings(max_examples=60, deadline=None)
def test_random_graphs_agree_with_onnx_runtime(seed):
    model = random_net(seed)
    assert supports(model) is None
    x = picture(np.random.default_rng(seed))
    for threads in (1, 2):
        check_close(MaskedSegment(model, threads).run({"x": x}, FrameContext()), Runner(model).run({"x": x}))


@given(seeds)
@example(8680228)  # a concatenation whose parts all live elsewhere, and change apart
@settings(max_examples=60, deadline=None)
def test_at_threshold_0_changed_frames_are_bit_for_bit_dense(seed):
    model, rng = random_net(seed), np.random.default_rng(seed)
    dense, masked = MaskedSegment(model), MaskedSegment(model, change=EXACT)
    streams = {name: picture(rng) for name in ("a", "b")}
    for _ in range(6):
        name = rng.choice(["a", "b"])
        check_same(
            masked.run({"x": streams[name]}, FrameContext(name)),
            dense.run({"x": streams[name]}, FrameContext()),
        )
        streams[name] = changed(rng, streams[name])


def test_pictures_are_kept_as_bytes_until_a_value_is_none():
    model, rng = random_net(7), np.random.default_rng(0)
    dense, masked = MaskedSegment(model), MaskedSegment(model, change=EXACT)
    x, kept = rng.integers(0, 256, (1, 3, 14, 17)).astype(np.float32), []
    for addend in (0, 0, 1, 0.5, 0.25, -0.75):
        x = x.copy()
        x[0, :, 3:6, 4:7] = np.clip(x[0, :, 3:6, 4:7] + addend, 0, 255)
        check_same(masked.run({"x": x}, FrameContext()), dense.run({"x": x}, FrameContext()))
        kept.append(masked.kept_bytes)
    grown = kept[0] + x.size * (np.dtype(np.float32).itemsize - np.dtype(np.uint8).itemsize)
    assert kept == [kept[0]] * 3 + [grown] * 3


@given(seeds)
@settings(max_examples=40, deadline=None)
def test_a_region_is_as_dense_and_the_rest_as_before(seed):
    model, rng = random_net(seed), np.random.default_rng(seed)
    dense = MaskedSegment(model)
    for change in (None, EXACT):
        masked, held = MaskedSegment(model, change=change), {}
        x = picture(rng)
        for _ in range(4):
            mask = rng.random((7, 9)) < rng.random()
            whole = dense.run({"x": x}, FrameContext())
            for _ in range(2):  # the second time, nothing has changed
                made = masked.run({"x": x}, FrameContext(mask=mask, mask_tensor="x"))
                for name, values in made.items():
                    inside = nearest(mask, values.shape[2:])
                    before = held.get(name, np.zeros_like(values))
                    assert np.array_equal(values[..., inside], whole[name][..., inside])
                    # Elsewhere: as before, or right, where another layer needed it.
                    assert ((values == before) | (values == whole[name])).all()
                held = made
            x = changed(rng, x)


def nearest(mask, size):
    """The slow oracle of a region at another resolution."""
    found = np.zeros(size, bool)
    for y in range(size[0]):
        for x in range(size[1]):
            top, bottom = y * mask.shape[0] / size[0], (y + 1) * mask.shape[0] / size[0]
            left, right = x * mask.shape[1] / size[1], (x + 1) * mask.shape[1] / size[1]
            rows = slice(int(np.floor(top + 1e-9)), int(np.ceil(bottom - 1e-9)))
            columns = slice(int(np.floor(left + 1e-9)), int(np.ceil(right - 1e-9)))
            found[y, x] = mask[rows, columns].any()
    return found


def test_a_region_that_asks_for_everything_or_nothing():
    model, x = random_net(3), picture(np.random.default_rng(0))
    masked = MaskedSegment(model, change=EXACT)
    nothing = masked.run({"x": x}, FrameContext(mask=np.zeros((4, 4), bool)))
    assert masked.density == 0
    assert all(not values.any() for values in nothing.values())
    whole = masked.run({"x": x}, FrameContext(mask=np.ones((4, 4), bool)))
    assert masked.density == 1
    check_same(whole, MaskedSegment(model).run({"x": x}, FrameContext()))


@given(seeds)
@settings(max_examples=30, deadline=None)
def test_small_changes_are_held_back_but_never_pile_up(seed):
    """However often a value creeps, what is used is never further off than the threshold."""
    model, rng = conv_only(), np.random.default_rng(seed)
    settings_ = ChangeSettings(threshold=0.5, refresh_frames=1000, jump=1.0, dense_takes_over=False)
    masked, dense = MaskedSegment(model, change=settings_), Runner(model)
    x = picture(rng, (16, 16))
    for _ in range(20):
        made = masked.run({"x": x}, FrameContext())["y"]
        assert np.abs(made - dense.run({"x": x})["y"]).max() <= 0.5 * 3 + 1e-4
        x = x + np.float32(rng.uniform(0, 0.2))


def conv_only():
    """``y`` is the sum of the three channels of ``x``."""
    weight = numpy_helper.from_array(np.ones((1, 3, 1, 1), np.float32), "w")
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, channels, 16, 16])
        for name, channels in (("x", 3), ("y", 1))
    ]
    node = helper.make_node("Conv", ["x", "w"], ["y"])
    graph = helper.make_graph([node], "sum", ends[:1], ends[1:], [weight])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


@given(seeds)
@settings(max_examples=30, deadline=None)
def test_a_tolerance_keeps_near_and_a_refresh_makes_right(seed):
    model, rng = random_net(seed), np.random.default_rng(seed)
    dense = MaskedSegment(model)
    tolerant = ChangeSettings(
        threshold=0.0, tolerance=0.1, refresh_frames=5, jump=1.0, dense_takes_over=False
    )
    masked, x = MaskedSegment(model, change=tolerant), picture(rng)
    for frame in range(11):
        made, whole = masked.run({"x": x}, FrameContext()), dense.run({"x": x}, FrameContext())
        if frame % 5 == 0:
            check_same(made, whole)
        assert all(np.isfinite(values).all() for values in made.values())
        x = changed(rng, x)


def test_an_unchanged_frame_costs_nothing_and_a_jump_everything():
    model, rng = random_net(11), np.random.default_rng(0)
    masked = MaskedSegment(model, change=ChangeSettings(threshold=0.1, jump=0.5, dense_takes_over=False))
    x = picture(rng)
    first = masked.run({"x": x}, FrameContext())
    assert masked.density == 1
    check_same(masked.run({"x": x}, FrameContext()), first)
    assert masked.density == 0
    jumped = x + 3
    check_same(
        masked.run({"x": jumped}, FrameContext()), MaskedSegment(model).run({"x": jumped}, FrameContext())
    )
    assert masked.density == 1


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@given(seed=seeds)
@settings(max_examples=20, deadline=None)
def test_values_that_are_not_finite_heal(bad, seed):
    model, rng = random_net(seed), np.random.default_rng(seed)
    tolerant = ChangeSettings(
        threshold=1e-6, tolerance=1e-7, refresh_frames=1000, jump=1.0, dense_takes_over=False
    )
    dense, masked = MaskedSegment(model), MaskedSegment(model, change=tolerant)
    x = picture(rng)
    broken = x.copy()
    broken[0, 1, 5, 6] = bad
    for frame in (x, broken, broken, x):
        made = masked.run({"x": frame}, FrameContext())
        for name, values in dense.run({"x": frame}, FrameContext()).items():
            np.testing.assert_allclose(made[name], values, rtol=1e-3, atol=1e-3)


def test_a_first_frame_that_is_not_finite_heals():
    model, rng = random_net(5), np.random.default_rng(0)
    settings_ = ChangeSettings(threshold=0.01, tolerance=0.02, refresh_frames=1000, dense_takes_over=False)
    masked, x = MaskedSegment(model, change=settings_), picture(rng)
    masked.run({"x": np.full_like(x, np.nan)}, FrameContext())
    check_same(masked.run({"x": x}, FrameContext()), MaskedSegment(model).run({"x": x}, FrameContext()))


def test_results_are_the_callers_own():
    model, rng = random_net(1), np.random.default_rng(0)
    masked, x = MaskedSegment(model, change=EXACT), picture(rng)
    first = masked.run({"x": x}, FrameContext())
    copies = {name: values.copy() for name, values in first.items()}
    masked.run({"x": x + 1}, FrameContext())
    check_same(first, copies)


def test_a_frame_of_another_size_or_type_leaves_the_stream_alone():
    model, rng = random_net(1), np.random.default_rng(0)
    masked, x = MaskedSegment(model, change=EXACT), picture(rng)
    first = masked.run({"x": x}, FrameContext())
    for wrong in ({"x": x[:, :, 1:]}, {"x": x.astype(np.float64)}, {}):
        with pytest.raises(InputError, match="input 'x' is"):
            masked.run(wrong, FrameContext())
    check_same(masked.run({"x": x}, FrameContext()), first)
    assert masked.density == 0


def test_streams_are_forgotten_and_limited_in_bytes():
    model, rng = random_net(1), np.random.default_rng(0)
    masked = MaskedSegment(model, change=ChangeSettings(memory_bytes=1, dense_takes_over=False))
    x = picture(rng)
    for name in ("a", "b", "b"):
        masked.run({"x": x}, FrameContext(name))
    assert masked.density == 0
    masked.run({"x": x}, FrameContext("a"))
    assert masked.density == 1
    masked.forget("a")
    masked.run({"x": x}, FrameContext("a"))
    assert masked.density == 1


def test_what_cannot_be_run_is_named():
    why = supports(nets.chain_net())
    assert why is not None
    assert "Flatten" in why
    with pytest.raises(ModelError, match="Flatten"):
        MaskedSegment(nets.chain_net())


@pytest.mark.parametrize(("dense_s", "takes_over"), [(0.0, True), (1e9, False)])
def test_the_dense_backend_takes_over_a_stream_that_it_runs_faster(dense_s, takes_over):
    model, rng = random_net(1), np.random.default_rng(0)
    masked = MaskedSegment(model, change=ChangeSettings(refresh_frames=12), dense_s=dense_s)
    x, whole = picture(rng), []
    for _ in range(30):
        made = masked.run({"x": x}, FrameContext("a"))
        whole.append(masked.density == 1)
        check_close(made, Runner(model).run({"x": x}))
        x = changed(rng, x)
    # A whole frame and seven trials, then twelve dense frames, in turn; else a whole frame in every twelve.
    turn = [True, *[False] * 7, *[True] * 12] if takes_over else [True, *[False] * 11]
    assert whole == (turn * 3)[:30]


def test_it_notes_the_blocks_that_it_computed_anew():
    rng = np.random.default_rng(7)
    masked = MaskedSegment(random_net(7), change=dataclasses.replace(EXACT, block=4))
    x = picture(rng)
    moved = x.copy()
    moved[0, 1, 5, 16] += 1
    for frame, mask, anew in (
        (x, None, [(row, column) for row in range(4) for column in range(5)]),
        (x, None, []),
        (moved, None, [(1, 4)]),
    ):
        context = FrameContext(mask=mask)
        masked.run({"x": frame}, context)
        assert context.changes["x"].shape == (4, 5)
        assert list(zip(*map(list, np.nonzero(context.changes["x"])), strict=True)) == anew


def test_without_change_masks_nothing_is_noted():
    context = FrameContext()
    MaskedSegment(random_net(7)).run({"x": picture(np.random.default_rng(7))}, context)
    assert context.changes == {}
