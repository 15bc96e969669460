"""Simulated frames under plans from a wrong profile, on a device of the right one; real networks.

The table, the filter, the rule and the tries are the agent's; only the seconds are drawn: the right ones with
5 % of noise, one step in fifty three times as long.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.planner_tables import Source, network
from evosplit.kernels.device_profile import DeviceProfiler
from evosplit.library.cache import local_store
from evosplit.planner.problem.limits import DEFAULT_MAX_ERROR, Limits
from evosplit.planner.service import service_problem
from evosplit.planner.table import plan_table
from evosplit.shared.correction.corrections import Measured, corrections_of
from evosplit.shared.correction.plan_course import Course
from evosplit.shared.correction.predicted_terms import Beside
from evosplit.shared.link import Link
from evosplit.shared.machine import this_machine
from evosplit.shared.plan import Plan, PlanTable
from evosplit.shared.profile import Profile
from evosplit.shared.replan import choices, fastest, replan
from evosplit.shared.slowdown import slowed

FRAMES: Final = 500
NEARLY: Final = 1.02
"""A plan within a fiftieth of the best one counts as the best: the rule ignores smaller gains."""
_NOISE: Final = 0.05
_BURST: Final = 0.02


@dataclass(frozen=True)
class Case:
    """One network whose edge's profile says ``wrong`` times what it takes."""

    name: str
    wrong: float
    table: PlanTable
    beside: Beside


def case(name: str, wrong: float, rtt_s: float, slowdown: float) -> Case:
    """The table that the plan service makes of a wrong profile."""
    known = network(Source(name))
    right = DeviceProfiler(local_store()).profile(known.graph, None, slowdown)
    cloud = DeviceProfiler(local_store(), this_machine().cores).profile(known.graph)
    told = slowed(right, wrong)
    problem = service_problem(
        known.graph, told, cloud, known.errors, rtt_s, Limits(max_error=DEFAULT_MAX_ERROR)
    )
    return Case(name, wrong, plan_table(problem), _beside(told))


def _beside(profile: Profile) -> Beside:
    return Beside(profile.frame_s, profile.prepare_s)


def right_s(simulated: Case, plan: Plan, link: Link) -> float:
    """What a frame takes without noise."""
    told = plan.latency_at(link)
    return told.edge_s / simulated.wrong + told.uplink_s + told.cloud_s


def run(simulated: Case, link: Link, seed: int) -> dict[str, Any]:
    """Frames until the plan in use stays the best one of the table, and what all of them lost."""
    used = _play(simulated, link, random.Random(seed))  # noqa: S311
    every = {plan.digest: right_s(simulated, plan, link) for plan in choices(simulated.table)}
    best_s = min(every.values())
    took_s = [every[plan.digest] for plan, _ in used]
    off = [not is_try and every[plan.digest] > NEARLY * best_s for plan, is_try in used]
    first = every[used[0][0].digest]
    return {
        "network": simulated.name,
        "told": simulated.wrong,
        "bandwidth_bps": link.bandwidth_bps,
        "plans": len(every),
        "first_plan_off": first / best_s - 1,
        "frames_until_best": max((index + 1 for index, late in enumerate(off) if late), default=0),
        "regret": sum(took_s) / len(took_s) / best_s - 1,
    }


def _play(simulated: Case, link: Link, rng: random.Random) -> Sequence[tuple[Plan, bool]]:
    course = Course(corrections_of(choices(simulated.table), simulated.beside))
    current, used = replan(simulated.table, link, None), []
    for _ in range(FRAMES):
        priced = course.priced(link)
        course, plan = course.next_frame(
            priced, current, fastest(simulated.table, link, priced), lambda _plan: True
        )
        used.append((plan, plan is not current))
        course = course.learn(_frame(simulated, plan, link, rng))
        wanted = replan(simulated.table, link, current, course.priced(link), course.owed)
        course, current = (course if wanted is current else course.changed()), wanted
    return used


def _frame(simulated: Case, plan: Plan, link: Link, rng: random.Random) -> Measured:
    prepare_s = simulated.beside.prepare_s / simulated.wrong * _noise(rng)
    edge_s = (
        (plan.latency.edge_s - simulated.beside.frame_s - simulated.beside.prepare_s)
        / simulated.wrong
        * _noise(rng)
    )
    if not plan.wire_bytes:
        return Measured(plan.digest, prepare_s, edge_s)
    air_s = 8 * plan.wire_bytes / link.bandwidth_bps
    jitter_s = rng.expovariate(1 / (0.02 * link.rtt_s))
    cloud_s = plan.latency.cloud_s * _noise(rng)
    return Measured(plan.digest, prepare_s, edge_s, cloud_s, jitter_s, air_s, plan.wire_bytes)


def _noise(rng: random.Random) -> float:
    off = math.exp(rng.gauss(0, _NOISE) - _NOISE**2 / 2)
    return 3 * off if rng.random() < _BURST else off


def both_ways(name: str, rtt_s: float, slowdown: float) -> list[Case]:
    """A profile that says half, and one that says twice of what the edge takes."""
    return [case(name, wrong, rtt_s, slowdown) for wrong in (0.5, 2.0)]
