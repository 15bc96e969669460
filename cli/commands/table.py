"""`evosplit table`: the best plan for every bandwidth."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

import click

from evosplit.cli.accuracy import keep_promise
from evosplit.cli.expectation import expectation_option, read_expectation
from evosplit.cli.options import as_share, drop_option, json_option, model_argument
from evosplit.cli.output import print_json, print_table, stdout
from evosplit.cli.plan_data import plan_data, where
from evosplit.cli.planning import Asked, asked_calibration, asked_problem
from evosplit.cli.planning_options import planning_options
from evosplit.planner.drop.pictures import table_with_errors
from evosplit.planner.problem import Problem
from evosplit.planner.table import MAX_BANDWIDTH_BPS, MIN_BANDWIDTH_BPS, plan_table
from evosplit.shared.graph import Graph
from evosplit.shared.plan import Plan, PlanTable
from evosplit.shared.replan import choices
from evosplit.shared.units import format_bandwidth, format_duration, format_size

_ANY_BANDWIDTH_BPS: Final = 1e6
"""A table covers all bandwidths; its problem needs one all the same."""


@click.command()
@model_argument
@planning_options
@drop_option
@expectation_option
@json_option
def table(asked: Asked, max_drop: float | None, expect_file: Path | None, as_json: bool) -> None:
    r"""Find the plans of MODEL that are optimal for some bandwidth, and where one takes over from another.

    \b
    Example: evosplit table model.onnx --rtt 20ms --memory 64MB --slowdown 8
    """
    graph = asked.graph()
    calibration = asked_calibration(graph, asked)
    offered = asked_problem(graph, asked, calibration, _ANY_BANDWIDTH_BPS)
    offered = replace(offered, expectation=read_expectation(expect_file))
    promised = keep_promise(offered, asked, calibration, as_share(max_drop), _all_plans)
    found = table_with_errors(plan_table(promised.kept.problem), offered)
    if as_json:
        print_json(
            {
                "model": graph.name,
                **promised.data,
                "devices": asked.devices,
                "rtt_s": found.rtt_s,
                "bandwidth_range_bps": [MIN_BANDWIDTH_BPS, MAX_BANDWIDTH_BPS],
                "breakpoints_bps": list(found.breakpoints_bps),
                "plans": [plan_data(graph, one) for one in found.plans],
                "fallback": None if found.fallback is None else plan_data(graph, found.fallback),
            }
        )
    else:
        _print(graph, found)


def _all_plans(problem: Problem) -> tuple[Plan, ...]:
    return choices(plan_table(problem))


def _print(graph: Graph, found: PlanTable) -> None:
    starts = (MIN_BANDWIDTH_BPS, *found.breakpoints_bps)
    columns = ("from", "cut", "latency there", "on the wire", "edge memory", "error")
    rows = (
        (
            format_bandwidth(start),
            where(graph, one.cut_key),
            format_duration(one.latency.total_s),
            format_size(one.wire_bytes),
            format_size(one.edge_memory_bytes),
            f"{one.error:.3g}",
        )
        for start, one in zip(starts, found.plans, strict=True)
    )
    print_table(f"Plans for {graph.name} over bandwidth", columns, rows)
    if found.fallback is None:
        stdout.print("without a link: no plan within the limits")
    else:
        stdout.print(f"without a link: all on the edge, {format_duration(found.fallback.latency.total_s)}")
