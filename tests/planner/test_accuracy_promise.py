"""Which plans a promise leaves: without inputs, with few, with many; strict or by default."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from evosplit.kernels.errors.data_free import data_free_errors
from evosplit.kernels.errors.measure_table import measure_errors
from evosplit.planner.accuracy_promise import (
    DEFAULT_MAX_DROP,
    Promise,
    asked_promise,
    is_safe,
    keep,
    kept_line,
    safe,
)
from evosplit.planner.calibration.input_files import LabelledFeeds
from evosplit.planner.drop.accuracy import NO_DROP, Judge, is_exact
from evosplit.planner.drop.estimate import Drop
from evosplit.planner.drop.judges import judge_for
from evosplit.planner.encodings import InputEncoding
from evosplit.planner.problem import BitChoices, Problem
from evosplit.planner.problem.limits import Limits
from evosplit.planner.table import plan_table
from evosplit.shared.errors import InfeasibleError, UsageError
from evosplit.shared.graph import Graph, load_graph
from evosplit.shared.link import Link
from evosplit.shared.machine import this_machine
from evosplit.shared.plan import Plan
from evosplit.shared.profile import Profile
from evosplit.shared.replan import choices
from tests.models import chain_net, feeds, save

CODECS = tuple(InputEncoding(name, 700.0, 0.0) for name in ("raw8", "png", "jpeg-90"))


def profile(graph: Graph, layer_s: float) -> Profile:
    seconds = (layer_s,) * len(graph.layers)
    return Profile(graph.name, graph.sha256, this_machine(), 1, 1.0, seconds, {}, {}, 0.0, 0.0)


@pytest.fixture(scope="module")
def unknown(tmp_path_factory: pytest.TempPathFactory) -> Problem:
    """A slow edge and no calibration."""
    graph = load_graph(save(chain_net(), tmp_path_factory.mktemp("net")))
    sides = (profile(graph, 2e-2), profile(graph, 1e-4), data_free_errors(graph))
    return Problem(graph, *sides, Link(1e6, 0.001), bits=BitChoices(activations=(8, 32)), encodings=CODECS)


@pytest.fixture(scope="module")
def known(unknown: Problem) -> Problem:
    inputs = [feeds(chain_net(), seed) for seed in range(4)]
    return replace(unknown, errors=measure_errors(unknown.graph, inputs, threads=1), encodings=())


def plans_of(problem: Problem) -> Sequence[Plan]:
    return choices(plan_table(problem))


def losing(share: float, inputs: int = 16) -> Judge:
    """A judge by whom whatever has an error loses so much."""

    def judge(plan: Plan, max_drop: float) -> Drop:
        lost = share if plan.error else 0.0
        return Drop(inputs, 1.0, 0.0, lost / 2, 0.0, lost)

    return judge


def test_the_default_is_a_point_unless_an_error_limit_is_given() -> None:
    assert asked_promise(None, None) == Promise(DEFAULT_MAX_DROP)
    assert asked_promise(None, 0.1) == Promise(None)
    assert asked_promise(0.02, None) == asked_promise(0.02, 0.1) == Promise(0.02, is_strict=True)
    for wrong in (-0.1, 1.0, float("nan")):
        with pytest.raises(UsageError, match="from 0 up to 100 points"):
            asked_promise(wrong, None)


@pytest.mark.parametrize("promise", [Promise(None), Promise(0.01)])
def test_without_inputs_plans_are_safe(unknown: Problem, promise: Promise) -> None:
    kept = keep(unknown, promise, None, plans_of)
    plans = plans_of(kept.problem)
    assert not kept.is_shown
    assert all(map(is_safe, plans))
    assert not all(map(is_exact, plans))
    assert [one.name for one in kept.problem.encodings] == ["raw8", "png"]
    assert "no calibration inputs, so float weights, 8 bits or more" in kept_line("none", promise, kept)


def test_without_inputs_a_strict_promise_quantises_nothing(unknown: Problem) -> None:
    kept = keep(replace(unknown, encodings=()), Promise(0.001, is_strict=True), None, plans_of)
    assert kept.is_shown
    assert all(map(is_exact, plans_of(kept.problem)))
    assert "nothing is quantised" in kept_line("none", Promise(0.001), kept)


def test_an_error_limit_holds_for_errors_that_were_measured(known: Problem) -> None:
    asked = replace(known, limits=Limits(max_error=0.1))
    kept = keep(asked, asked_promise(None, 0.1), None, plans_of)
    assert kept.problem is asked
    assert not all(map(is_safe, plans_of(kept.problem)))


def test_what_holds_is_offered(known: Problem) -> None:
    kept = keep(known, Promise(0.01), losing(0.005), plans_of)
    assert kept.is_shown
    assert kept.choice is not None
    assert not all(map(is_safe, plans_of(kept.problem)))
    assert "0.01" not in kept_line("card", Promise(0.01), kept)
    assert "calibration: card; a drop of at most 1 points holds" in kept_line("card", Promise(0.01), kept)


def test_what_cannot_be_shown_is_as_safe_as_can_be(known: Problem) -> None:
    """Sixteen inputs none of which changes: nothing that is quantised may be promised, but all is served."""

    def judge(plan: Plan, max_drop: float) -> Drop:
        return Drop(16, 1.0, 0.0, 0.004, 0.0, 0.1) if plan.error else NO_DROP

    kept = keep(known, Promise(0.01), judge, plans_of)
    plans = plans_of(kept.problem)
    assert not kept.is_shown
    assert all(map(is_safe, plans))
    assert not all(map(is_exact, plans))
    assert "too little to show" in kept_line("card", Promise(0.01), kept)


def test_what_serves_without_inputs_serves_with_few_of_them_too(known: Problem) -> None:
    """Codes of 16 bits are shown to hold, those of 8 only expected to: inputs do not make plans slower."""

    def judge(plan: Plan, max_drop: float) -> Drop:
        is_fine = all(code.bits > 8 for code in plan.wire.values()) and set(plan.weight_bits.values()) <= {32}
        return NO_DROP if is_fine else Drop(32, 1.0, 0.0, 0.004, 0.0, 0.02)

    kept = keep(known, Promise(0.01), judge, plans_of)
    assert any(code.bits == 8 for plan in plans_of(kept.problem) for code in plan.wire.values())
    strict = keep(known, Promise(0.01, is_strict=True), judge, plans_of)
    assert all(code.bits > 8 for plan in plans_of(strict.problem) for code in plan.wire.values())


def test_what_is_seen_to_lose_is_not_offered_by_default_either(known: Problem) -> None:
    def judge(plan: Plan, max_drop: float) -> Drop:
        return Drop(16, 1.0, 0.2, 0.2, 0.1, 0.4)

    kept = keep(known, Promise(0.01), judge, plans_of)
    assert all(map(is_exact, plans_of(kept.problem)))
    assert kept.is_shown


def test_a_strict_promise_is_kept_or_refused(known: Problem) -> None:
    kept = keep(known, Promise(0.01, is_strict=True), losing(0.1), plans_of)
    assert all(map(is_exact, plans_of(kept.problem)))
    last = known.graph.layers[-1].name
    packed = replace(known, bits=BitChoices(weights=(4, 8)), limits=Limits(pinned={last: "edge"}))
    with pytest.raises(InfeasibleError, match="within 1 points"):
        keep(packed, Promise(0.01, is_strict=True), losing(0.1), plans_of)


def test_where_no_safe_plan_fits_the_default_takes_the_most_accurate(known: Problem) -> None:
    """A memory that float weights do not fit, and a layer that must be on the edge."""
    first = next(layer.name for layer in known.graph.layers if layer.weights)
    whole = min(plan.edge_memory_bytes for plan in plans_of(safe(pinned(known, first, None))))
    tight = pinned(known, first, whole - 1)
    kept = keep(tight, Promise(0.01), losing(0.1), plans_of)
    assert not kept.is_shown
    assert kept.choice is None
    assert all(plan.edge_memory_bytes < whole for plan in plans_of(kept.problem))
    assert "as accurate as the limits allow" in kept_line("card", Promise(0.01), kept)


def pinned(problem: Problem, layer: str, memory: int | None) -> Problem:
    return replace(problem, limits=Limits(memory_bytes=memory, pinned={layer: "edge"}))


def test_an_own_error_limit_is_not_exceeded(known: Problem) -> None:
    asked = replace(known, limits=Limits(max_error=1e-4))
    kept = keep(asked, asked_promise(0.5, 1e-4), losing(0.0), plans_of)
    assert all(plan.error <= 1e-4 for plan in plans_of(kept.problem))


def test_sixteen_real_inputs_get_plans(known: Problem) -> None:
    inputs = tuple(feeds(chain_net(), seed) for seed in range(16))
    judge = judge_for(known.graph, None, LabelledFeeds(inputs, None), known.errors)
    kept = keep(known, Promise(DEFAULT_MAX_DROP), judge, plans_of)
    assert kept.choice is not None
    assert kept.choice.drop.measured <= DEFAULT_MAX_DROP
    assert np.all([is_safe(plan) or kept.is_shown for plan in plans_of(kept.problem)])
