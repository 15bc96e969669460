from dataclasses import replace

import numpy as np
import pytest

from evosplit.kernels.errors.measure_table import ErrorTable, measure_errors
from evosplit.planner.devices import named_device
from evosplit.planner.drop.split_run import SplitRun
from evosplit.planner.problem import Problem
from evosplit.planner.problem.limits import Limits
from evosplit.planner.solve import solve
from evosplit.shared.errors import EvoSplitError
from evosplit.shared.graph import Graph, load_graph
from evosplit.shared.link import Link
from evosplit.shared.plan import Plan
from evosplit.shared.serial import digest, from_json, to_data, to_json
from tests.models import chain_net, feeds, save


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[Graph, ErrorTable]:
    graph = load_graph(save(chain_net(), tmp_path_factory.mktemp("model")))
    return graph, measure_errors(graph, [feeds(graph.model, seed) for seed in range(4)], threads=1)


@pytest.fixture(scope="module")
def plan(measured) -> Plan:
    graph, errors = measured
    device, cloud = named_device("eyeriss"), named_device("tpu")
    limits = Limits(pinned={layer.name: "edge" for layer in graph.layers}, max_error=1e9)
    return solve(Problem(graph, device, cloud, errors, Link(1e6), limits)).plan


def test_integers_pass_through_layers_that_only_move_values(measured) -> None:
    found = measured[1].activations
    assert found["p2"].ranges == found["r2"].ranges
    assert found["flat"].ranges == found["p3"].ranges
    for name, one in found.items():
        assert set(one.ranges) == {2, 3, 4, 5, 6, 8}, name
        assert all(low <= 0 <= high for low, high in one.ranges.values())
        if name not in ("p2", "flat"):
            assert one.ranges[4] == (one.low[4], one.high[4])


def test_a_plan_carries_the_ranges_that_its_integers_span(measured, plan: Plan) -> None:
    errors = measured[1]
    narrow = {name: bits for name, bits in plan.activation_bits.items() if bits <= 8}
    assert narrow
    assert plan.activation_codes.keys() == narrow.keys()
    for name, code in plan.activation_codes.items():
        assert (code.low, code.high) == errors.activations[name].ranges[code.bits]
    again = from_json(Plan, to_json(plan), EvoSplitError)
    assert again == plan
    assert again.digest == plan.digest


def test_a_plan_without_ranges_reads_and_hashes_as_before(plan: Plan) -> None:
    old = replace(plan, activation_ranges={})
    assert "activation_ranges" not in to_data(old)
    assert digest(old) != plan.digest
    assert from_json(Plan, to_json(old), EvoSplitError) == old


def test_running_a_plan_with_ranges_needs_no_error_table(measured, plan: Plan) -> None:
    graph, errors = measured
    one = feeds(graph.model)
    alone, with_table = SplitRun(graph, plan), SplitRun(graph, plan, errors=errors)
    for name, array in alone.run(one).items():
        np.testing.assert_array_equal(array, with_table.run(one)[name])
