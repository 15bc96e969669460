"""Channel transforms: there and back, as networks in front of a tail, and what is no transform."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evosplit.shared.errors import RestorationError
from evosplit.shared.plan import TensorCode, restoration_names, transform_names
from evosplit.shared.restoration.network import (
    DECODED,
    RESTORED,
    Restoration,
    build_restoration,
    build_undoing,
    read_restoration,
)
from evosplit.shared.restoration.transform import in_components, transform_of
from evosplit.shared.serial import to_json
from evosplit.shared.session import Runner

MODEL = "ab" * 32


def undoing(channels: int, seed: int = 0, size: int = 4, spread: float = 1.0) -> Restoration:
    """A rotation whose columns differ in length by up to ``spread`` times, and a mean."""
    rng = np.random.default_rng(seed)
    rotation, _ = np.linalg.qr(rng.normal(size=(channels, channels)))
    inverse = (rotation * np.geomspace(1, spread, channels)).astype(np.float32)
    mean = rng.normal(size=channels).astype(np.float32)
    return build_undoing(MODEL, "t", (1, channels, size, size), inverse, mean)


@given(channels=st.integers(1, 24), seed=st.integers(0, 99), scale=st.sampled_from((1e-3, 1.0, 1e4)))
def test_a_tensor_comes_back_within_float_error(channels: int, seed: int, scale: float) -> None:
    transform = transform_of(undoing(channels, seed, spread=30.0))
    values = (scale * np.random.default_rng(seed).normal(size=(1, channels, 4, 4))).astype(np.float32)
    components = transform.components(values)
    assert (components.shape, components.dtype) == (values.shape, np.float32)
    np.testing.assert_allclose(transform.restored(components), values, atol=1e-4 * max(scale, 1.0))


def test_the_network_makes_the_tensor_of_its_components() -> None:
    network = undoing(6, seed=1)
    transform = transform_of(read_restoration(network.content, network.name))
    values = np.random.default_rng(2).normal(size=(1, 6, 4, 4)).astype(np.float32)
    components = transform.components(values)
    made = Runner(network.model).run({DECODED: components})[RESTORED]
    np.testing.assert_allclose(made, values, atol=1e-5)
    np.testing.assert_allclose(made, transform.restored(components), atol=1e-5)


def test_a_restoration_of_components_undoes_them_first() -> None:
    network, rng = undoing(3, seed=3), np.random.default_rng(4)
    transform = transform_of(network)
    kernel = rng.normal(size=(3, 1, 3, 3)).astype(np.float32)
    fields = (MODEL, "t", (1, 3, 4, 4), 0.5, [kernel], np.ones(3, np.float32), 0.2, True)
    plain = build_restoration(*fields)
    whole = build_restoration(*fields, undone=(transform.inverse, transform.mean))
    components = rng.normal(size=(1, 3, 4, 4)).astype(np.float32)
    wanted = Runner(plain.model).run({DECODED: transform.restored(components)})[RESTORED]
    made = Runner(whole.model).run({DECODED: components})[RESTORED]
    np.testing.assert_allclose(made, wanted, atol=1e-5)
    with pytest.raises(RestorationError, match="undoes no transform"):
        transform_of(whole)


def test_what_cannot_be_undone_is_no_transform() -> None:
    def network(matrix: np.ndarray) -> Restoration:
        rows, columns = matrix.shape
        mean = np.zeros(rows, np.float32)
        return build_undoing(MODEL, "t", (1, columns, 4, 4), matrix.astype(np.float32), mean)

    for matrix in (np.ones((2, 2)), np.full((2, 2), np.nan), np.diag([1.0, 1e-9])):
        with pytest.raises(RestorationError, match="cannot be undone"):
            transform_of(network(matrix))
    with pytest.raises(RestorationError, match="no square matrix"):
        transform_of(network(np.ones((3, 2))))


def test_values_that_are_not_finite_make_components_that_are_not() -> None:
    values = np.zeros((1, 3, 4, 4), np.float32)
    values[0, 1, 2, 3] = np.inf
    assert not np.isfinite(transform_of(undoing(3)).components(values)).all()


def test_only_what_a_plan_sends_components_of_is_changed() -> None:
    network = undoing(3)
    transform, values = transform_of(network), np.ones((1, 3, 4, 4), np.float32)
    code = TensorCode(4, -1.0, 1.0, "rans", None, "0f" * 8, network.name)
    tensors = {"t": values, "u": values}
    made = in_components({"t": code, "u": TensorCode(4)}, tensors, {network.name: transform}.__getitem__)
    np.testing.assert_array_equal(made["t"], transform.components(values))
    assert made["u"] is values
    assert in_components({"u": TensorCode(4)}, tensors, {}.__getitem__) is tensors
    assert restoration_names([code, TensorCode(4)]) == ("0f" * 8, "")
    assert transform_names([code, TensorCode(4)]) == (network.name, "")
    assert transform_names([TensorCode(4, restoration="0f" * 8)]) == ()
    assert b"transform" not in to_json(TensorCode(4))


def test_codes_of_other_components_are_not_compared() -> None:
    coarse, fine = (TensorCode(4, -end, end, "rans", transform="0f" * 8) for end in (2.0, 1.0))
    assert coarse.is_coarser(fine)
    assert not coarse.is_coarser(TensorCode(4, -1.0, 1.0, "rans"))
