"""The error table of a network none of whose inputs is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from evosplit.kernels.codec import encode_tensor
from evosplit.kernels.errors.data_free import data_free_errors, nominal_noise
from evosplit.kernels.quantise import fake_quantise
from evosplit.shared.graph import load_graph
from evosplit.shared.plan import FLOAT_BITS, TensorCode
from tests.models import branch_net, chain_net, save


@pytest.mark.parametrize("bits", [2, 3, 4, 5, 6, 8])
def test_the_noise_is_that_of_values_that_fill_their_range(bits: int) -> None:
    values = np.linspace(-1, 1, 100_001, dtype=np.float32)
    noise = fake_quantise(values, bits, -1.0, 1.0) - values
    assert nominal_noise(bits) == pytest.approx(np.mean(noise**2) / np.var(values), rel=0.35)


def test_bytes_are_uncompressed_and_nothing_has_a_range(tmp_path: Path) -> None:
    graph = load_graph(save(chain_net(), tmp_path))
    table = data_free_errors(graph)
    assert table.samples == 0
    for name, one in table.activations.items():
        assert (one.low, one.high, one.ranges) == ({}, {}, {})
        values = np.random.default_rng(0).random(graph.tensors[name].shape, np.float32)
        for bits, size in one.wire_bytes.items():
            packed = encode_tensor(name, values, TensorCode(bits, codec="none"))
            assert len(packed.payload) == size
    assert table.activations.keys() == {name for name, one in graph.tensors.items() if one.is_float}


def test_integers_travel_as_they_stand(tmp_path: Path) -> None:
    """Not as zeros that compress to nothing."""
    graph = load_graph(save(branch_net(), tmp_path))
    table = data_free_errors(graph)
    whole = {name: one.size_bytes for name, one in graph.tensors.items() if not one.is_float}
    assert table.plain_bytes == whole
    assert all(
        one.wire_bytes[FLOAT_BITS] == graph.tensors[name].size_bytes
        for name, one in table.activations.items()
    )
