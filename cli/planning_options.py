"""The options that planning commands share, as one decorator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from functools import wraps
from pathlib import Path
from typing import Any, Final

import click

from cli.options import DURATION, FILE, SIZE, slowdown_option, threads_option
from cli.planning import DEVICES, Asked
from planner.problem.limits import Limits

_OPTIONS: Final = (
    click.option(
        "--devices",
        type=click.Choice(DEVICES),
        default="measured",
        show_default=True,
        help="This machine, the paper's Eyeriss and TPU as systolic arrays, or as in its published code.",
    ),
    click.option(
        "--rtt", "rtt_s", type=DURATION, help="Round-trip time; 20ms, or none between simulated devices."
    ),
    click.option("--memory", "memory_bytes", type=SIZE, help="Memory that the head may take on the edge."),
    click.option(
        "--memory-model",
        type=click.Choice(["live", "paper"]),
        default="live",
        show_default=True,
        help="Count the peak of live activations, or as the paper does the largest one.",
    ),
    click.option("--max-error", type=click.FloatRange(min=0), help="Quantisation error that is allowed."),
    click.option("--deadline", "deadline_s", type=DURATION, help="Longest latency of a frame, as in 100ms."),
    click.option(
        "--min-depth",
        type=click.IntRange(min=0),
        default=0,
        help="Layers that whatever is sent has passed; 1: the raw input never leaves the device.",
    ),
    click.option("--edge", "edge_file", type=FILE, help="Profile of the edge; this machine without it."),
    click.option("--cloud", "cloud_file", type=FILE, help="Profile of the cloud; this machine without it."),
    click.option("--card", "card_file", type=FILE, help="Model card; MODEL's name with .yaml when there."),
    click.option(
        "--calibration", type=click.Path(path_type=Path), help="Folder of pictures, or an .npz of inputs."
    ),
    slowdown_option,
    threads_option,
)

_LIMITS: Final = ("memory_bytes", "memory_model", "max_error", "deadline_s", "min_depth")
_ASKED: Final = tuple(field.name for field in fields(Asked) if field.name != "limits")


def planning_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options, and it one argument ``asked`` in their place."""

    @wraps(command)
    def called(**given: Any) -> None:  # noqa: ANN401 - as click hands them over
        limits = Limits(**{name: given.pop(name) for name in _LIMITS})
        asked = Asked(limits=limits, **{name: given.pop(name) for name in _ASKED})
        command(asked=asked, **given)

    for option in reversed(_OPTIONS):
        called = option(called)
    return called
