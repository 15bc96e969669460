"""Option types and options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import click

from evosplit.shared.errors import UsageError
from evosplit.shared.named_links import NAMED_LINKS, parse_uplink
from evosplit.shared.shape_text import Shape, parse_model_shape, parse_named_shape
from evosplit.shared.units import parse_duration, parse_energy, parse_size

T = TypeVar("T")


class Parsed(click.ParamType[T]):
    """What a function makes of a text; a wrong one is wrong usage (exit status 2)."""

    def __init__(self, name: str, parse: Callable[[str], T]) -> None:
        self.name = name
        self._parse = parse

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> T:  # noqa: ANN401
        """Values that are no texts stay."""
        if not isinstance(value, str):
            return value  # type: ignore[no-any-return]
        try:
            return self._parse(value)
        except UsageError as error:
            self.fail(str(error), param, ctx)


SIZE = Parsed("size", parse_size)
DURATION = Parsed("duration", parse_duration)
ENERGY = Parsed("energy", parse_energy)
MODEL_SHAPE = Parsed("shape", parse_model_shape)


def _uplinks(text: str) -> tuple[float, ...]:
    return tuple(sorted({parse_uplink(part).bandwidth_bps for part in text.split(",")}))


FILE = click.Path(path_type=Path, dir_okay=False)
FOLDER = click.Path(path_type=Path, file_okay=False)


def _by_input(
    _context: click.Context, _option: click.Parameter, given: tuple[tuple[str, Shape], ...]
) -> dict[str, Shape]:
    return dict(given)


_Command: TypeAlias = Callable[..., None]


def _bandwidth_option(required: bool) -> Callable[[_Command], _Command]:
    return click.option(
        "--bandwidth",
        "uplink",
        type=Parsed("bandwidth", parse_uplink),
        required=required,
        help=f"Uplink, as in 5mbit, or a typical one with its round trip: {', '.join(NAMED_LINKS)}.",
    )


bandwidth_option = _bandwidth_option(required=True)
any_bandwidth_option = _bandwidth_option(required=False)
uplinks_option = click.option(
    "--uplinks",
    type=Parsed("bandwidths", _uplinks),
    default="0.25mbit,0.5mbit,1mbit,2mbit,4mbit,8mbit,16mbit,32mbit,64mbit",
    show_default=True,
    help="Uplinks to measure, by bandwidth or name, with commas between them.",
)
model_argument = click.argument("model", type=FILE)
shape_option = click.option(
    "--shape",
    "shapes",
    type=Parsed("shape", parse_named_shape),
    multiple=True,
    callback=_by_input,
    metavar="INPUT=SHAPE",
    help="Size of an input with dynamic dimensions, as in x=1x3x640x640; may be given again.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
threads_option = click.option(
    "--threads", type=click.IntRange(min=1), default=1, show_default=True, help="Threads of ONNX Runtime."
)
slowdown_option = click.option(
    "--slowdown",
    type=click.FloatRange(min=0, min_open=True),
    default=1.0,
    show_default=True,
    help="Play a device so many times slower than this machine.",
)
drop_option = click.option(
    "--max-drop",
    type=click.FloatRange(0, 100),
    help="Points of accuracy, or of agreement with the float network, that plans may cost. [default: 1, as"
    " far as the calibration inputs can show it, unless --max-error is given]",
)
ca_option = click.option(
    "--ca-file", type=FILE, help="Authority of the tier's certificate (PEM); also EVOSPLIT_CA_FILE."
)
config_option = click.option(
    "--config", type=FILE, metavar="FILE.yaml", help="File of settings: evosplit config show --example."
)
token_option = click.option("--token-file", type=FILE, help="File that holds the bearer token.")


def as_share(points: float | None) -> float | None:
    """A drop in points as a share."""
    return None if points is None else points / 100
