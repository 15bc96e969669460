"""Search for the finest step within a budget: it always fits, is near the finest that does, and is quick."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from evosplit.edge.link.size_search import finest_fit

STEPS = 30


class Coder:
    """Sizes by step, which ``truth`` says; counts how often it was asked."""

    def __init__(self, truth: list[int]) -> None:
        self.truth, self.asked = truth, 0

    def made(self, number: int) -> int:
        self.asked += 1
        return self.truth[number]


@given(
    st.floats(0.3, 4.0),
    st.lists(st.floats(0.97, 1.03), min_size=STEPS, max_size=STEPS),
    st.floats(0.5, 2.0),
    st.integers(50, 20000),
)
def test_what_is_found_fits_and_little_finer_would(
    scale: float, ripples: list[float], factor: float, limit_bytes: int
) -> None:
    """Sizes are the expected ones by a factor, with ripples."""
    expected = 10000 * 0.8 ** np.arange(STEPS)
    coder = Coder([int(size * scale * ripple) for size, ripple in zip(expected, ripples, strict=True)])
    fit = finest_fit(coder.made, lambda size: size, expected, limit_bytes, factor)
    fitting = [number for number, size in enumerate(coder.truth) if size <= limit_bytes]
    if not fitting:
        assert fit.made is None
        return
    assert fit.made is not None
    assert fit.made <= limit_bytes
    assert coder.truth.index(fit.made) - fitting[0] <= 1
    assert coder.asked <= 3
    assert 0.9 * scale < fit.factor < 1.1 * scale + 0.05


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=40), st.integers(1, 1000))
def test_something_is_found_wherever_the_coarsest_step_fits(sizes: list[int], limit_bytes: int) -> None:
    """Whatever the expectations are: here they say nothing."""
    truth = sorted(sizes, reverse=True)
    coder = Coder(truth)
    fit = finest_fit(coder.made, lambda size: size, np.full(len(truth), 500.0), limit_bytes)
    if truth[-1] <= limit_bytes:
        assert fit.made is not None
        assert fit.made <= limit_bytes
    else:
        assert fit.made is None
    assert coder.asked <= len(truth)
