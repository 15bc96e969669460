"""Entry point of the `evosplit` command."""

from __future__ import annotations

import sys
from importlib.metadata import version
from typing import Final

import click

from evosplit.cli.lazy import LazyGroup
from evosplit.cli.next_step import with_next_step
from evosplit.shared.errors import EvoSplitError

_COMMANDS: Final = (
    *("new", "inspect", "profile", "plan", "table", "pareto", "compare", "split", "roofline"),
    *("cloud", "models", "worker", "edge", "config", "fleet", "tokens", "certs"),
    *("sources", "control", "top", "results", "replay", "mlperf", "demo", "example", "shaper"),
)
_MODULES: Final = {name: f"evosplit.cli.commands.{name}" for name in _COMMANDS}


class _Group(LazyGroup):
    """Ends every error of ours in one line and its exit status; anything else is a bug and may rise."""

    def invoke(self, context: click.Context) -> object:
        try:
            return super().invoke(context)
        except EvoSplitError as error:
            click.echo(f"evosplit: {with_next_step(error)}", err=True)
            sys.exit(error.exit_status)


@click.group(cls=_Group, modules=_MODULES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("evosplit"), prog_name="evosplit")
def main() -> None:
    r"""Run one neural network in two places: its head on an edge device, its tail in the cloud.

    \b
    Example: evosplit inspect model.onnx
    """
