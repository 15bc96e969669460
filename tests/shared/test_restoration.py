"""Restoration networks: their files, their place in front of a tail, and what they never touch."""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evosplit.shared.errors import RestorationError
from evosplit.shared.graph import Cut, Graph, load_graph, prefix_cut
from evosplit.shared.restoration.network import Restoration, build_restoration, read_restoration
from evosplit.shared.restoration.restored_tail import restored_tail, takes_restoration
from evosplit.shared.restoration.store import RestorationStore
from evosplit.shared.session import Runner
from evosplit.shared.split import head_model, tail_model
from evosplit.shared.storage.file_objects import FileObjects
from tests.models import chain_net, feeds, residual_net, save

STOP = 2


def graph_of(model: onnx.ModelProto) -> Graph:
    with tempfile.TemporaryDirectory() as folder:
        return load_graph(save(model, Path(folder), "net"))


def restoration(graph: Graph, tensor: str, weight: float = 0.0, seed: int | None = None) -> Restoration:
    """One that multiplies by 1 + ``weight``, or has random weights."""
    shape = graph.tensors[tensor].shape
    channels = shape[1]
    kernel = np.zeros((channels, 1, 3, 3), np.float32)
    kernel[:, 0, 1, 1] = weight
    if seed is not None:
        kernel = np.random.default_rng(seed).normal(size=kernel.shape).astype(np.float32)
    return build_restoration(
        graph.sha256, tensor, shape, 0.1, [kernel], np.zeros(channels, np.float32), 2.0, is_rectified=False
    )


@pytest.fixture(scope="module")
def graph() -> Graph:
    return graph_of(chain_net())


@pytest.fixture(scope="module")
def cut(graph: Graph) -> Cut:
    return prefix_cut(graph, STOP)


def crossing(graph: Graph, cut: Cut) -> dict[str, np.ndarray]:
    return Runner(head_model(graph, cut)).run(feeds(graph.model))


def test_a_file_is_read_back_by_its_name(graph: Graph, cut: Cut, tmp_path) -> None:
    made = restoration(graph, cut.boundary[0], 0.5)
    store = RestorationStore(FileObjects(tmp_path / "networks"))
    store.keep(made)
    store.keep(made)
    assert store(made.name) == made
    assert RestorationStore(FileObjects(tmp_path / "networks"))(made.name) == made
    assert made.step == np.float32(0.1)


def test_what_is_not_there_or_damaged_is_refused_in_one_line(graph: Graph, cut: Cut, tmp_path) -> None:
    made = restoration(graph, cut.boundary[0])
    store = RestorationStore(FileObjects(tmp_path))
    with pytest.raises(RestorationError, match=f"no restoration {made.name} here"):
        store(made.name)
    with pytest.raises(RestorationError, match="hexadecimal"):
        store("../secret")
    (tmp_path / f"{made.name}.onnx").write_bytes(made.content[:-1] + b"x")
    with pytest.raises(RestorationError, match="another one, or is damaged"):
        store(made.name)
    other = Restoration(made.model_sha256, made.tensor, made.step, b"no model")
    with pytest.raises(RestorationError, match="cannot be read"):
        read_restoration(other.content, other.name)
    tail = tail_model(graph, cut).SerializeToString()
    disguised = Restoration("", "", 0.0, tail)
    with pytest.raises(RestorationError, match=r"cannot be read|operators"):
        read_restoration(tail, disguised.name)


def test_a_network_that_corrects_nothing_changes_nothing(graph: Graph, cut: Cut) -> None:
    tail, values = tail_model(graph, cut), crossing(graph, cut)
    restored = restored_tail(tail, [restoration(graph, name) for name in cut.boundary])
    assert restored_tail(tail, []) is tail
    assert Runner(restored).input_names == Runner(tail).input_names
    assert Runner(restored).run(values)["y"] == pytest.approx(Runner(tail).run(values)["y"], rel=1e-5)


def test_the_tail_reads_what_was_restored(graph: Graph, cut: Cut) -> None:
    tail, values = tail_model(graph, cut), crossing(graph, cut)
    more = restored_tail(tail, [restoration(graph, name, 0.25) for name in cut.boundary])
    wanted = Runner(tail).run({name: 1.25 * array for name, array in values.items()})
    assert Runner(more).run(values)["y"] == pytest.approx(wanted["y"], rel=1e-4)


@given(stop=st.integers(1, 6), seed=st.integers(0, 2**16), net=st.sampled_from([chain_net, residual_net]))
def test_no_weight_of_the_main_network_is_touched(stop: int, seed: int, net) -> None:
    graph = graph_of(net())
    cut = prefix_cut(graph, stop)
    tail = tail_model(graph, cut)
    before = graph.model.SerializeToString(), tail.SerializeToString()
    networks = [restoration(graph, name, seed=seed) for name in cut.boundary if takes_restoration(tail, name)]
    restored = restored_tail(tail, networks)
    assert (graph.model.SerializeToString(), tail.SerializeToString()) == before
    kept = {tensor.name: tensor.SerializeToString() for tensor in restored.graph.initializer}
    assert all(kept[tensor.name] == tensor.SerializeToString() for tensor in tail.graph.initializer)
    ours = [name for name in kept if name not in {tensor.name for tensor in tail.graph.initializer}]
    assert all(name.startswith("restoration/") for name in ours)
    onnx.checker.check_model(restored)


def test_tensors_of_other_cuts_and_old_operators_are_refused(graph: Graph, cut: Cut) -> None:
    tail = tail_model(graph, cut)
    made = restoration(graph, cut.boundary[0])
    with pytest.raises(RestorationError, match="does not cross this cut"):
        restored_tail(tail, [dataclasses.replace(made, tensor="r3")])
    tail.opset_import[0].version = 5
    with pytest.raises(RestorationError, match="before version 6"):
        restored_tail(tail, [made])


@pytest.mark.parametrize("opset", [7, 9, 11, 13, 17])
def test_operators_of_every_version_restore_alike(opset: int) -> None:
    graph = graph_of(chain_net(opset=opset))
    cut = prefix_cut(graph, STOP)
    (name,) = cut.boundary
    tail, values = tail_model(graph, cut), crossing(graph, cut)
    network = restoration(graph, name, seed=1)
    by_itself = Runner(network.model).run({"decoded": values[name]})["restored"]
    wanted = Runner(tail).run({name: by_itself})["y"]
    assert Runner(restored_tail(tail, [network])).run(values)["y"] == pytest.approx(wanted, rel=1e-4)


def test_a_tensor_that_a_sub_graph_reads_is_refused(graph: Graph, cut: Cut) -> None:
    tail = tail_model(graph, cut)
    (name,) = cut.boundary
    body = onnx.helper.make_graph(
        [onnx.helper.make_node("Identity", [name], ["inner"])],
        "body",
        [],
        [onnx.helper.make_tensor_value_info("inner", onnx.TensorProto.FLOAT, None)],
    )
    tail.graph.node.append(
        onnx.helper.make_node("If", ["condition"], ["either"], then_branch=body, else_branch=body)
    )
    assert not takes_restoration(tail, name)
    with pytest.raises(RestorationError, match="sub-graph"):
        restored_tail(tail, [restoration(graph, name)])
