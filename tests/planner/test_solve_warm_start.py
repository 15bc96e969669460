from dataclasses import replace

import pytest
from full_problems import full_problem
from graphs import random_problem

from benchmarks.warm_planning import resolve, warm
from evosplit.planner.problem import Problem
from evosplit.planner.solve import solve
from evosplit.shared.errors import InfeasibleError
from evosplit.shared.link import Link
from evosplit.shared.profile import Profile


def slowed(profile: Profile, factor: float) -> Profile:
    return replace(
        profile,
        layer_s=tuple(factor * seconds for seconds in profile.layer_s),
        head_s={cut: factor * seconds for cut, seconds in profile.head_s.items()},
        tail_s={cut: factor * seconds for cut, seconds in profile.tail_s.items()},
        encode_s_per_byte=factor * profile.encode_s_per_byte,
        decode_s_per_byte=factor * profile.decode_s_per_byte,
    )


@pytest.mark.parametrize("start", range(0, 40, 10))
def test_other_links_and_speeds_give_what_a_fresh_solve_gives(start: int) -> None:
    changes = [(1.0, 1.0, 1.0), (0.3, 1.0, 1.0), (4.0, 2.5, 1.0), (1.0, 1.0, 50.0), (0.5, 0.2, 3.0)]
    for seed in range(start, start + 10):
        problem = random_problem(seed, cuts="any", max_error=0.2)
        state = warm(problem)
        for faster, edge, cloud in changes:
            link = Link(faster * problem.link.bandwidth_bps, problem.link.rtt_s)
            fresh = replace(
                problem, link=link, edge=slowed(problem.edge, edge), cloud=slowed(problem.cloud, cloud)
            )
            found, state = resolve(state, link, edge, cloud)
            expected = solve(fresh).plan
            assert found.plan.latency.total_s == pytest.approx(expected.latency.total_s, rel=1e-8), seed


def test_an_infeasible_problem_stays_so() -> None:
    problem: Problem = random_problem(1, cuts="any", memory_bytes=10, max_error=1.0)
    with pytest.raises(InfeasibleError, match="memory"):
        resolve(warm(problem))


def test_all_objectives_start_from_the_last_plan() -> None:
    compared = 0
    for seed in range(80):
        problem = full_problem(seed)
        other = Link(1.3 * problem.link.bandwidth_bps, problem.link.rtt_s)
        try:
            _, state = resolve(warm(problem))
            again, _ = resolve(state, other)
            fresh = solve(replace(problem, link=other))
        except InfeasibleError:
            continue
        compared += 1
        name = {"latency": "deadline", "throughput": "period"}.get(problem.objective, problem.objective)
        warm_value, value = (
            next(status.value for status in one.limits if status.name == name) for one in (again, fresh)
        )
        assert warm_value == pytest.approx(value, rel=1e-8, abs=2e-9), seed
        assert all(status.met for status in again.limits)
    assert compared >= 20
