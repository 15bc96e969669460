"""`evosplit compare`: our plan beside every published planner and plain strategy."""

from __future__ import annotations

from pathlib import Path

import click

from evosplit.cli.options import FILE, bandwidth_option, json_option, model_argument
from evosplit.cli.output import print_notes, print_report, progress
from evosplit.cli.planning import Asked
from evosplit.cli.planning_options import planning_options
from evosplit.library.compare import compare_in
from evosplit.library.plots.figure import file_axes, save_axes


@click.command()
@model_argument
@bandwidth_option
@planning_options
@click.option("--plot", type=FILE, help="Also draw the latencies: a .svg, .pdf or .png file.")
@json_option
def compare(asked: Asked, bandwidth_bps: float, plot: Path | None, as_json: bool) -> None:
    r"""Compare our plan for MODEL with Neurosurgeon, QDMP, Auto-Split, and everything on one side.

    \b
    Example: evosplit compare model.onnx --devices paper --bandwidth 3mbit --memory 4MB
    """
    with progress() as report:
        comparison = compare_in(asked.setting(report), bandwidth_bps)
    print_notes(comparison.notes)
    if plot:
        save_axes(comparison.plot(file_axes()), plot)
    print_report(comparison, as_json, {"devices": asked.devices})
