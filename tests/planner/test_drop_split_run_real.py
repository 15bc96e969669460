"""Do the measures predict accuracy? A real network, uniform boundaries at a few cuts, real images."""

from pathlib import Path

import numpy as np
import pytest
import scipy.stats

from evosplit.kernels.errors.error_options import ErrorOptions
from evosplit.kernels.errors.measure_table import ErrorTable, measure_errors
from evosplit.planner.drop.split_run import SplitRun
from evosplit.shared.card import check_card, load_card
from evosplit.shared.graph import Graph, load_graph, prefix_cut
from evosplit.shared.link import Link
from evosplit.shared.plan import Latency, Plan, TensorCode
from evosplit.shared.preprocess import preprocess
from evosplit.shared.session import Runner

CARDS = Path(__file__).parents[2] / "cli" / "cards"
BITS = (2, 3, 4, 5)


@pytest.fixture(scope="module")
def network(shared_models: Path, shared_data: Path) -> tuple[Graph, list[dict[str, np.ndarray]]]:
    graph = load_graph(shared_models / "resnet20_cifar10.onnx")
    card = check_card(load_card(CARDS / "resnet20_cifar10.yaml"), graph)
    pictures = np.load(shared_data / "cifar10" / "cifar10.npz")["x_test"][:88]
    return graph, [dict(preprocess(card, picture)) for picture in pictures]


def boundary_plan(graph: Graph, stop: int, bits: int, table: ErrorTable) -> Plan:
    cut = prefix_cut(graph, stop)
    ranges = {name: table.activations[name] for name in cut.boundary}
    wire = {name: TensorCode(bits, one.low[bits], one.high[bits]) for name, one in ranges.items()}
    latency, link = Latency(0, 0, 0), Link(1e6, 0)
    return Plan(graph.name, graph.sha256, cut.key, cut.boundary, {}, {}, wire, latency, link, 1, 1, 0.0)


def test_output_aware_errors_rank_plans_as_changed_answers_do(network) -> None:
    graph, inputs = network
    calibration, unseen = inputs[:8], inputs[8:]
    tables = {
        measure: measure_errors(graph, calibration, threads=1, options=ErrorOptions(measure=measure))
        for measure in ("gain", "kl")
    }
    whole = Runner(graph.model)
    right = [int(whole.run(one)["logits"].argmax()) for one in unseen]
    changed, errors = [], {"gain": [], "kl": [], "mse": []}
    for stop in range(0, len(graph.layers), 7):
        for bits in BITS:
            run = SplitRun(graph, boundary_plan(graph, stop, bits, tables["gain"]))
            answers = [int(run.run(one)["logits"].argmax()) for one in unseen]
            changed.append(float(np.mean(np.not_equal(answers, right))))
            boundary = prefix_cut(graph, stop).boundary
            for measure, table in tables.items():
                errors[measure].append(sum(table.activations[name].error[bits] for name in boundary))
            errors["mse"].append(sum(tables["gain"].activations[name].mse[bits] for name in boundary))
    ranks = {measure: scipy.stats.spearmanr(found, changed)[0] for measure, found in errors.items()}
    assert ranks["gain"] >= 0.65
    assert ranks["kl"] >= 0.4
    assert ranks["gain"] > ranks["mse"]
    sure = [share for share, error in zip(changed, errors["gain"], strict=True) if error <= 0.001]
    assert max(sure, default=0.0) <= 0.02, "the default limit is on the safe side"
