"""`evosplit profile`: seconds per layer, and of whole heads and tails, on this machine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from evosplit.cli.options import (
    FILE,
    json_option,
    model_argument,
    shape_option,
    slowdown_option,
    threads_option,
)
from evosplit.cli.output import print_notes, print_report, progress
from evosplit.library.model import load
from evosplit.library.profile import profile as measure
from evosplit.shared.shape_text import Shape


@click.command()
@model_argument
@shape_option
@click.option("-o", "--output", type=FILE, help="File to write the profile to.")
@slowdown_option
@threads_option
@json_option
def profile(
    model: Path,
    shapes: Mapping[str, Shape],
    output: Path | None,
    slowdown: float,
    threads: int,
    as_json: bool,
) -> None:
    r"""Measure MODEL on this machine with ONNX Runtime.

    \b
    Example: evosplit profile model.onnx -o edge.json --slowdown 8
    """
    with progress() as report:
        measured = measure(load(model, shapes), threads, slowdown, fresh=True, progress=report)
    print_notes(measured.notes)
    if output:
        measured.save(output)
    print_report(measured, as_json)
