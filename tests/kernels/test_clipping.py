"""Clip ranges against brute force and SciPy's relative entropy."""

import itertools

import numpy as np
import pytest
import scipy.stats
from hypothesis import example, given, settings
from hypothesis import strategies as st

from evosplit.kernels.clipping import METHODS
from evosplit.kernels.clipping.kl import BINS, divergence, kl_range
from evosplit.kernels.clipping.mse import mse_range
from evosplit.kernels.clipping.percentile import percentile_range
from evosplit.kernels.quantise import fake_quantise


def mse(values: np.ndarray, bits: int, low: float, high: float) -> float:
    return float(np.mean(np.square(fake_quantise(values, bits, low, high) - values)))


def sample(kind: str, seed: int, size: int = 20_000) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return {
        "normal": rng.standard_normal(size),
        "relu": np.maximum(rng.standard_normal(size), 0),
        "heavy": rng.standard_t(3, size),
        "uniform": rng.random(size),
    }[kind].astype(np.float32)


def ends(values: np.ndarray) -> tuple[float, float]:
    return min(0.0, float(values.min())), max(0.0, float(values.max()))


@pytest.mark.parametrize("bits", [2, 3, 4, 5, 6])
@pytest.mark.parametrize("kind", ["normal", "relu", "heavy", "uniform"])
def test_mse_no_ratio_on_the_grid_is_better(bits: int, kind: str) -> None:
    values = sample(kind, bits)
    low, high = ends(values)
    found = mse(values, bits, *mse_range(values, low, high, bits))
    best = min(mse(values, bits, ratio * low, ratio * high) for ratio in np.linspace(1, 0.05, 20))
    assert found <= 1.05 * best


def slow_divergence(counts: list[float], stop: int, levels: int) -> float:
    """Migacz's pseudo-code, bin by bin, with SciPy's entropy."""
    reference = list(counts[:stop])
    reference[-1] += sum(counts[stop:])
    spread = [0.0] * stop
    for level in range(levels):
        first, last = level * stop // levels, (level + 1) * stop // levels
        inside = [bin_ for bin_ in range(first, last) if counts[bin_]]
        for bin_ in inside:
            spread[bin_] = sum(counts[first:last]) / len(inside)
    p = np.array(reference) / sum(reference)
    q = np.maximum(np.array(spread) / sum(spread), 1e-9)
    return float(np.sum(scipy.stats.entropy(p, q) - np.log(q.sum()))) if len(p) else 0.0


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 50), min_size=40, max_size=60),
    st.integers(16, 40),
    st.sampled_from([2, 4, 8, 16]),
)
def test_kl_is_that_of_scipy(counts: list[int], stop: int, levels: int) -> None:
    if not any(counts[:stop]):
        return
    found = divergence(np.array(counts, np.float64), stop, levels)
    assert found == pytest.approx(slow_divergence([float(one) for one in counts], stop, levels), abs=1e-9)


@pytest.mark.parametrize("kind", ["normal", "relu", "heavy"])
def test_kl_no_threshold_among_all_is_much_better(kind: str) -> None:
    values, bits = sample(kind, 3), 4
    low, high = ends(values)
    levels = 2**bits if low == 0 else 2 ** (bits - 1)
    reach = max(-low, high)
    counts = np.histogram(np.abs(values[values != 0]), bins=BINS, range=(0, reach))[0].astype(np.float64)
    best = min(divergence(counts, stop, levels) for stop in range(levels, BINS + 1))
    found_low, found_high = kl_range(values, low, high, bits)
    stop = round(max(-found_low, found_high) / reach * BINS)
    assert divergence(counts, stop, levels) <= 1.1 * best + 1e-3
    assert max(-found_low, found_high) < reach, "heavy tails are clipped"


def test_percentile_leaves_out_what_is_rare() -> None:
    values = np.concatenate([np.linspace(-1, 2, 100_000), [500.0]]).astype(np.float32)
    low, high = percentile_range(values, -1.0, 500.0, 4)
    assert low == pytest.approx(-1, abs=0.01)
    assert high == pytest.approx(2, abs=0.01)


FINITE = st.floats(allow_nan=False, allow_infinity=False, width=32)
"""Every finite float32: subnormal ones and the largest too."""
LARGEST = float(np.finfo(np.float32).max)
EXTREMES = ([1.4e-43], [-1e-45, 1e-45], [1.2e-38, -1e-40], [LARGEST, -LARGEST], [LARGEST, 1e-45], [-0.0])


def with_extremes(test):
    """Every method on every list that once went wrong or is likely to."""
    for raw, method in itertools.product(EXTREMES, sorted(METHODS)):
        test = example(raw, method, 2)(test)
    return test


@settings(max_examples=60, deadline=None)
@given(
    st.one_of(
        st.lists(st.floats(-1e4, 1e4, width=32), min_size=1, max_size=200),
        st.lists(FINITE, min_size=1, max_size=200),
    ),
    st.sampled_from(sorted(METHODS)),
    st.sampled_from([2, 3, 4, 5, 6]),
)
@with_extremes
def test_every_range_lies_within_the_ends_and_holds_zero(raw: list[float], method: str, bits: int) -> None:
    values = np.array(raw, np.float32)
    low, high = ends(values)
    found = METHODS[method](values, low, high, bits)
    assert low <= found[0] <= 0 <= found[1] <= high
    assert np.isfinite(fake_quantise(values, bits, *found)).all()


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(-1000, 1000), min_size=2, max_size=100),
    st.sampled_from(sorted(METHODS)),
    st.sampled_from([2.0**-100, 2.0**-60, 2.0**60, 2.0**110]),
)
def test_ranges_scale_with_the_values(raw: list[int], method: str, factor: float) -> None:
    """Powers of two change no mantissa, so that every method sees the same histogram."""
    values = np.array(raw, np.float32)
    usual = METHODS[method](values, *ends(values), 4)
    scaled = (values.astype(np.float64) * factor).astype(np.float32)
    found = METHODS[method](scaled, *ends(scaled), 4)
    assert found == pytest.approx([end * factor for end in usual], rel=1e-12)


@pytest.mark.parametrize("method", sorted(METHODS))
@pytest.mark.parametrize("value", [1.4e-43, -1e-38, 3.0, -LARGEST])
def test_a_constant_tensor_has_a_range_that_holds_it(method: str, value: float) -> None:
    values = np.full(1000, value, np.float32)
    low, high = ends(values)
    found = METHODS[method](values, low, high, 4)
    assert low <= found[0] <= 0 <= found[1] <= high
    if abs(value) > 1e-37:  # what is smaller has no code but zero
        assert fake_quantise(values, 4, *found) == pytest.approx(values, rel=0.07)


@pytest.mark.parametrize("method", sorted(METHODS))
def test_a_constant_zero_has_no_range(method: str) -> None:
    assert METHODS[method](np.zeros(10, np.float32), 0.0, 0.0, 4) == (0.0, 0.0)
