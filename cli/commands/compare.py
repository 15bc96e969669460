"""`evosplit compare`: our plan beside every published planner and plain strategy."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from evosplit.cli.accuracy import offered_without_drop
from evosplit.cli.compare_plot import write_plot
from evosplit.cli.options import BANDWIDTH, FILE, json_option, model_argument
from evosplit.cli.output import print_json, print_table
from evosplit.cli.plan_data import size_or_dash, where
from evosplit.cli.planning import Asked, asked_calibration, asked_problem
from evosplit.cli.planning_options import planning_options
from evosplit.planner.compare import Row
from evosplit.planner.compare import compare as compare_strategies
from evosplit.shared.graph import Graph
from evosplit.shared.serial import to_data
from evosplit.shared.units import format_bandwidth, format_duration


@click.command()
@model_argument
@click.option("--bandwidth", "bandwidth_bps", type=BANDWIDTH, required=True, help="Uplink, as in 3mbit.")
@planning_options
@click.option("--plot", type=FILE, help="Also draw the latencies: a .svg, .pdf or .png file.")
@json_option
def compare(asked: Asked, bandwidth_bps: float, plot: Path | None, as_json: bool) -> None:
    r"""Compare our plan for MODEL with Neurosurgeon, QDMP, Auto-Split, and everything on one side.

    \b
    Example: evosplit compare model.onnx --devices paper --bandwidth 3mbit --memory 4MB
    """
    graph = asked.graph()
    calibration = asked_calibration(graph, asked)
    problem = offered_without_drop(asked_problem(graph, asked, calibration, bandwidth_bps))
    rows = compare_strategies(problem)
    if plot:
        write_plot(plot, f"{graph.name} at {format_bandwidth(bandwidth_bps)}", rows)
    if as_json:
        print_json(
            {
                "model": graph.name,
                "calibration": calibration.kind,
                "devices": asked.devices,
                "bandwidth_bps": bandwidth_bps,
                "rows": [to_data(row) for row in rows],
            }
        )
    else:
        _print(graph, bandwidth_bps, rows)


def _print(graph: Graph, bandwidth_bps: float, rows: Sequence[Row]) -> None:
    columns = ("strategy", "latency", "on the wire", "edge model", "error", "cut", "within limits")
    lines = (
        (
            row.strategy,
            "-" if row.latency_s is None else format_duration(row.latency_s),
            size_or_dash(row.wire_bytes),
            size_or_dash(row.edge_model_bytes),
            "-" if row.error is None else f"{row.error:.3g}",
            "-" if row.cut is None else where(graph, row.cut),
            "yes" if row.feasible else "no",
        )
        for row in rows
    )
    print_table(f"{graph.name} at {format_bandwidth(bandwidth_bps)}", columns, lines)
