"""Options of a result query, the filters of ``GET /v1/results``."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Final, TypeAlias

import click

_Command: TypeAlias = Callable[..., None]
_FILTERS: Final = (
    ("since", "Received at this moment or later (Unix seconds or ISO 8601)."),
    ("until", "Received before this moment."),
    ("stream", "Of this stream."),
    ("model", "Of this model."),
    ("label", "With something of this label."),
    ("min-confidence", "With something at least so sure (0 to 1)."),
    ("text", "With this in a text that was read, whatever its case."),
    ("region", "With a box whose centre lies in LEFT,TOP,RIGHT,BOTTOM, pixels of the picture."),
    ("plan", "Answered by the plan whose digest begins so."),
    ("cut", "Answered by a plan with this cut."),
    ("answered-by", "Answered by edge, cloud, edge-fallback, exit or nobody."),
    ("late", "true: waited for the cloud; false: did not."),
    ("failed", "true: nobody could answer; false: somebody did."),
)


def filter_options(command: _Command) -> _Command:
    """Adds the options; the command gets those that were given as ``filters``."""

    @functools.wraps(command)
    def gathered(*args: Any, of_edge: str | None, **values: Any) -> None:  # noqa: ANN401 - click's
        keys = [name.replace("-", "_") for name, _ in _FILTERS]
        filters = {key: values.pop(key) for key in keys}
        given = {key: value for key, value in {**filters, "edge": of_edge}.items() if value is not None}
        command(*args, filters=given, **values)

    options = [click.option(f"--{name}", help=told) for name, told in _FILTERS]
    options.append(click.option("--of-edge", help="Of this edge (--cloud)."))
    for option in reversed(options):
        gathered = option(gathered)
    return gathered
