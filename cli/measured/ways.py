"""Ways for a frame to go: a strategy of the engine, and the plan that it holds to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from evosplit.edge.pipeline.job import Strategy
from evosplit.library.band_rows import PLANNED, SPLIT
from evosplit.planner.baselines import cloud_jpeg, edge
from evosplit.planner.evaluate import evaluate
from evosplit.planner.problem import Problem
from evosplit.planner.problem.assignment import Assignment
from evosplit.shared.link import Link
from evosplit.shared.plan import FLOAT_BITS, Plan, PlanTable
from evosplit.shared.serial import digest


@dataclass(frozen=True)
class Way:
    """``plan`` is None for strategies that need none."""

    strategy: Strategy
    plan: Plan | None = None

    @property
    def run(self) -> tuple[str, str]:
        """What is really executed: ways of equal runs need to be played but once."""
        plan = self.plan
        parts = (plan.cut_key, dict(plan.weight_bits), dict(plan.wire)) if plan else ()
        return self.strategy, digest(parts)


def held_to(plan: Plan) -> Way:
    """Every frame by this plan."""
    return Way(PLANNED, plan)


def plain_ways(problem: Problem, table: PlanTable, link: Link) -> dict[str, Way]:
    """The ways without a split over one link.

    ``problem`` offers the pictures that keep the promise; of them the fastest JPEG is taken. The whole
    network in 8-bit integers is a way where the table's fallback is that: it keeps the promise, and is faster
    than in float32.
    """
    here = replace(problem, link=link)
    ways = {"edge": held_to(evaluate(here, edge(here)).plan)}
    if table.fallback is not None and is_narrow(table.fallback):
        ways["edge-int8"] = held_to(table.fallback)
    ways["cloud-raw"] = Way("cloud-raw")
    picture: Assignment | None = cloud_jpeg(here)
    if picture is not None:
        ways["cloud-jpeg"] = held_to(evaluate(here, picture).plan)
    return ways


def is_narrow(plan: Plan) -> bool:
    """Whether the edge computes in less than float32."""
    return any(bits != FLOAT_BITS for bits in plan.activation_bits.values())


def split_ways(splits: PlanTable, links: Sequence[Link], most: int) -> dict[str, Way]:
    """The predicted best true splits over these links, a way each; at most so many, evenly spread."""
    best = {plan.cut_key: plan for plan in (_fastest(splits, link) for link in links)}
    plans = list(best.values())
    step = max(1, -(-len(plans) // most))
    return {f"{SPLIT}:{plan.cut_key}": held_to(plan) for plan in plans[::step]}


def plans_of(ways: Mapping[str, Way]) -> list[Plan]:
    """The plans that an edge needs for these ways."""
    return [way.plan for way in ways.values() if way.plan is not None]


def listed(plans: Sequence[Plan], fallback: Plan | None = None) -> PlanTable:
    """All plans in one table, to be named one by one; its bandwidths say nothing."""
    breakpoints = tuple(float(index + 1) for index in range(len(plans) - 1))
    return PlanTable(plans[0].model, plans[0].model_sha256, 0.0, breakpoints, tuple(plans), fallback)


def _fastest(table: PlanTable, link: Link) -> Plan:
    return min(table.plans, key=lambda plan: plan.latency_at(link).total_s)
