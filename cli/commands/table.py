"""`evosplit table`: the best plan for every bandwidth."""

from __future__ import annotations

from pathlib import Path

import click

from evosplit.cli.expectation import expectation_option, read_expectation
from evosplit.cli.options import as_share, drop_option, json_option, model_argument
from evosplit.cli.output import print_notes, print_report, progress
from evosplit.cli.planning import Asked
from evosplit.cli.planning_options import planning_options
from evosplit.library.table import table_in


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
    with progress() as report:
        setting = asked.setting(report, read_expectation(expect_file))
        table = table_in(setting, as_share(max_drop), report)
    print_notes(table.notes)
    print_report(table, as_json, {"devices": asked.devices})
