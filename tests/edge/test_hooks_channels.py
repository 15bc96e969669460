"""The channels hook: what it keeps, and how few that may be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.gate.answer_runs import first_of_runs
from benchmarks.gate.channels_fit import after, fit_channels
from evosplit.edge.hooks.channels import ChannelsHook, energy, largest
from evosplit.edge.hooks.decisions import GO, Keep
from evosplit.edge.hooks.hook_file import decode_hooks, encode_hooks
from evosplit.shared.errors import BundleError


def hook(top, baseline=(1, 1, 1, 1)):
    return ChannelsHook("channels", "x", np.array(baseline, np.float32), top, 16)


def maps(levels, seed=0):
    noise = np.random.default_rng(seed).normal(size=(1, len(levels), 2, 2))
    return (np.array(levels)[None, :, None, None] * np.sign(noise)).astype(np.float32)


@given(st.lists(st.floats(0, 1e3), min_size=1, max_size=9), st.integers(1, 9))
@settings(max_examples=60, deadline=None)
def test_largest_is_what_sorting_says(values, top):
    mask = largest(np.array(values, np.float32), top)
    assert mask.sum() == min(top, len(values))
    left = [value for value, kept in zip(np.float32(values), mask, strict=True) if not kept]
    assert all(value >= max(left, default=-1) for value in np.float32(values)[mask])


def test_keeps_the_channels_with_most_energy_over_the_baseline():
    decision = hook(2).decide(maps([1, 3, 2, 0]), "s")
    assert isinstance(decision, Keep)
    assert decision.tensor == "x"
    assert decision.channels.tolist() == [False, True, True, False]
    assert hook(2, (1, 100, 1, 1)).decide(maps([1, 3, 2, 0]), "s").channels.tolist() == [
        True,
        False,
        True,
        False,
    ]


def test_what_does_not_fit_goes_on():
    assert hook(2).decide(maps([1, 2, 3]), "s") is GO
    assert hook(2).decide(maps([1, 2, 3, 4])[0], "s") is GO
    assert hook(2).decide(maps([1, np.nan, 3, 4]), "s") is GO
    assert hook(2).decide(maps([1, np.inf, 3, 4]), "s") is GO
    assert energy(np.zeros((1, 2, 0, 4), np.float32)).tolist() == [0, 0]


def test_survives_a_file_and_a_wrong_one_is_refused():
    kept = decode_hooks(encode_hooks("0" * 64, [hook(3)]), "0" * 64)[0]
    assert (kept.top, kept.baseline.tolist(), kept.macs) == (3, [1, 1, 1, 1], 16)
    with pytest.raises(BundleError, match="channels"):
        decode_hooks(encode_hooks("0" * 64, [hook(5)]), "0" * 64)


def needs(*channels):
    """A tail whose answer is the signs of some channels."""
    return lambda tensor: str(np.sign(tensor[0, list(channels), 0, 0]).tolist())


def test_learns_which_channels_the_tail_needs():
    tensors = [maps([9, 1, 9, 2], seed) for seed in range(800)]
    learned = fit_channels("channels", "x", tensors, needs(1, 3), 0.98)
    assert learned is not None
    assert learned.top == 2
    assert learned.decide(tensors[0], "s").channels.tolist() == [False, True, False, True]
    assert after(learned, tensors[0])[0, 0].tolist() == [[0, 0], [0, 0]]


def test_a_run_of_equal_answers_counts_once():
    standing = [maps([9, 1, 9, 2], seed // 100) for seed in range(800)]
    assert fit_channels("channels", "x", standing, needs(1, 3), 0.98) is None
    items = [(0, "a"), (1, "a"), (2, None), (3, "a"), (4, "b"), (5, "a")]
    assert list(first_of_runs(items)) == [(0, "a"), (3, "a"), (4, "b"), (5, "a")]


def test_learns_nothing_where_all_are_needed_or_too_few_were_seen():
    tensors = [maps([1, 1, 1], seed) for seed in range(400)]
    assert fit_channels("channels", "x", tensors, needs(0, 1, 2), 0.98) is None
    assert fit_channels("channels", "x", tensors[:20], needs(0), 0.98) is None
    assert fit_channels("channels", "x", tensors[:1], needs(0), 0.98) is None
    assert fit_channels("channels", "x", tensors, lambda _: None, 0.98) is None
