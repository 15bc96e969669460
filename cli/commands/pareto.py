"""`evosplit pareto`: everything that can be had of latency, edge memory and error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from evosplit.cli.accuracy import offered_without_drop
from evosplit.cli.options import BANDWIDTH, FILE, json_option, model_argument
from evosplit.cli.output import print_json, print_table, progress, stdout
from evosplit.cli.pareto_plot import write_plot
from evosplit.cli.plan_data import where
from evosplit.cli.planning import Asked, asked_calibration, asked_problem
from evosplit.cli.planning_options import planning_options
from evosplit.planner.pareto import FINEST, Front, pareto_front
from evosplit.shared.graph import Graph
from evosplit.shared.plan import Plan
from evosplit.shared.units import format_bandwidth, format_duration, format_size


@click.command()
@model_argument
@click.option("--bandwidth", "bandwidth_bps", type=BANDWIDTH, required=True, help="Uplink, as in 5mbit.")
@planning_options
@click.option(
    "--resolution",
    type=click.FloatRange(min=FINEST),
    default=0.25,
    show_default=True,
    help="Plans that differ by no more than this share in memory and in error count as one.",
)
@click.option("--plot", type=FILE, help="Also draw the front: a .svg, .pdf or .png file.")
@json_option
def pareto(asked: Asked, bandwidth_bps: float, resolution: float, plot: Path | None, as_json: bool) -> None:
    r"""List the plans of MODEL that no other plan beats in latency, edge memory and error at once.

    \b
    Example: evosplit pareto model.onnx --bandwidth 5mbit --slowdown 8 --plot front.svg
    """
    graph = asked.graph()
    calibration = asked_calibration(graph, asked)
    problem = offered_without_drop(asked_problem(graph, asked, calibration, bandwidth_bps))
    with progress(f"front of {graph.name}") as report:
        front = pareto_front(problem, resolution, progress=report)
    title = f"{graph.name} at {format_bandwidth(bandwidth_bps)}"
    if plot:
        write_plot(plot, title, front.plans)
    if as_json:
        print_json(
            {
                "model": graph.name,
                "calibration": calibration.kind,
                "devices": asked.devices,
                "bandwidth_bps": bandwidth_bps,
                "resolution": front.resolution,
                "least_error": front.least_error,
                "points": [_point(plan) for plan in front.plans],
            }
        )
    else:
        _print(title, graph, front)


def _point(plan: Plan) -> dict[str, Any]:
    return {
        "latency_s": plan.latency.total_s,
        "edge_memory_bytes": plan.edge_memory_bytes,
        "error": plan.error,
        "cut": plan.cut_key,
        "wire_bytes": plan.wire_bytes,
        "plan": plan.digest,
    }


def _print(title: str, graph: Graph, front: Front) -> None:
    columns = ("latency", "edge memory", "error", "on the wire", "cut")
    rows = (
        (
            format_duration(plan.latency.total_s),
            format_size(plan.edge_memory_bytes),
            f"{plan.error:.2g}",
            format_size(plan.wire_bytes),
            where(graph, plan.cut_key),
        )
        for plan in front.plans
    )
    print_table(title, columns, rows)
    stdout.print(
        f"no plan is missing that needs {front.resolution:.3g} less memory or error than one of these "
        f"(errors up to {front.least_error:g} count as none)"
    )
