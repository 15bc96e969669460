"""A split run in one process against the edge's own heads, the wire, and the cloud's tails."""

from dataclasses import replace

import numpy as np
import pytest

from evosplit.edge.head.hook_failures import HookFailures
from evosplit.edge.head.run import run_head
from evosplit.edge.head.table_heads import Heads
from evosplit.edge.link.payloads import boundary_frame
from evosplit.kernels.codec import decode_tensor
from evosplit.kernels.errors.measure_table import measure_errors
from evosplit.kernels.quantise import fake_quantise
from evosplit.planner.bundle import build_bundle
from evosplit.planner.drop.split_run import SplitRun
from evosplit.planner.encodings.picture_round_trip import picture_wire
from evosplit.shared.bundle import Bundle
from evosplit.shared.card import card_from_data, check_card
from evosplit.shared.errors import UsageError
from evosplit.shared.graph import Graph, load_graph, prefix_cut
from evosplit.shared.link import Link
from evosplit.shared.plan import Latency, Plan, PlanTable, TensorCode
from evosplit.shared.preprocess import preprocess
from evosplit.shared.session import Runner
from evosplit.shared.split import tail_model
from evosplit.shared.weight_sizes import quantised_weights
from evosplit.shared.wire import decode_frame
from tests.models import branch_net, feeds, residual_net, save


def plan(graph: Graph, stop: int, weights: int, wire: TensorCode, activations: int = 32) -> Plan:
    cut = prefix_cut(graph, stop)
    named = quantised_weights(graph)
    layers = graph.layers[:stop]
    return Plan(
        model=graph.name,
        model_sha256=graph.sha256,
        cut_key=cut.key,
        boundary=cut.boundary,
        weight_bits={layer.name: weights for layer in layers if layer.name in named},
        activation_bits={name: activations for layer in layers for name in layer.outputs},
        wire=dict.fromkeys(cut.boundary, wire),
        latency=Latency(0.1, 0.1, 0.1),
        link=Link(1e6, 0.0),
        wire_bytes=1,
        edge_memory_bytes=1,
        error=0.0,
    )


@pytest.mark.parametrize(
    ("weights", "wire"), [(4, TensorCode(3, 0.0, 1.0)), (8, TensorCode(8)), (32, TensorCode(32))]
)
def test_it_is_what_edge_and_cloud_do(tmp_path, weights: int, wire: TensorCode) -> None:
    for name, model in (("residual", residual_net()), ("branch", branch_net())):
        graph = load_graph(save(model, tmp_path, name))
        for stop in (0, 3, len(graph.layers)):
            chosen = plan(graph, stop, weights, wire)
            bundle = tmp_path / f"{name}-{stop}.zip"
            table = PlanTable(graph.name, graph.sha256, 0.0, (), (chosen,), None)
            heads = Heads(Bundle.open(bundle, build_bundle(graph, table, None, bundle)))
            head = heads.build(chosen)
            one = feeds(model)
            made = run_head(head, one, "s", HookFailures()).tensors
            frame = decode_frame(boundary_frame("f", chosen, made))
            tail = Runner(tail_model(graph, prefix_cut(graph, stop)))
            wanted = {
                **{key: made[key] for key in head.outputs},
                **tail.run({tensor.name: decode_tensor(tensor) for tensor in frame.tensors}),
            }
            found = SplitRun(graph, chosen).run(one)
            assert set(found) == set(graph.outputs)
            for key, array in found.items():
                np.testing.assert_allclose(array, wanted[key], rtol=1e-4, atol=1e-5)


def test_quantised_activations_are_quantised_layer_by_layer(tmp_path) -> None:
    model = residual_net()
    graph = load_graph(save(model, tmp_path))
    one = feeds(model)
    errors = measure_errors(graph, [one], threads=1)
    stop = len(graph.layers)
    whole = Runner(graph.model).run(one)["y"]
    float_run = SplitRun(graph, plan(graph, stop, 32, TensorCode(32)), errors=errors).run(one)["y"]
    np.testing.assert_allclose(float_run, whole, rtol=1e-5)
    drifts = []
    for bits in (2, 4, 8):
        made = SplitRun(graph, plan(graph, stop, 32, TensorCode(32), bits), errors=errors).run(one)["y"]
        drifts.append(float(np.square(made - whole).sum()))
        code = errors.activations["y"]
        np.testing.assert_allclose(
            made, fake_quantise(made, bits, code.low.get(bits), code.high.get(bits)), atol=1e-6
        )
    assert drifts[0] > drifts[1] > drifts[2] > 0
    with pytest.raises(UsageError, match="needs the error table"):
        SplitRun(graph, replace(plan(graph, stop, 32, TensorCode(32), 4)))


@pytest.mark.parametrize(
    ("codec", "close"), [("raw8", 1e-5), ("png", 1e-5), ("jpeg-95", 0.2), ("jpeg-30", 0.5)]
)
def test_an_input_sent_as_a_picture(tmp_path, codec: str, close: float) -> None:
    graph = load_graph(save(residual_net(), tmp_path))
    card = check_card(
        card_from_data(
            {
                "version": 1,
                "name": "n",
                "input": {"colour": "BGR", "scale": "1/255", "resize": {"kind": "crop", "shorter_side": 20}},
                "output": {"kind": "raw"},
            }
        ),
        graph,
    )
    picture = np.linspace(0, 255, 30 * 40 * 3).astype(np.uint8).reshape(30, 40, 3)
    one = dict(preprocess(card, picture))
    one["x"] = (np.rint(one["x"] * 255) / 255).astype(np.float32)  # pixels of the network's own size
    chosen = plan(graph, 0, 32, TensorCode(32, codec=codec))
    made = SplitRun(graph, chosen, pictures=picture_wire(card)).run(one)["y"]
    whole = Runner(graph.model).run(one)["y"]
    assert float(np.abs(made - whole).max()) <= close * float(np.abs(whole).max())
    with pytest.raises(UsageError, match="needs a model card"):
        SplitRun(graph, chosen)
