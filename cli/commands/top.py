"""`evosplit top`: what an edge agent does just now, live in the terminal."""

from __future__ import annotations

import time
from pathlib import Path

import click
from rich.live import Live

from evosplit.cli.options import ca_option, json_option, token_option
from evosplit.cli.output import print_json, stdout
from evosplit.cli.profile_view import view
from evosplit.library.client.synchronous import Client
from evosplit.shared.errors import EvoSplitError
from evosplit.shared.token import given_token


@click.command()
@click.option(
    "--edge", "url", default="http://127.0.0.1:9000", show_default=True, help="The agent's address."
)
@click.option(
    "--interval",
    "interval_s",
    type=click.FloatRange(min=0.1),
    default=1.0,
    show_default=True,
    help="Seconds between two looks.",
)
@click.option("--once", is_flag=True, help="Look once and end.")
@token_option
@ca_option
@json_option
def top(
    url: str, interval_s: float, once: bool, token_file: Path | None, ca_file: Path | None, as_json: bool
) -> None:
    r"""Show frames, latency, segments, hooks, link and plan of an edge agent until Ctrl-C.

    \b
    Example: evosplit top --edge http://gate:9000
             evosplit top --once --json
    """
    token = given_token(token_file)
    with Client(url, token, timeout_s=30.0, retries=0, ca_file=ca_file) as client:
        if as_json:
            print_json(client.profile())
        elif once:
            stdout.print(view(client.profile()))
        else:
            _watch(client, interval_s)


def _watch(client: Client, interval_s: float) -> None:
    """Until Ctrl-C; an agent that does not answer for a while is waited for."""
    with Live(view(client.profile()), console=stdout, auto_refresh=False) as live:
        try:
            while True:
                time.sleep(interval_s)
                try:
                    live.update(view(client.profile()), refresh=True)
                except EvoSplitError as silence:
                    live.update(f"{silence}; waiting", refresh=True)
        except KeyboardInterrupt:
            return
