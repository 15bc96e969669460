"""The `evosplit` command."""

from __future__ import annotations

import sys
from importlib.metadata import version

import click

from cli.commands.cloud import cloud
from cli.commands.demo import demo
from cli.commands.edge import edge
from cli.commands.inspect import inspect
from cli.commands.plan import plan
from cli.commands.profile import profile
from cli.commands.results import results
from cli.commands.split import split
from shared.errors import EvoSplitError


class _Group(click.Group):
    """Ends every error of ours in one line and its exit status; anything else is a bug and may rise."""

    def invoke(self, context: click.Context) -> object:
        try:
            return super().invoke(context)
        except EvoSplitError as error:
            click.echo(f"evosplit: {error}", err=True)
            sys.exit(error.exit_status)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("evosplit"), prog_name="evosplit")
def main() -> None:
    r"""Run one neural network in two places: its head on an edge device, its tail in the cloud.

    \b
    Example: evosplit inspect model.onnx
    """


for command in (inspect, profile, plan, split, cloud, edge, results, demo):
    main.add_command(command)
