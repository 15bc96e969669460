"""`evosplit compare`: our plan beside every published planner and plain strategy."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from evosplit.cli.options import (
    FILE,
    FOLDER,
    any_bandwidth_option,
    as_share,
    drop_option,
    json_option,
    model_argument,
    uplinks_option,
)
from evosplit.cli.output import print_notes, print_report, progress
from evosplit.cli.planning import Asked
from evosplit.cli.planning_options import planning_options
from evosplit.library.bands import BandReport
from evosplit.library.compare import CompareReport, compare_in
from evosplit.library.plots.figure import file_axes, save_axes
from evosplit.shared.errors import UsageError


@click.command()
@model_argument
@any_bandwidth_option
@planning_options
@click.option("--measured", is_flag=True, help="Play every strategy over shaped links, and time its frames.")
@uplinks_option
@click.option("--images", type=FOLDER, help="With --measured: pictures to play. [default: --calibration]")
@click.option(
    "--seconds",
    type=click.FloatRange(min=0),
    default=8.0,
    show_default=True,
    help="With --measured: how long to play over each uplink.",
)
@drop_option
@click.option("--plot", type=FILE, help="Also draw the latencies: a .svg, .pdf or .png file.")
@json_option
def compare(
    asked: Asked,
    measured: bool,
    uplinks: Sequence[float],
    images: Path | None,
    seconds: float,
    max_drop: float | None,
    plot: Path | None,
    as_json: bool,
    bandwidth_bps: float | None = None,
) -> None:
    r"""Compare our plan for MODEL with Neurosurgeon, QDMP, Auto-Split, and everything on one side.

    With --measured every strategy is played over shaped links, by an agent's engine that waits beside its
    own computing (--slowdown) and a cloud tier started for it. Of each frame's seconds in the cloud, all but
    one part in --speedup are taken off.

    \b
    Example: evosplit compare model.onnx --devices paper --bandwidth 3mbit --memory 4MB
             evosplit compare model.onnx --measured --slowdown 20 --calibration pictures/ --plot bands.svg
    """
    comparison: CompareReport | BandReport
    with progress() as report:
        if measured:
            from evosplit.cli.measured.compare_measured import Chart, measured_comparison  # the demo's extra

            played = uplinks if bandwidth_bps is None else (bandwidth_bps,)
            chart = Chart(played, images, seconds, as_share(max_drop))
            comparison = measured_comparison(asked, chart, report)
        elif bandwidth_bps is None or max_drop is not None:
            raise UsageError("compare needs --bandwidth and knows no --max-drop, but with --measured")
        else:
            comparison = compare_in(asked.setting(report), bandwidth_bps)
    print_notes(comparison.notes)
    if plot:
        save_axes(comparison.plot(file_axes()), plot)
    print_report(comparison, as_json, {"devices": asked.devices})
