"""`evosplit plan`: the best cut and bits for a link, and the table over all links."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import click

from evosplit.cli.expectation import expectation_option, read_expectation
from evosplit.cli.options import FILE, as_share, bandwidth_option, drop_option, json_option, model_argument
from evosplit.cli.output import print_notes, print_report, progress
from evosplit.cli.planning import Asked
from evosplit.cli.planning_options import planning_options
from evosplit.library.plan import plan_in
from evosplit.library.plan_report import PlanReport
from evosplit.planner.problem.costs import Objective


@click.command()
@model_argument
@bandwidth_option
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
    with progress() as report:
        setting = asked.setting(report, read_expectation(expect_file))
        planned = plan_in(setting, bandwidth_bps, objective, as_share(max_drop), report)
    print_notes(planned.notes)
    if plot:
        _draw(planned, plot)
    print_report(planned, as_json)


def _draw(planned: PlanReport, path: Path) -> None:
    from evosplit.library.plots.figure import file_figure, save_axes  # matplotlib takes a second to import
    from evosplit.library.plots.plan_picture import plot_plan

    save_axes(plot_plan(planned.graph, planned.plan, file_figure), path)
