"""Head and tail together are the network; frames carry what crosses; parts can be written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import evosplit
from evosplit.shared.errors import InputError, UsageError, WireError
from evosplit.shared.link import Link
from evosplit.shared.plan import Latency, Plan, TensorCode
from evosplit.shared.session import Runner
from tests.models import branch_net, chain_net, feeds, residual_net, save

NETS: dict[str, Callable[[], onnx.ModelProto]] = {
    "chain": chain_net,
    "residual": residual_net,
    "branch": branch_net,
}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, evosplit.Model]:
    folder = tmp_path_factory.mktemp("nets")
    return {name: evosplit.load(save(make(), folder, name)) for name, make in NETS.items()}


def alike(found: np.ndarray, right: np.ndarray) -> bool:
    """The documented tolerance: 1e-4 of the largest value."""
    return bool(np.abs(found - right).max(initial=0) <= 1e-4 * max(np.abs(right).max(initial=0), 1.0))


@settings(max_examples=40, deadline=None)  # kernels are compiled and sessions built within
@given(name=st.sampled_from(sorted(NETS)), at=st.integers(0, 40), seed=st.integers(0, 2**16))
def test_one_part_after_the_other_is_the_whole(
    loaded: dict[str, evosplit.Model], name: str, at: int, seed: int
) -> None:
    model, values = loaded[name], feeds(NETS[name](), seed)
    parts = evosplit.split(model, at % len(model.cuts))
    right = Runner(model.graph.model).run(values)
    head = parts.head.run(values)
    arrived = evosplit.decode(evosplit.encode(parts, {**values, **head}))
    found = {**values, **head, **parts.tail.run(arrived)}
    assert list(right) == list(parts.run(values))
    for output, whole in right.items():
        assert alike(found[output], whole)
        assert alike(parts.run(values)[output], whole)


@settings(deadline=None)  # kernels are compiled within
@given(
    bits=st.sampled_from([2, 3, 4, 5, 6, 8, 16, 32]),
    scale=st.floats(1e-3, 1e3),
    seed=st.integers(0, 2**16),
    frame_id=st.text("abc-09", max_size=12),
)
def test_what_is_encoded_comes_back_within_a_step(
    loaded: dict[str, evosplit.Model], bits: int, scale: float, seed: int, frame_id: str
) -> None:
    parts = evosplit.split(loaded["residual"], 2)
    rng = np.random.default_rng(seed)
    tensors = {
        name: (scale * rng.standard_normal(parts.graph.tensors[name].shape)).astype(np.float32)
        for name in parts.cut.boundary
    }
    content = evosplit.encode(parts, tensors, bits, frame_id)
    assert content == evosplit.encode(parts, tensors, bits, frame_id)
    found = evosplit.decode(content)
    assert list(found) == list(parts.cut.boundary)
    for name, values in tensors.items():
        assert (found[name].dtype, found[name].shape) == (values.dtype, values.shape)
        span = max(float(values.max()), 0.0) - min(float(values.min()), 0.0)
        step = 0.0 if bits == 32 else 1.001 * span / (2**bits - 1)
        assert np.abs(found[name] - values).max() <= step


def planned(model: evosplit.Model, at: int, bits: int, code: TensorCode) -> Plan:
    cut = model.cuts[at]
    weights = {model.layers[index].name: bits for index in cut.layers if model.layers[index].weight_elements}
    wire = dict.fromkeys(cut.boundary, code)
    costs = (Latency(0, 0, 0), Link(1e6), 0, 0, 0.0)
    return Plan(model.name, model.graph.sha256, cut.key, cut.boundary, weights, {}, wire, *costs)


def test_a_plan_rounds_weights_and_says_how_tensors_travel(loaded: dict[str, evosplit.Model]) -> None:
    model, values = loaded["chain"], feeds(chain_net())
    float_parts = evosplit.split(model, 2)
    kept = evosplit.split(model, planned(model, 2, 32, TensorCode(8)))
    rounded = evosplit.split(model, planned(model, 2, 3, TensorCode(4)))
    (name,) = float_parts.cut.boundary
    right = float_parts.head.run(values)[name]
    assert np.array_equal(kept.head.run(values)[name], right)
    off = float(np.abs(rounded.head.run(values)[name] - right).max())
    assert 0 < off < float(np.ptp(right))
    sizes = [len(evosplit.encode(parts, {name: right})) for parts in (float_parts, kept, rounded)]
    assert sizes[0] > sizes[1] > sizes[2]
    assert "4" in rounded.listings()[0].rows[0]


def test_what_cannot_be_is_refused(loaded: dict[str, evosplit.Model]) -> None:
    model = loaded["chain"]
    parts = evosplit.split(model, 2)
    with pytest.raises(InputError, match="is missing"):
        evosplit.encode(parts, {})
    with pytest.raises(InputError, match="is missing"):
        parts.head.run({})
    with pytest.raises(UsageError, match="is of chain"):
        evosplit.split(loaded["residual"], planned(model, 1, 8, TensorCode(8)))
    picture = evosplit.split(model, planned(model, 0, 8, TensorCode(8, codec="png")))
    with pytest.raises(UsageError, match="finish_picture"):
        evosplit.encode(picture, feeds(chain_net()))
    with pytest.raises(WireError):
        evosplit.decode(b"nothing")


def test_parts_are_written_and_ends_without_nodes_are_not(
    loaded: dict[str, evosplit.Model], tmp_path: Path
) -> None:
    model = loaded["residual"]
    evosplit.split(model, 2).save(tmp_path / "parts")
    names = {"head.onnx", "tail.onnx", "manifest.json"}
    assert {path.name for path in (tmp_path / "parts").iterdir()} == names
    evosplit.split(model, 0).save(tmp_path / "parts")
    assert {path.name for path in (tmp_path / "parts").iterdir()} == names - {"head.onnx"}
