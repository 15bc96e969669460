"""Folds of inputs: each in one, and the sums without a fold are those of the other inputs."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from evosplit.kernels.restoration.neighbourhoods import sums_over
from evosplit.planner.restoration.cross_validation import FOLDS, fold_sums, folds


@given(st.integers(FOLDS, 200))
def test_every_input_is_in_one_fold_and_folds_are_alike(count: int) -> None:
    parts = folds(count)
    assert sorted(index for fold in parts for index in fold) == list(range(count))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_sums_without_a_fold_are_those_of_the_other_inputs() -> None:
    rng = np.random.default_rng(0)
    decoded, right = (
        [rng.normal(size=(1, 2, 4, 5)).astype(np.float32) for _ in range(11)] for _ in ("decoded", "right")
    )
    sums = fold_sums(decoded, right)
    for number, fold in enumerate(folds(11)):
        others = [index for index in range(11) if index not in fold]
        wanted = sums_over(((decoded[index], right[index]) for index in others), 2)
        got = sums.without(number)
        np.testing.assert_allclose(got.features, wanted.features, rtol=1e-9)
        np.testing.assert_allclose(got.corrections, wanted.corrections, rtol=1e-9, atol=1e-9)
        assert got.positions == wanted.positions
    assert sums.all.positions == 11 * 20
