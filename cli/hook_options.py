"""Options of `evosplit edge` about hooks, masks and where the head runs; named as `EdgeSettings` has them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from evosplit.cli.options import SIZE
from evosplit.edge.backends.providers import PROVIDERS
from evosplit.edge.settings import KINDS, LEARNED

F = TypeVar("F", bound=Callable[..., Any])

_SHARE = click.FloatRange(min=0, max=1, min_open=True)


class _Region(click.ParamType[tuple[float, ...]]):
    """Four shares, as in 0.2,0.5,0.8,1."""

    name = "left,top,right,bottom"

    def convert(
        self,
        value: Any,  # noqa: ANN401 - click's
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> tuple[float, ...]:
        try:
            sides = tuple(float(side) for side in str(value).split(","))
        except ValueError:
            sides = ()
        if len(sides) != 4:
            self.fail(f"not a region: {value!r} (write it like 0.2,0.5,0.8,1)", param, ctx)
        return sides


class _Kinds(click.ParamType[tuple[str, ...]]):
    """Some of the kinds of hooks, as in exit,repeat."""

    name = "kind,..."

    def convert(
        self,
        value: Any,  # noqa: ANN401 - click's
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> tuple[str, ...]:
        kinds = tuple(dict.fromkeys(kind.strip() for kind in str(value).split(",")))
        if unknown := set(kinds) - set(KINDS):
            self.fail(f"{min(unknown)!r} is not one of {', '.join(KINDS)}", param, ctx)
        return kinds


_OPTIONS = (
    click.option(
        "--hooks",
        "hook_kinds",
        type=_Kinds(),
        default=",".join(LEARNED),
        show_default=True,
        help="What to learn from full answers, used only where shown to agree; also skip, saliency.",
    ),
    click.option("--no-hooks", "hooks", is_flag=True, flag_value=False, default=True, help="Learn nothing."),
    click.option(
        "--exit-agreement",
        type=_SHARE,
        default=0.99,
        show_default=True,
        help="Share of a hook's answers that must agree with the network.",
    ),
    click.option(
        "--audit-share",
        type=_SHARE,
        default=0.02,
        show_default=True,
        help="Share of the frames on which hooks are only compared with the network.",
    ),
    click.option(
        "--sampler-bytes",
        type=SIZE,
        default="16MB",
        show_default=True,
        help="Memory for what hooks learn from.",
    ),
    click.option(
        "--change-threshold",
        type=click.FloatRange(min=0),
        help="Compute only where a stream changed by more than this, in units of the network's input.",
    ),
    click.option(
        "--change-tolerance",
        type=click.FloatRange(min=0),
        default=0.02,
        show_default=True,
        help="Share of a layer's own values by which they may lag behind; none do at --change-threshold 0.",
    ),
    click.option(
        "--change-block",
        type=click.IntRange(min=1),
        default=8,
        show_default=True,
        help="Side of the squares of positions that change together.",
    ),
    click.option(
        "--delta-threshold",
        type=click.IntRange(min=0),
        default=0,
        show_default=True,
        help="Steps by which codes of a named stream may be off, so that less is sent.",
    ),
    click.option("--region", type=_Region(), help="Compute only there: shares of the network's input."),
    click.option(
        "--provider",
        type=click.Choice(list(PROVIDERS)),
        default="cpu",
        show_default=True,
        help="Where ONNX Runtime computes; the processor does where that is not there.",
    ),
)


def hook_options(command: F) -> F:
    """Add them all."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
