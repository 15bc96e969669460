"""`evosplit sources`: where an edge agent takes frames from, listed, added and removed while it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from evosplit.cli.options import ca_option, json_option, token_option
from evosplit.cli.output import print_json, print_table
from evosplit.edge.sources.source_settings import source_settings
from evosplit.library.client.control import control_client
from evosplit.library.client.synchronous import Client
from evosplit.shared.errors import UsageError
from evosplit.shared.token import given_token

F = TypeVar("F", bound=Callable[..., Any])


def _agent_options(command: F) -> F:
    address = click.option(
        "--edge", "url", default="http://127.0.0.1:9000", show_default=True, help="The agent's address."
    )
    return address(token_option(ca_option(command)))


@click.group()
def sources() -> None:
    r"""Frames that an agent takes by itself: cameras, streams, videos, folders.

    Addresses: rtsp://... and other streams, v4l2:0, snapshot+http://... (a picture that is fetched again and
    again), the path of a video or, with a slash at its end, of a folder that pictures are put into. Paths are
    those of the agent's machine. Changes need a token with the scope admin.

    \b
    Example: evosplit sources add gate rtsp://camera/stream --rate 5
             evosplit sources list
             evosplit sources change gate --rate 2
             evosplit sources pause gate
             evosplit sources remove gate
    """


@sources.command("list")
@_agent_options
@json_option
def list_sources(url: str, token_file: Path | None, ca_file: Path | None, as_json: bool) -> None:
    """All sources and what became of their pictures."""
    with _client(url, token_file, ca_file) as client:
        told = client.sources()
    if as_json:
        print_json(told)
        return
    columns = ("source", "address", "state", "taken", "left out", "failed", "trouble")
    keys = ("name", "address", "state", "taken", "left_out", "failed", "trouble")
    print_table(
        "Sources",
        columns,
        (["" if row[key] is None else row[key] for key in keys] for row in told["sources"]),
    )


def _settings(command: F) -> F:
    """Those of a source that may change."""
    options = (
        click.option(
            "--take", type=click.Choice(["latest", "all"]), help="Drop what is overtaken, or nothing."
        ),
        click.option("--every", type=click.IntRange(1), help="Take each so manieth picture."),
        click.option("--rate", type=float, help="Take at most so many pictures a second."),
        click.option(
            "--motion",
            type=click.FloatRange(0, 1, max_open=True),
            help="Take only pictures of which more than this share changed, as in 0.01.",
        ),
        click.option("--deadline", "deadline_s", type=float, help="Seconds for which an answer is of use."),
        click.option("--transport", type=click.Choice(["tcp", "udp"]), help="Of RTSP."),
        click.option("--repeat", "repeats", is_flag=True, default=None, help="Begin a file anew at its end."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@sources.command("add")
@click.argument("name")
@click.argument("address")
@_settings
@_agent_options
def add_source(
    name: str,
    address: str,
    url: str,
    token_file: Path | None,
    ca_file: Path | None,
    **options: Any,  # noqa: ANN401 - as the source's settings are
) -> None:
    """Add a source, or put it in the place of the one of its name; its frames are the stream NAME."""
    told = {"address": address, **_told(options)}
    source_settings({**told, "name": name})
    with _client(url, token_file, ca_file) as client:
        client.put_source(name, told)


@sources.command("change")
@click.argument("name")
@_settings
@_agent_options
def change_source(
    name: str,
    url: str,
    token_file: Path | None,
    ca_file: Path | None,
    **options: Any,  # noqa: ANN401 - as the source's settings are
) -> None:
    """Change some settings of a source; the others stay."""
    changes = _told(options)
    if not changes:
        raise UsageError("say what to change, as in --rate 2")
    control_client(url, given_token(token_file), ca_file).change_source(name, changes)


@sources.command("pause")
@click.argument("name")
@_agent_options
def pause_source(name: str, url: str, token_file: Path | None, ca_file: Path | None) -> None:
    """Close a source until it is resumed."""
    control_client(url, given_token(token_file), ca_file).change_source(name, {"paused": True})


@sources.command("resume")
@click.argument("name")
@_agent_options
def resume_source(name: str, url: str, token_file: Path | None, ca_file: Path | None) -> None:
    """Open a source that was paused."""
    control_client(url, given_token(token_file), ca_file).change_source(name, {"paused": False})


@sources.command("remove")
@click.argument("name")
@_agent_options
def remove_source(name: str, url: str, token_file: Path | None, ca_file: Path | None) -> None:
    """Stop a source and forget it."""
    with _client(url, token_file, ca_file) as client:
        client.remove_source(name)


def _told(options: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in options.items() if value is not None}


def _client(url: str, token_file: Path | None, ca_file: Path | None) -> Client:
    return Client(url, given_token(token_file), timeout_s=30.0, retries=0, ca_file=ca_file)
