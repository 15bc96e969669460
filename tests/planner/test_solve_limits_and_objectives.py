from dataclasses import replace

import pytest
from full_problems import ENERGY, fake_device, full_problem
from graphs import random_problem

from evosplit.planner.devices import MeasuredDevice
from evosplit.planner.encodings import CodecSpeed, InputEncoding
from evosplit.planner.evaluate import evaluate
from evosplit.planner.problem import Problem
from evosplit.planner.problem.cost_model import every_choice, problem_costs
from evosplit.planner.problem.limits import Limits
from evosplit.planner.problem.tensor_costs import tensor_depths
from evosplit.planner.solve import solve
from evosplit.planner.table import plan_table
from evosplit.shared.errors import InfeasibleError, UsageError
from evosplit.shared.graph import parse_cut
from evosplit.shared.link import Link
from evosplit.shared.plan import TensorCode


def with_energy(problem: Problem) -> Problem:
    return replace(problem, edge=MeasuredDevice(problem.edge, "edge", ENERGY))


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        (
            Limits(None, 1.0, deadline_s=1e-9),
            "deadline: the fastest plan takes .* over the limit of 0.001 us",
        ),
        (Limits(None, 1.0, period_s=1e-9), "period: the plan of most throughput takes"),
        (Limits(None, 1.0, energy_j=1e-12), "energy: the plan of least energy takes .* mJ"),
    ],
)
def test_a_limit_that_cannot_be_met_is_named_with_what_it_lacks(limits: Limits, said: str) -> None:
    problem = replace(with_energy(random_problem(1, cuts="any", max_error=1.0)), limits=limits)
    with pytest.raises(InfeasibleError, match=said):
        solve(problem)


def test_limits_that_fail_together_only() -> None:
    problem = random_problem(3, cuts="any", max_error=1.0)
    names = [layer.name for layer in problem.graph.layers]
    limits = Limits(None, 1.0, pinned={names[0]: "cloud"}, min_depth=1)
    reads_input = set(problem.graph.layers[0].inputs) & set(problem.graph.inputs)
    assert reads_input
    with pytest.raises(InfeasibleError, match="no cut pins these layers and keeps this depth"):
        solve(replace(problem, limits=limits))


@pytest.mark.parametrize("name", ["deadline_s", "period_s", "energy_j", "cloud_s", "min_depth"])
def test_limits_below_zero(name: str) -> None:
    with pytest.raises(UsageError, match="limit must be zero or more, not -1"):
        Limits(**{name: -1})


def test_pins_that_mean_nothing() -> None:
    with pytest.raises(UsageError, match="edge or cloud, not to 'moon'"):
        Limits(pinned={"l0": "moon"})
    with pytest.raises(UsageError, match="no layer 'nowhere' to pin"):
        replace(random_problem(0), limits=Limits(pinned={"nowhere": "edge"}))


def test_joules_need_a_device_that_states_them() -> None:
    problem = random_problem(0)
    with pytest.raises(UsageError, match="energy of this edge"):
        replace(problem, objective="energy")
    with pytest.raises(UsageError, match="energy of this edge"):
        replace(problem, limits=Limits(energy_j=1.0))
    assert replace(with_energy(problem), objective="energy").objective == "energy"


def test_minimum_depth_keeps_the_raw_input_on_the_device() -> None:
    seen = 0
    for seed in range(40):
        problem = random_problem(seed, cuts="any", max_error=10.0)
        problem = replace(problem, limits=replace(problem.limits, min_depth=1))
        try:
            plan = solve(problem).plan
        except InfeasibleError:
            continue
        assert not set(plan.boundary) & set(problem.graph.inputs)
        seen += len(plan.boundary) > 0
    assert seen > 3


def test_layers_that_only_move_data_add_no_depth() -> None:
    problem = random_problem(3, max_error=1.0)
    first, *others = problem.graph.layers
    graph = replace(problem.graph, layers=(replace(first, op="Slice"), *others))
    assert tensor_depths(graph)[first.outputs[0]] == 0
    assert tensor_depths(problem.graph)[first.outputs[0]] == 1


def test_an_evaluation_says_which_cuts_are_not_allowed() -> None:
    problem = random_problem(3, cuts="any", memory_bytes=10**9, max_error=10.0)
    plan = solve(replace(problem, limits=replace(problem.limits, pinned={"l0": "cloud"}))).plan
    assert parse_cut(problem.graph, plan.cut_key).layers == ()
    solution = solve(replace(problem, limits=replace(problem.limits, pinned={"l0": "edge"})))
    assert 0 in parse_cut(problem.graph, solution.plan.cut_key).layers


def test_pins_and_depth_count_in_an_evaluation() -> None:
    from evosplit.planner.problem.assignment import Assignment

    problem = random_problem(3, cuts="any", memory_bytes=10**9, max_error=10.0)
    everywhere = dict.fromkeys(problem.graph.tensors, 32)
    cloud_only = Assignment(frozenset(), {}, everywhere, everywhere)
    assert evaluate(problem, cloud_only).feasible
    for limits in (
        replace(problem.limits, pinned={"l0": "edge"}),
        replace(problem.limits, min_depth=1),
    ):
        assert not evaluate(replace(problem, limits=limits), cloud_only).feasible


@pytest.mark.parametrize("objective", ["energy", "cloud"])
def test_tables_of_other_objectives_are_envelopes_too(objective: str) -> None:
    for seed in range(6):
        problem = with_energy(random_problem(seed, cuts="any", max_error=0.1))
        problem = replace(problem, objective=objective)
        table = plan_table(problem)
        for bandwidth in (6e4, 1e6, 5e8):
            link = Link(bandwidth, problem.link.rtt_s)
            single = solve(replace(problem, link=link)).plan
            best = table.best(bandwidth)
            if objective == "cloud":
                assert best.latency.cloud_s == pytest.approx(single.latency.cloud_s, abs=2e-8)
            else:
                assert best.cut_key == single.cut_key


def test_no_table_where_the_best_plan_is_no_line() -> None:
    problem = random_problem(0, max_error=1.0)
    for changed in (
        replace(problem, objective="throughput"),
        replace(problem, limits=Limits(deadline_s=1.0)),
    ):
        with pytest.raises(UsageError, match="no table over bandwidths"):
            plan_table(changed)


def test_simulated_devices_send_eight_bit_pictures_and_offer_their_own_widths() -> None:
    import random

    problem = random_problem(3, cuts="any", max_error=1.0)
    rng = random.Random(1)  # noqa: S311
    edge = fake_device(rng, problem.graph, 1e-3, 8, (2, 4, 8))
    simulated = Problem(problem.graph, edge, problem.cloud, problem.errors, problem.link)
    assert simulated.bits.weights == simulated.bits.activations == (2, 4, 8)
    assert 16 in simulated.bits.wire
    name = next(name for name in problem.graph.inputs if problem.graph.tensors[name].is_float)
    tensor = next(one for one in every_choice(simulated).tensors if one.name == name)
    assert [(choice.bits, choice.error) for choice in tensor.activation] == [(8, 0.0)]
    raw = max(tensor.wire, key=lambda choice: choice.bits)
    assert (raw.bits, raw.error, raw.codec) == (8, 0.0, "none")


def test_the_codec_is_off_where_it_costs_more_than_it_saves() -> None:
    sent = 0
    for seed in range(30):
        problem = random_problem(seed, cuts="any", max_error=10.0)
        slow = replace(problem.edge, encode_s_per_byte=1.0)
        plan = solve(replace(problem, edge=slow, plain=CodecSpeed(0.0, 0.0))).plan
        assert all(code.codec == "none" for code in plan.wire.values())
        usual = solve(replace(problem, plain=CodecSpeed(1.0, 1.0))).plan
        assert all(code.codec is None for code in usual.wire.values())
        sent += bool(plan.wire) and bool(usual.wire)
    assert sent > 0


def test_an_encoding_of_the_input_is_chosen_where_it_pays() -> None:
    problem = next(
        one
        for one in (random_problem(seed, cuts="any", max_error=10.0) for seed in range(30))
        if one.graph.inputs == ("x",) and one.graph.tensors["x"].is_float
    )
    limits = replace(problem.limits, pinned={layer.name: "cloud" for layer in problem.graph.layers})
    problem = replace(problem, limits=limits)
    for error, expected in ((0.1, TensorCode(8, codec="jpeg-80")), (100.0, None)):
        encodings = (InputEncoding("jpeg-80", 10.0, error),)
        plan = solve(replace(problem, encodings=encodings)).plan
        assert (plan.wire["x"] == expected) == (expected is not None)
    assert problem_costs(problem).tensors[0].wire


def test_paper_memory_counts_the_largest_tensor_alone() -> None:
    smaller = 0
    for seed in range(40):
        problem = full_problem(seed)
        live = replace(problem.limits, memory_model="live")
        paper = replace(problem.limits, memory_model="paper")
        try:
            plan = solve(replace(problem, limits=live)).plan
        except InfeasibleError:
            continue
        again = solve(replace(problem, limits=paper)).plan
        assert again.edge_memory_bytes <= (problem.limits.memory_bytes or 0)
        smaller += plan.edge_memory_bytes > 0
    assert smaller > 10
