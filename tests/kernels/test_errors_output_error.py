"""Distances between outputs, against SciPy and by hand."""

import numpy as np
import pytest
import scipy.special
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from evosplit.kernels.errors.output_error import check_classifier, class_shares, divergence, noise_to_signal
from evosplit.shared.errors import InputError
from evosplit.shared.graph import load_graph
from tests.models import branch_net, chain_net, save


@settings(max_examples=50, deadline=None)
@given(st.integers(2, 30), st.integers(1, 5), st.integers(0, 1000), st.booleans())
def test_divergence_is_scipys_entropy(classes: int, inputs: int, seed: int, shares: bool) -> None:
    rng = np.random.default_rng(seed)
    logits = rng.normal(scale=3, size=(2, inputs, classes))
    p, q = scipy.special.softmax(logits, axis=-1)
    values = (p, q) if shares else logits
    right, found = ([{"y": one.reshape(1, -1, 1)} for one in side] for side in values)
    expected = np.mean([scipy.stats.entropy(a, b) for a, b in zip(p, q, strict=True)])
    assert divergence(right, found) == pytest.approx(expected, rel=1e-6, abs=1e-9)
    assert divergence(right, right) == 0


def test_noise_to_signal_by_hand() -> None:
    right = [
        {"y": np.array([0.0, 2.0], np.float32), "n": np.array([1])},
        {"y": np.array([1.0, 1.0], np.float32), "n": np.array([2])},
    ]
    found = [
        {"y": np.array([1.0, 2.0], np.float32), "n": np.array([9])},
        {"y": np.array([1.0, 1.0], np.float32), "n": np.array([9])},
    ]
    assert noise_to_signal(right, found) == pytest.approx(0.5 / 1.0)


def test_outputs_that_never_vary_say_nothing() -> None:
    right = [{"y": np.ones(3, np.float32)}]
    assert noise_to_signal(right, [{"y": np.zeros(3, np.float32)}]) == 0


def test_shares_stay_shares() -> None:
    assert class_shares(np.array([[0.25, 0.75]])).tolist() == [0.25, 0.75]
    assert class_shares(np.array([1e30, 0.0])).tolist() == [1.0, 0.0]


def test_kl_needs_a_classifier(tmp_path) -> None:
    check_classifier(load_graph(save(chain_net(), tmp_path)))
    with pytest.raises(InputError, match="no single output with a score per class"):
        check_classifier(load_graph(save(branch_net(), tmp_path)))
