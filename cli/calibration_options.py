"""Options of `evosplit edge` about inputs: whether they may leave, and what is kept to calibrate from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from evosplit.cli.options import SIZE

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = (
    click.option(
        "--private",
        is_flag=True,
        help="Raw inputs never leave: what is sent has passed a layer, and only statistics calibrate plans.",
    ),
    click.option(
        "--min-depth",
        type=click.IntRange(min=0),
        default=0,
        show_default=True,
        help="Layers that whatever is sent has passed; above 0 raw inputs never leave.",
    ),
    click.option(
        "--calibration-bytes",
        type=SIZE,
        default="32MB",
        show_default=True,
        help="Memory for a sample of inputs that plans are calibrated from; 0B keeps none.",
    ),
)


def calibration_options(command: F) -> F:
    """Add them all."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
