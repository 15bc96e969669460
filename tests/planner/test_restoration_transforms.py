"""Channel transforms as options of the planner: kept where they save bytes, priced, and never in the way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import onnx
import pytest
from graphs import MACHINE
from onnx import helper

from evosplit.kernels.errors.coded_steps import STEPS, CodedStep
from evosplit.kernels.errors.error_table import ErrorTable
from evosplit.kernels.errors.measure_table import measure_errors
from evosplit.kernels.errors.output_error import noise_to_signal
from evosplit.planner.bundle import build_bundle
from evosplit.planner.drop.split_run import SplitRun
from evosplit.planner.encodings import CodecSpeed
from evosplit.planner.problem import Problem
from evosplit.planner.problem.limits import Limits
from evosplit.planner.problem.one_step import OneStep
from evosplit.planner.restoration.feature_pairs import feature_pairs
from evosplit.planner.restoration.restorable_tensors import Restorable
from evosplit.planner.restoration.restorations import TensorRestorations, with_components, with_restorations
from evosplit.planner.restoration.transforms import LearnedTransform, learn_transform
from evosplit.planner.solve import solve
from evosplit.planner.table import plan_table
from evosplit.shared.bundle import Bundle
from evosplit.shared.errors import UsageError
from evosplit.shared.graph import Graph, load_graph, parse_cut
from evosplit.shared.link import Link
from evosplit.shared.plan import Plan
from evosplit.shared.profile import Profile
from evosplit.shared.restoration.transform import table_transforms
from evosplit.shared.session import Runner
from tests.models import save
from tests.smooth_net import smooth_feeds, two_stage_net

SIZE, FEW = 16, 24
FAST = CodecSpeed(0.0, 0.0)


def rectified(model: onnx.ModelProto) -> onnx.ModelProto:
    """The network with a rectifier in front of ``t``."""
    first = model.graph.node[0]
    first.output[0] = "linear"
    model.graph.node.insert(1, helper.make_node("Relu", ["linear"], ["t"]))
    return model


def learned_of(graph: Graph, errors: ErrorTable) -> LearnedTransform | None:
    place = Restorable(parse_cut(graph, "1"), "t")
    pairs = feature_pairs(graph, None, place, smooth_feeds(SIZE, FEW), 1)
    return learn_transform(graph, errors.activations["t"].coded, pairs)


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    return load_graph(save(two_stage_net(SIZE), tmp_path_factory.mktemp("net"), "net"))


@pytest.fixture(scope="module")
def errors(graph: Graph) -> ErrorTable:
    return measure_errors(graph, smooth_feeds(SIZE, 8), threads=1)


@pytest.fixture(scope="module")
def learned(graph: Graph, errors: ErrorTable) -> LearnedTransform:
    found = learned_of(graph, errors)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def problem(graph: Graph, errors: ErrorTable, learned: LearnedTransform) -> Problem:
    """An edge that reaches ``t`` at once, and a link on which bytes are all that counts."""

    def profile(early_s: float, late_s: float) -> Profile:
        seconds = (early_s, *[late_s] * (len(graph.layers) - 1))
        return Profile(graph.name, graph.sha256, MACHINE, 1, 1.0, seconds, {}, {}, 0.0, 0.0)

    known = with_restorations(errors, [known_of(learned)])
    sides = (profile(1e-6, 1.0), profile(0.5, 1e-6), known)
    return Problem(graph, *sides, Link(1e5, 0.001), coded=FAST, economical=FAST, transform_s_per_mac=1e-12)


def known_of(learned: LearnedTransform) -> TensorRestorations:
    return TensorRestorations(learned.network.model_sha256, "t", (), learned.steps)


def transforms(plan: Plan) -> set[str]:
    return {code.transform for code in plan.wire.values() if code.transform is not None}


def test_components_take_fewer_bytes_at_equal_error_of_unseen_inputs(graph, errors, learned) -> None:
    networks = {learned.network.name: learned.network}
    ladder = errors.activations["t"].coded
    coded = with_components(ladder, known_of(learned))
    assert {step.transform for step in coded} == {step.restoration for step in coded}
    assert {step.lagrange_multiplier is None for step in coded} == {True, False}
    assert all(step.transform_macs == 4 * 4 * (SIZE // 2) ** 2 for step in coded)
    unseen, whole = smooth_feeds(SIZE, 16, seed=9), Runner(graph.model)
    right = [whole.run(feeds) for feeds in unseen]
    step = min(
        (each for each in coded if each.lagrange_multiplier is None),
        key=lambda each: abs(each.relative - 0.02),
    )
    run = SplitRun(graph, plan_of(graph, step), restoration_of=networks.__getitem__)
    noise = noise_to_signal(right, [run.run(feeds) for feeds in unseen])
    assert 0.4 * step.error < noise < 2.5 * step.error
    no_worse = [each.wire_bytes for each in ladder if each.error <= step.error]
    assert step.wire_bytes < 0.97 * min(no_worse)


def plan_of(graph: Graph, step: CodedStep) -> Plan:
    cut = parse_cut(graph, "1")
    return replace(
        solve(Problem(graph, *_floats(graph), Link(1e6, 0.0))).plan,
        cut_key=cut.key,
        boundary=cut.boundary,
        weight_bits={},
        activation_bits={},
        wire={"t": step.code},
    )


def _floats(graph: Graph) -> tuple[Profile, Profile, ErrorTable]:
    seconds = (1e-3,) * len(graph.layers)
    profile = Profile(graph.name, graph.sha256, MACHINE, 1, 1.0, seconds, {}, {}, 0.0, 0.0)
    return profile, profile, ErrorTable(graph.name, graph.sha256, 0, {}, {}, {})


def test_behind_a_rectifier_none_is_kept(tmp_path) -> None:
    graph = load_graph(save(rectified(two_stage_net(SIZE)), tmp_path, "rectified"))
    errors = measure_errors(graph, smooth_feeds(SIZE, 8), threads=1)
    assert learned_of(graph, errors) is None


@pytest.mark.parametrize("limit", [0.3, 0.1, 0.03, 0.01, 0.003, 0.001])
def test_no_plan_is_worse_with_the_option(problem: Problem, errors: ErrorTable, limit: float) -> None:
    asked = replace(problem, limits=Limits(max_error=limit))
    without = solve(replace(asked, errors=errors)).plan
    chosen = solve(asked).plan
    assert chosen.latency.total_s <= without.latency.total_s
    assert chosen.error <= limit
    unable = solve(replace(asked, transform_s_per_mac=None)).plan
    assert not transforms(unable)


def test_a_tighter_limit_never_helps_with_the_option(problem: Problem) -> None:
    limits = np.geomspace(0.5, 1e-4, 16)
    totals = [
        solve(replace(problem, limits=Limits(max_error=limit))).plan.latency.total_s for limit in limits
    ]
    assert totals == sorted(totals)


def test_components_are_sent_where_they_pay_and_their_seconds_count(problem: Problem) -> None:
    asked = replace(problem, limits=Limits(max_error=0.01))
    plan = solve(asked).plan
    assert transforms(plan)
    slow = solve(replace(asked, transform_s_per_mac=1e-2)).plan
    assert not transforms(slow)
    assert plan.easier
    assert all(code.transform in transforms(plan) for codes in plan.easier.values() for code in codes)


def test_one_step_is_one_of_components_where_that_is_asked_for(problem: Problem) -> None:
    steps = problem.errors.activations["t"].coded
    for share in STEPS[:4]:
        ((plain,), (own,)) = (OneStep(share, are_transformed=kind).numbers(steps) for kind in (False, True))
        assert steps[plain].transform is None
        assert steps[own].transform is not None
        assert not steps[own].is_corrected
    plain_ladder = tuple(step for step in steps if step.transform is None)
    assert OneStep(STEPS[0], are_transformed=True).numbers(plain_ladder) == [0]


def test_a_bundle_carries_the_transforms_of_its_plans(graph, problem, learned, tmp_path) -> None:
    networks = {learned.network.name: learned.network}
    table = plan_table(replace(problem, limits=Limits(max_error=0.01)))
    (name,) = table_transforms(table)
    path = tmp_path / "net.evb"
    with pytest.raises(UsageError, match="transforms"):
        build_bundle(graph, table, None, path)
    digest = build_bundle(graph, table, None, path, restoration_of=networks.__getitem__)
    bundle = Bundle.open(path, digest)
    assert bundle.manifest.transforms == {name: f"transforms/{name}.onnx"}
    assert bundle.transforms()[name].tensor == "t"
