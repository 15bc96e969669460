"""`evosplit plan`: the best cut and bits for a link, and the table over all links."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

import click

from evosplit.cli.accuracy import Promised, keep_promise
from evosplit.cli.expectation import expectation_option, read_expectation
from evosplit.cli.options import BANDWIDTH, FILE, as_share, drop_option, json_option, model_argument
from evosplit.cli.output import print_json, print_table, stderr, stdout
from evosplit.cli.plan_data import plan_data, where
from evosplit.cli.planning import Asked, asked_calibration, asked_problem
from evosplit.cli.planning_options import planning_options
from evosplit.planner.drop.pictures import with_errors
from evosplit.planner.latency_interval import Interval, latency_interval
from evosplit.planner.problem import Problem
from evosplit.planner.problem.costs import Objective
from evosplit.planner.problem.limits import LimitStatus
from evosplit.planner.solve import Solution, solve
from evosplit.planner.table import plan_table
from evosplit.shared.errors import EvoSplitError
from evosplit.shared.graph import Graph
from evosplit.shared.plan import Plan, PlanTable
from evosplit.shared.replan import choices
from evosplit.shared.serial import to_data
from evosplit.shared.units import format_bandwidth, format_duration, format_size


@dataclass(frozen=True)
class _Answer:
    """All that the command found out."""

    graph: Graph
    solution: Solution
    interval: Interval
    table: PlanTable | None
    promised: Promised


@click.command()
@model_argument
@click.option("--bandwidth", "bandwidth_bps", type=BANDWIDTH, required=True, help="Uplink, as in 5mbit.")
@click.option(
    "--objective",
    type=click.Choice(get_args(Objective)),
    default="latency",
    show_default=True,
    help="What to have the least of: seconds of a frame, of the slowest stage, joules, or cloud seconds.",
)
@drop_option
@expectation_option
@click.option("--plot", type=FILE, help="Also draw the plan: a .svg, .pdf or .png file.")
@planning_options
@json_option
def plan(
    asked: Asked,
    bandwidth_bps: float,
    objective: Objective,
    max_drop: float | None,
    expect_file: Path | None,
    plot: Path | None,
    as_json: bool,
) -> None:
    r"""Choose where to cut MODEL and how many bits everything gets, for one link.

    \b
    Example: evosplit plan model.onnx --bandwidth 5mbit --rtt 20ms --memory 64MB --slowdown 8
    """
    graph = asked.graph()
    calibration = asked_calibration(graph, asked)
    offered = asked_problem(graph, asked, calibration, bandwidth_bps)
    offered = replace(offered, objective=objective, expectation=read_expectation(expect_file))
    promised = keep_promise(offered, asked, calibration, as_share(max_drop), _all_plans)
    problem = promised.kept.problem
    solution = solve(problem)
    solution = replace(solution, plan=with_errors(solution.plan, offered))
    interval = latency_interval(solution.plan, problem.edge, problem.cloud)
    table = _table(problem)
    if isinstance(table, EvoSplitError):
        stderr.print(f"{graph.name}: no table over bandwidths: {table}")
    known = table if isinstance(table, PlanTable) else None
    answer = _Answer(graph, solution, interval, known, promised)
    if plot:
        _draw(answer, plot)
    if as_json:
        print_json(_data(answer))
    else:
        _print(answer)


def _all_plans(problem: Problem) -> list[Plan]:
    """The plan that is asked for, and those of the table that is shown."""
    table = _table(problem)
    return [solve(problem).plan, *(choices(table) if isinstance(table, PlanTable) else ())]


def _table(problem: Problem) -> PlanTable | EvoSplitError:
    """The table, or why there is none: the plan for the one link stands without it."""
    try:
        return plan_table(_over_links(problem))
    except EvoSplitError as reason:
        return reason


def _over_links(problem: Problem) -> Problem:
    """What a table can answer: the least latency at every bandwidth, without limits that depend on it."""
    limits = replace(problem.limits, deadline_s=None, period_s=None, energy_j=None)
    return replace(problem, objective="latency", limits=limits)


def _draw(answer: _Answer, path: Path) -> None:
    from evosplit.cli.plan_picture import save_plan_picture  # matplotlib takes a second to import

    save_plan_picture(answer.graph, answer.solution.plan, path)


def _data(answer: _Answer) -> dict[str, Any]:
    solution, table = answer.solution, answer.table
    return {
        "model": solution.plan.model,
        **answer.promised.data,
        **plan_data(answer.graph, solution.plan),
        "latency_interval_s": [answer.interval.low_s, answer.interval.high_s],
        "solver": solution.solver,
        "solve_time_s": solution.solve_time_s,
        "limits": [to_data(status) for status in solution.limits],
        "table": table
        and {
            "breakpoints_bps": list(table.breakpoints_bps),
            "cuts": [one.cut_key for one in table.plans],
        },
    }


def _print(answer: _Answer) -> None:
    graph, solution = answer.graph, answer.solution
    title = f"Plan for {graph.name} at {format_bandwidth(solution.plan.link.bandwidth_bps)}"
    print_table(title, ("what", "value"), _facts(answer))
    print_table("Bits", ("what", "name", "bits"), _bits(solution.plan))
    print_table("Limits", ("limit", "reached", "of"), [_limit(status) for status in solution.limits])
    if answer.table:
        _print_table(graph, answer.table)
    stdout.print(f"solved by {solution.solver} in {format_duration(solution.solve_time_s)}")


def _facts(answer: _Answer) -> list[tuple[str, str]]:
    chosen, interval = answer.solution.plan, answer.interval
    latency = chosen.latency
    return [
        ("cut", where(answer.graph, chosen.cut_key)),
        ("latency", format_duration(latency.total_s)),
        ("expected", f"{format_duration(interval.low_s)} to {format_duration(interval.high_s)}"),
        ("on the edge", format_duration(latency.edge_s)),
        ("on the link", format_duration(latency.uplink_s)),
        ("in the cloud", format_duration(latency.cloud_s)),
        ("on the wire", format_size(chosen.wire_bytes)),
        ("edge memory", format_size(chosen.edge_memory_bytes)),
        ("error", f"{chosen.error:.3g}"),
        *_hooked(chosen),
    ]


def _hooked(chosen: Plan) -> list[tuple[str, str]]:
    """What a plan that counts on hooks says of them; its latency is then a mean over frames."""
    if chosen.exits is None:
        return []
    taps = ", ".join(chosen.exits) or "none"
    return [("exits at work", taps), ("frames that reach the cloud", f"{chosen.reach:.0%}")]


def _bits(chosen: Plan) -> list[tuple[str, str, int]]:
    wire = [("wire", name, code.bits) for name, code in chosen.wire.items()]
    return wire + [("weights", name, bits) for name, bits in chosen.weight_bits.items()]


def _limit(status: LimitStatus) -> tuple[str, str, str]:
    limit = "no limit" if status.limit is None else f"{status.limit:.4g} {status.unit}"
    return status.name, f"{status.value:.4g}", limit


def _print_table(graph: Graph, table: PlanTable) -> None:
    ends = (*(format_bandwidth(value) for value in table.breakpoints_bps), "any more")
    rows = (
        (f"up to {end}", where(graph, one.cut_key), format_size(one.wire_bytes))
        for end, one in zip(ends, table.plans, strict=True)
    )
    print_table("Plans over bandwidth", ("bandwidth", "cut", "on the wire"), rows)
