"""The choice of a plan by its measured drop: with made-up judges, small networks, and the real ones."""

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from graphs import MACHINE

from evosplit.kernels.errors.measure_table import measure_errors
from evosplit.planner.drop.accuracy import ERROR_LIMITS, NO_DROP, choose_limit, limited
from evosplit.planner.drop.estimate import Drop
from evosplit.planner.drop.margins import reader_for
from evosplit.planner.drop.measured import MeasuredDrop
from evosplit.planner.problem import BitChoices, Problem
from evosplit.planner.problem.limits import Limits
from evosplit.planner.solve import solve
from evosplit.planner.table import plan_table
from evosplit.shared.card import check_card, load_card
from evosplit.shared.errors import InfeasibleError, InputError, UsageError
from evosplit.shared.graph import Graph, load_graph
from evosplit.shared.link import Link
from evosplit.shared.pictures import decode_picture
from evosplit.shared.plan import Plan
from evosplit.shared.preprocess import preprocess
from evosplit.shared.profile import Profile
from evosplit.shared.replan import choices
from evosplit.shared.session import Runner
from tests.models import chain_net, feeds, save

CARDS = Path(__file__).parents[2] / "cli" / "cards"


def problem_of(
    graph: Graph, calibration: list[dict[str, np.ndarray]], edge_s: float, bandwidth: float
) -> Problem:
    def profile(scale_s: float) -> Profile:
        total = sum(layer.macs for layer in graph.layers)
        seconds = tuple(scale_s * (layer.macs / total + 0.001) for layer in graph.layers)
        return Profile(graph.name, graph.sha256, MACHINE, 1, 1.0, seconds, {}, {}, 0.0, 0.0)

    errors = measure_errors(graph, calibration, threads=1)
    return Problem(graph, profile(edge_s), profile(edge_s / 50), errors, Link(bandwidth, 0.001))


def at(problem: Problem) -> Callable[[float], tuple[Plan, ...]]:
    return lambda limit: (solve(limited(problem, limit)).plan,)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Problem, list[dict[str, np.ndarray]]]:
    model = chain_net()
    graph = load_graph(save(model, tmp_path_factory.mktemp("net")))
    inputs = [feeds(model, seed) for seed in range(40)]
    return problem_of(graph, inputs[:4], 0.02, 2e6), inputs


def drop_of(upper: float) -> Drop:
    return Drop(100, 0.9, upper / 2, upper / 2, 0.0, upper)


def test_the_first_limit_that_holds_wins(small) -> None:
    problem, _ = small
    asked: list[float] = []

    def judge(plan: Plan, max_drop: float) -> Drop:
        assert max_drop == 0.02
        asked.append(plan.error)
        return drop_of(10 * plan.error)

    chosen = choose_limit(at(problem), judge, 0.02)
    assert chosen.drop.holds(0.02)
    assert chosen.plans[0].error <= 0.002
    assert len(asked) <= 6, "bisected: not every limit is looked at"
    larger = ERROR_LIMITS[ERROR_LIMITS.index(chosen.max_error) - 1]
    (cheaper,) = at(problem)(larger)
    assert 10 * cheaper.error > 0.02
    (slower,) = at(problem)(chosen.max_error / 10)
    assert chosen.plans[0].latency.total_s <= slower.latency.total_s + 1e-9


@pytest.mark.parametrize("boundary", [*ERROR_LIMITS, -1.0])
@pytest.mark.parametrize("least", [1e-5, 0.0, 20.0])
def test_the_largest_limit_that_holds_is_found_among_those_that_can_be_met(
    small, boundary: float, least: float
) -> None:
    problem, _ = small
    (plan,) = at(problem)(1.0)

    def plans_at(limit: float) -> tuple[Plan, ...]:
        if limit < least:
            raise InfeasibleError("another limit")
        return (replace(plan, error=limit),)

    def judge(plan: Plan, _: float) -> Drop:
        return drop_of(0.0 if plan.error <= boundary else 1.0)

    right = [limit for limit in ERROR_LIMITS if least <= limit <= boundary]
    if not right:
        with pytest.raises(InfeasibleError):
            choose_limit(plans_at, judge, 0.01)
    else:
        assert choose_limit(plans_at, judge, 0.01).max_error == right[0]


def test_limits_fall_to_zero() -> None:
    assert list(ERROR_LIMITS) == sorted(ERROR_LIMITS, reverse=True)
    assert ERROR_LIMITS[-1] == 0


def test_all_plans_of_a_table_must_hold(small) -> None:
    problem, _ = small
    chosen = choose_limit(
        lambda limit: choices(plan_table(limited(problem, limit))), lambda plan, _: drop_of(plan.error), 0.01
    )
    assert len(chosen.plans) > 1
    assert all(plan.error <= 0.01 for plan in chosen.plans)
    assert chosen.drop.upper == max(plan.error for plan in chosen.plans)


def test_nothing_holds_within_the_other_limits(small) -> None:
    problem, _ = small
    tight = replace(
        problem,
        bits=BitChoices(weights=(4, 8)),
        limits=Limits(pinned={problem.graph.layers[-1].name: "edge"}),
    )
    with pytest.raises(InfeasibleError, match=r"within 1 points: the most accurate one may drop by 50 "):
        choose_limit(at(tight), lambda *_: drop_of(0.5), 0.01, limits=(10.0, 1.0))
    assert choose_limit(at(problem), lambda *_: drop_of(0.5), 0.01).drop == NO_DROP, "float needs no proof"
    with pytest.raises(InfeasibleError, match="memory"):
        choose_limit(at(replace(problem, limits=Limits(memory_bytes=10))), lambda *_: drop_of(0), 0.01)
    for wrong in (-0.1, 1.0, float("nan")):
        with pytest.raises(UsageError, match="from 0 up to 100 points"):
            choose_limit(at(problem), lambda *_: drop_of(0), wrong)
    with pytest.raises(UsageError, match="no plans"):
        choose_limit(lambda _: (), lambda *_: drop_of(0), 0.01)


def test_measured_against_running_by_hand(small) -> None:
    problem, inputs = small
    graph = problem.graph
    runner = Runner(graph.model)
    answers = [int(runner.run(one)["y"].argmax()) for one in inputs]
    labels = [answer if index % 4 else (answer + 1) % 5 for index, answer in enumerate(answers)]
    (plan,) = at(problem)(1.0)
    reader = reader_for(graph, None)
    agreement = MeasuredDrop(graph, reader, inputs)(plan, 1.0)
    accuracy = MeasuredDrop(graph, reader, inputs, labels)(plan, 1.0)
    assert agreement.accuracy == 1
    assert accuracy.accuracy == 0.75
    assert agreement.inputs == accuracy.inputs == 40
    assert abs(accuracy.measured) <= agreement.measured <= agreement.promised
    (exact,) = at(problem)(0.0)
    assert MeasuredDrop(graph, reader, inputs)(exact, 0.01).measured == 0


def test_a_hopeless_plan_is_given_up_early_and_equal_plans_run_once(small) -> None:
    problem, inputs = small
    steps: list[int] = []
    judge = MeasuredDrop(
        problem.graph,
        reader_for(problem.graph, None),
        inputs * 4,
        progress=lambda done, _: steps.append(done),
    )
    plan = replace(at(problem)(10.0)[0], wire={})
    crushed = replace(plan, weight_bits=dict.fromkeys(plan.weight_bits, 2))
    first = judge(crushed, 0.0)
    if first.measured > 0:
        assert not first.holds(0.0)
    count = len(steps)
    assert judge(crushed, 0.0) == first
    assert len(steps) == count


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([1], "1 labels for 40"),
        (["cat"] * 40, "cannot be compared"),
        ([7] * 40, "none of the network's 5 classes"),
    ],
)
def test_labels_that_do_not_fit(small, labels: list[int | str], message: str) -> None:
    problem, inputs = small
    with pytest.raises(InputError, match=message):
        MeasuredDrop(problem.graph, reader_for(problem.graph, None), inputs, labels)


def test_no_inputs_and_labels_that_are_all_wrong(small) -> None:
    problem, inputs = small
    reader = reader_for(problem.graph, None)
    with pytest.raises(InputError, match="no calibration inputs"):
        MeasuredDrop(problem.graph, reader, [])
    runner = Runner(problem.graph.model)
    wrong = [(int(runner.run(one)["y"].argmax()) + 1) % 5 for one in inputs]
    with pytest.raises(InputError, match="none of the labels right"):
        MeasuredDrop(problem.graph, reader, inputs, wrong)


def test_cifar_photographs_not_seen(shared_models: Path, shared_data: Path) -> None:
    graph = load_graph(shared_models / "resnet20_cifar10.onnx")
    card = check_card(load_card(CARDS / "resnet20_cifar10.yaml"), graph)
    content = np.load(shared_data / "cifar10" / "cifar10.npz")
    inputs = [dict(preprocess(card, picture)) for picture in content["x_test"][:240]]
    labels = [int(label) for label in content["y_test"][:240]]
    check_max_drop(graph, card, inputs, labels)


def test_plates_not_seen(shared_models: Path, shared_data: Path) -> None:
    graph = load_graph(shared_models / "lprnet.onnx")
    card = check_card(load_card(CARDS / "lprnet.yaml"), graph)
    paths = sorted((shared_data / "plates").glob("*.jpg"))[::3]
    inputs = [dict(preprocess(card, decode_picture(path.read_bytes()))) for path in paths]
    check_max_drop(graph, card, inputs, [path.stem for path in paths])


def test_the_labels_file_of_the_photographs_is_read(shared_data: Path, shared_models: Path) -> None:
    from evosplit.planner.calibration.input_files import labelled_feeds

    graph = load_graph(shared_models / "squeezenet1.1.onnx")
    card = check_card(load_card(CARDS / "squeezenet1.1.yaml"), graph)
    found = labelled_feeds(graph, card, shared_data / "imagenet", 5)
    with (shared_data / "imagenet" / "labels.csv").open() as stream:
        known = {row["file"]: int(row["class_index"]) for row in csv.DictReader(stream)}
    assert found.labels is not None
    assert set(found.labels) <= set(known.values())
    drop = MeasuredDrop(graph, reader_for(graph, card), found.feeds, found.labels)
    assert drop is not None


def check_max_drop(
    graph: Graph, card, inputs: list[dict[str, np.ndarray]], labels: list[int] | list[str]
) -> None:
    """Chosen on every other input, a plan for a slow edge and a fast link holds its drop on the rest."""
    reader, points = reader_for(graph, card), 0.02
    problem = problem_of(graph, inputs[:8:2], 0.5, 2e6)
    judge = MeasuredDrop(graph, reader, inputs[::2], labels[::2])
    chosen = choose_limit(at(problem), judge, points, limits=(0.1, 0.01, 0.001, 2e-4, 5e-5, 0.0))
    plan = chosen.plans[0]
    assert any(code.bits < 32 for code in plan.wire.values()) or plan.error > 0
    unseen = MeasuredDrop(graph, reader, inputs[1::2], labels[1::2])(plan, 1.0)
    assert unseen.inputs == len(inputs) // 2
    assert unseen.measured <= points
