"""`evosplit pareto`: everything that can be had of latency, edge memory and error."""

from __future__ import annotations

from pathlib import Path

import click

from evosplit.cli.options import FILE, bandwidth_option, json_option, model_argument
from evosplit.cli.output import print_notes, print_report, progress
from evosplit.cli.planning import Asked
from evosplit.cli.planning_options import planning_options
from evosplit.library.pareto import pareto_in
from evosplit.library.plots.figure import file_axes, save_axes
from evosplit.planner.pareto import FINEST


@click.command()
@model_argument
@bandwidth_option
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
    with progress() as report:
        front = pareto_in(asked.setting(report), bandwidth_bps, resolution, report)
    print_notes(front.notes)
    if plot:
        save_axes(front.plot(file_axes()), plot)
    print_report(front, as_json, {"devices": asked.devices})
