"""What remains of a plan table when plans are distrusted."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from net_bundle import load_net, make_table

from evosplit.edge.plan_choice.trusted_plans import is_exact, less_safe, trusted, whole_in_cloud
from evosplit.shared.link import Link
from evosplit.shared.plan import PlanTable, TensorCode
from evosplit.shared.replan import choices, replan


def table_with_errors(folder: Path) -> tuple[PlanTable, PlanTable]:
    graph = load_net(folder)
    table = make_table(graph)
    errors = (0.01, 0.2, 0.05)
    alone, middle, raw = (
        dataclasses.replace(plan, error=error) for plan, error in zip(table.plans, errors, strict=True)
    )
    told = dataclasses.replace(table, plans=(alone, middle, raw), fallback=alone)
    return told, trusted(told, less_safe(told, raw), whole_in_cloud(told, graph))


def test_plans_of_a_greater_predicted_error_go_with_the_one_that_failed(tmp_path: Path) -> None:
    table, left = table_with_errors(tmp_path)
    alone, middle, raw = table.plans
    assert less_safe(table, raw) == {raw.digest, middle.digest}
    assert less_safe(table, middle) == {middle.digest}
    assert less_safe(table, alone) == {plan.digest for plan in table.plans}
    assert left.fallback == alone
    assert [is_exact(plan) for plan in choices(left)] == [False, True]
    assert replan(left, Link(1e9, 0.002), raw) is left.plans[-1]  # the float network in the cloud
    assert replan(left, Link(1e4, 0.002), raw) is left.fallback


def test_where_inputs_may_not_leave_the_safest_plan_is_the_end(tmp_path: Path) -> None:
    table, _ = table_with_errors(tmp_path)
    everything = less_safe(table, table.plans[0])
    assert choices(trusted(table, everything, None)) == (table.plans[0],)
    assert trusted(table, frozenset(), None) is table


def test_what_is_exact(tmp_path: Path) -> None:
    graph = load_net(tmp_path)
    middle = make_table(graph).plans[1]
    whole = whole_in_cloud(make_table(graph), graph)
    assert is_exact(whole)
    assert whole.wire_bytes == 4 * sum(graph.tensors[name].elements for name in graph.inputs)
    assert not is_exact(middle)
    floats = dict.fromkeys(middle.weight_bits, 32)
    assert not is_exact(dataclasses.replace(middle, weight_bits=floats))
    exact = {name: TensorCode(32) for name in middle.wire}
    assert is_exact(dataclasses.replace(middle, weight_bits=floats, wire=exact))
    assert not is_exact(dataclasses.replace(middle, wire=exact))
    pictures = {name: TensorCode(32, codec="jpeg-85") for name in middle.wire}
    assert not is_exact(dataclasses.replace(middle, weight_bits=floats, wire=pictures))
