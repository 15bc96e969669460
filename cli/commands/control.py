"""`evosplit control`: what an operator sets on an edge agent while it runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from evosplit.cli.options import Parsed, ca_option, token_option
from evosplit.cli.output import print_json
from evosplit.edge.settings.computing import REGION_EXAMPLE
from evosplit.library.client.control import control_client
from evosplit.shared.errors import UsageError
from evosplit.shared.token import given_token
from evosplit.shared.units import parse_region

F = TypeVar("F", bound=Callable[..., Any])


def _agent_options(command: F) -> F:
    address = click.option(
        "--edge", "url", default="http://127.0.0.1:9000", show_default=True, help="The agent's address."
    )
    return address(token_option(ca_option(command)))


def _region(text: str) -> tuple[float, ...] | str:
    return text if text == "all" else parse_region(text, REGION_EXAMPLE)


@click.group()
def control() -> None:
    r"""Hold an edge agent to a plan or a region, or let go again; what is set holds after a restart, too.

    Each command prints how it is then. Changes need a token with the scope admin.

    \b
    Example: evosplit control pin 5f2a9c     # a plan, by the first digits of its digest
             evosplit control pin --cut 12   # the fastest plan with that cut
             evosplit control unpin
             evosplit control region 0.2,0.5,0.8,1
             evosplit control region all
             evosplit control show
    """


@control.command()
@_agent_options
def show(url: str, token_file: Path | None, ca_file: Path | None) -> None:
    """What the agent is held to."""
    client = control_client(url, given_token(token_file), ca_file)
    print_json({**client.plan_choice(), **client.region()})


@control.command()
@click.argument("plan", required=False)
@click.option("--cut", metavar="KEY", help="Hold it to the plans with this cut instead.")
@_agent_options
def pin(plan: str | None, cut: str | None, url: str, token_file: Path | None, ca_file: Path | None) -> None:
    """Hold the agent to the plan whose digest begins so; while the cloud is away the edge answers as ever."""
    client = control_client(url, given_token(token_file), ca_file)
    if plan is not None and cut is None:
        print_json(client.pin_plan(plan))
    elif cut is not None and plan is None:
        print_json(client.pin_cut(cut))
    else:
        raise UsageError("name a plan or a --cut, and not both")


@control.command("region")
@click.argument("region", type=Parsed("region", _region))
@_agent_options
def set_region(
    region: tuple[float, ...] | str, url: str, token_file: Path | None, ca_file: Path | None
) -> None:
    """Compute only left,top,right,bottom (shares of the network's input), or all again."""
    client = control_client(url, given_token(token_file), ca_file)
    print_json(client.set_region(None if isinstance(region, str) else region))


@control.command()
@_agent_options
def unpin(url: str, token_file: Path | None, ca_file: Path | None) -> None:
    """Let plans change by themselves again."""
    print_json(control_client(url, given_token(token_file), ca_file).unpin())
