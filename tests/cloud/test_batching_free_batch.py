"""A free batch dimension: answers in a batch are those alone, and what mixes samples is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from evosplit.cloud.batching.free_batch import free_batch
from evosplit.shared.graph import graph_from_model, load_graph, prefix_cut
from evosplit.shared.graph.passes import normalise
from evosplit.shared.session import Runner, random_feeds
from evosplit.shared.split import tail_model
from tests import models as nets

SHARED = Path(__file__).resolve().parents[3] / "shared" / "models"


def model_of(nodes: list[onnx.NodeProto], weights: dict[str, np.ndarray], out: list[int]) -> onnx.ModelProto:
    """From ``x`` (1, 4, 6, 6) to ``y``; inner shapes are inferred."""
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4, 6, 6])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, out)],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return onnx.shape_inference.infer_shapes(model, strict_mode=True)


def assert_same_apart_and_together(model: onnx.ModelProto, freed: onnx.ModelProto) -> None:
    samples = [random_feeds(model, seed) for seed in range(3)]
    stacked = {name: np.concatenate([feeds[name] for feeds in samples]) for name in samples[0]}
    alone, together = Runner(model), Runner(freed).run(stacked)
    for index, feeds in enumerate(samples):
        for name, value in alone.run(feeds).items():
            np.testing.assert_allclose(together[name][index : index + 1], value, rtol=1e-4, atol=1e-5)


def ints(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


ALLOWED = {
    "reshape to one": ([("Reshape", ["x", "s"], {})], {"s": ints(1, 4, 36)}, [1, 4, 36]),
    "reshape to the rest": ([("Reshape", ["x", "s"], {})], {"s": ints(-1, 144)}, [1, 144]),
    "reshape that copies": ([("Reshape", ["x", "s"], {})], {"s": ints(0, 2, -1)}, [1, 2, 72]),
    "transpose": ([("Transpose", ["x"], {"perm": [0, 2, 3, 1]})], {}, [1, 6, 6, 4]),
    "softmax": ([("Softmax", ["x"], {"axis": 1})], {}, [1, 4, 6, 6]),
    "constant along the batch": ([("Add", ["x", "w"], {})], {"w": np.ones((1, 4, 6, 6), "f")}, [1, 4, 6, 6]),
    "slice": (
        [("Slice", ["x", "b", "e", "a"], {})],
        {"b": ints(1), "e": ints(3), "a": ints(2)},
        [1, 4, 2, 6],
    ),
    "mean": ([("ReduceMean", ["x"], {"axes": [2, 3]})], {}, [1, 4, 1, 1]),
    "matmul": ([("MatMul", ["x", "w"], {})], {"w": np.ones((6, 3), "f")}, [1, 4, 6, 3]),
    "products": ([("MatMul", ["x", "x"], {})], {}, [1, 4, 6, 6]),
    "pad": ([("Pad", ["x", "p"], {})], {"p": ints(0, 0, 1, 1, 0, 0, 1, 1)}, [1, 4, 8, 8]),
    "squeeze": (
        [("ReduceMean", ["x"], {"axes": [1]}), ("Squeeze", ["m0", "a"], {})],
        {"a": ints(1)},
        [1, 6, 6],
    ),
    "resize": (
        [("Resize", ["x", "", "f"], {"mode": "nearest"})],
        {"f": np.array([1, 1, 2, 2], np.float32)},
        [1, 4, 12, 12],
    ),
}
REFUSED = {
    "reshape over the batch": ([("Reshape", ["x", "s"], {})], {"s": ints(4, 36)}, [4, 36]),
    "softmax over the batch": ([("Softmax", ["x"], {"axis": 0})], {}, [1, 4, 6, 6]),
    "mean over the batch": ([("ReduceMean", ["x"], {"axes": [0], "keepdims": 1})], {}, [1, 4, 6, 6]),
    "mean over all": ([("ReduceMean", ["x"], {"keepdims": 1})], {}, [1, 1, 1, 1]),
    "a constant beside the sample": (
        [("Concat", ["w", "x"], {"axis": 1})],
        {"w": np.ones((1, 1, 6, 6), "f")},
        [1, 5, 6, 6],
    ),
    "concatenation of samples": ([("Concat", ["x", "x"], {"axis": 0})], {}, [2, 4, 6, 6]),
    "transposed batch": ([("Transpose", ["x"], {"perm": [1, 0, 2, 3]})], {}, [4, 1, 6, 6]),
    "a norm over the batch": ([("LpNormalization", ["x"], {"axis": 0})], {}, [1, 4, 6, 6]),
    "a padded batch": ([("Pad", ["x", "p"], {})], {"p": ints(1, 0, 0, 0, 0, 0, 0, 0)}, [2, 4, 6, 6]),
    "no rule": ([("CumSum", ["x", "a"], {})], {"a": ints(0)}, [1, 4, 6, 6]),
}


def built(steps: list[tuple[str, list[str], dict[str, object]]], weights, out) -> onnx.ModelProto:
    names = [*(f"m{index}" for index in range(len(steps) - 1)), "y"]
    nodes = [
        helper.make_node(op, reads, [name], **attributes)
        for (op, reads, attributes), name in zip(steps, names, strict=True)
    ]
    return model_of(nodes, weights, out)


@pytest.mark.parametrize("case", ALLOWED.values(), ids=ALLOWED)
def test_samples_stay_apart(case) -> None:
    model = built(*case)
    freed = free_batch(model)
    assert freed is not None
    assert_same_apart_and_together(model, freed)


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_what_mixes_samples_is_refused(case) -> None:
    assert free_batch(built(*case)) is None


@pytest.mark.parametrize("net", [nets.chain_net, nets.residual_net, nets.branch_net])
def test_every_tail_of_a_network(net) -> None:
    graph = graph_from_model(normalise(net()), "net", "0" * 64)
    for index in range(len(graph.layers)):
        model = tail_model(graph, prefix_cut(graph, index))
        freed = free_batch(model)
        assert freed is not None
        assert_same_apart_and_together(model, freed)


def test_a_choice_is_refused() -> None:
    assert free_batch(nets.choice_net()) is None


@pytest.mark.parametrize("name", ["squeezenet1.1", "resnet20_cifar10", "mobilenetv2", "yolox_nano"])
def test_real_networks(name: str) -> None:
    if not (SHARED / f"{name}.onnx").exists():
        pytest.skip(f"no {name}.onnx in the shared models")
    graph = load_graph(SHARED / f"{name}.onnx")
    model = tail_model(graph, prefix_cut(graph, len(graph.layers) // 2))
    freed = free_batch(model)
    assert freed is not None
    assert_same_apart_and_together(model, freed)


def test_a_real_network_that_takes_the_mean_of_everything() -> None:
    if not (SHARED / "lprnet.onnx").exists():
        pytest.skip("no lprnet.onnx in the shared models")
    assert free_batch(load_graph(SHARED / "lprnet.onnx").model) is None
