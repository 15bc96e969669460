"""Options that planning commands share, as one decorator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from functools import wraps
from pathlib import Path
from typing import Any, Final, Literal, cast, get_args

import click

from evosplit.cli.options import DURATION, ENERGY, FILE, SIZE, shape_option, slowdown_option, threads_option
from evosplit.cli.planning import DEVICES, NOISE, Asked
from evosplit.kernels.clipping import Clip
from evosplit.kernels.errors.error_options import ErrorOptions, Measure
from evosplit.planner.problem.limits import Limits
from evosplit.shared.errors import UsageError


class _Source(click.Path):
    """A path, or the word `noise` (a folder of that name is ./noise)."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401
        return NOISE if value == NOISE else super().convert(value, param, ctx)


_ERRORS: Final = ErrorOptions()
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
    click.option("--period", "period_s", type=DURATION, help="Longest time between two frames of a stream."),
    click.option("--energy", "energy_j", type=ENERGY, help="Most joules of the edge per frame, as in 30mJ."),
    click.option("--cloud-time", "cloud_s", type=DURATION, help="Longest that the cloud may compute."),
    click.option(
        "--pin",
        "pinned",
        multiple=True,
        metavar="LAYER=SIDE",
        help="Keep a layer on a side: edge or cloud.",
    ),
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
        "--calibration",
        type=_Source(path_type=Path),
        help="Folder of pictures, an .npz of inputs, or the word noise for experiments.",
    ),
    click.option(
        "--error-measure",
        type=click.Choice(get_args(Measure)),
        default=_ERRORS.measure,
        show_default=True,
        help="What errors are: see docs/decisions/error-measure.md.",
    ),
    click.option(
        "--clip",
        type=click.Choice(get_args(Clip)),
        default=_ERRORS.clip,
        show_default=True,
        help="How ranges of activations are found below 8 bits.",
    ),
    click.option("--per-tensor", is_flag=True, help="Errors of weights with one scale a tensor."),
    shape_option,
    slowdown_option,
    click.option(
        "--speedup",
        type=click.FloatRange(min=0, min_open=True),
        default=1.0,
        show_default=True,
        help="Count on a cloud so many times faster than this machine.",
    ),
    click.option(
        "--integers/--no-integers", default=True, help="Whether the edge may run heads in 8-bit integers."
    ),
    threads_option,
)

_LIMITS: Final = (
    *("memory_bytes", "memory_model", "max_error", "deadline_s", "period_s", "energy_j", "cloud_s"),
    "min_depth",
)
_MADE: Final = ("limits", "error_options", "cloud_threads")
_ASKED: Final = tuple(field.name for field in fields(Asked) if field.name not in _MADE)


def planning_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options, and it one argument ``asked`` in their place.

    A link that is named brings its round trip, unless ``--rtt`` says another.
    """

    @wraps(command)
    def called(**given: Any) -> None:  # noqa: ANN401 - as click hands them over
        if (uplink := given.pop("uplink", None)) is not None:
            given["bandwidth_bps"] = uplink.bandwidth_bps
            given["rtt_s"] = uplink.rtt_s if given["rtt_s"] is None else given["rtt_s"]
        pinned = _sides(given.pop("pinned"))
        limits = Limits(pinned=pinned, **{name: given.pop(name) for name in _LIMITS})
        weights: Literal["channel", "tensor"] = "tensor" if given.pop("per_tensor") else "channel"
        errors = ErrorOptions(given.pop("error_measure"), given.pop("clip"), weights)
        asked = Asked(limits=limits, error_options=errors, **{name: given.pop(name) for name in _ASKED})
        command(asked=asked, **given)

    for option in reversed(_OPTIONS):
        called = option(called)
    return called


def _sides(pins: tuple[str, ...]) -> dict[str, Literal["edge", "cloud"]]:
    """Layer -> side. A layer's name may hold a sign of equality itself."""
    sides: dict[str, Literal["edge", "cloud"]] = {}
    for pin in pins:
        layer, equals, side = pin.rpartition("=")
        if not equals or side not in ("edge", "cloud"):
            raise UsageError(f"not a layer and its side: {pin!r} (write it like conv1=edge)")
        sides[layer] = cast('Literal["edge", "cloud"]', side)
    return sides
