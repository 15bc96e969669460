"""`evosplit shaper`: a slow link in front of a tier, changed by a line in a file while it runs."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Final

import click

from evosplit.cli.demo.links import DemoLink, parse_demo_link
from evosplit.cli.options import FILE
from evosplit.cli.orderly_end import run_to_its_end
from evosplit.cli.shaper import Shaper
from evosplit.shared.errors import UsageError

_LOOK_S: Final = 0.2


@click.command()
@click.argument("file", type=FILE)
@click.option(
    "--to", "target", default="http://127.0.0.1:8000", show_default=True, help="The tier's address."
)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8001, show_default=True, help="Port to listen on."
)
def shaper(file: Path, target: str, port: int) -> None:
    r"""Let clients of this machine reach a tier over a slow link: the one that is written in FILE.

    FILE holds a bandwidth (300kbit, with a round trip of 10 ms) or the name of a typical link (ble, 3g, 4g,
    5g, wifi, ethernet, satellite). It is read again when it changes; open connections stay.

    \b
    Example: echo 20mbit > link
             evosplit shaper link &
             evosplit edge --cloud http://127.0.0.1:8001 --model gate &
             echo 300kbit > link
    """
    with contextlib.suppress(KeyboardInterrupt):
        run_to_its_end(_follow(file, target, port))


async def _follow(file: Path, target: str, port: int) -> None:
    """Until it is cancelled. Raises UsageError for what stands in the file at first, PortInUseError."""
    now = _read(file)
    async with Shaper.between(target, now.link, port=port) as shaped:
        _say(f"{shaped.url} leads to {target}")
        _say(now.name)
        while True:
            await asyncio.sleep(_LOOK_S)
            now = _next(file, now, shaped)


def _next(file: Path, now: DemoLink, shaped: Shaper) -> DemoLink:
    """The link of the file; the one until now where that is none (it may be half written)."""
    try:
        wanted = _read(file)
    except UsageError:
        return now
    if wanted != now:
        shaped.set_link(wanted.link)
        _say(wanted.name)
    return wanted


def _read(file: Path) -> DemoLink:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise UsageError(
            f"cannot read {file}: write a link into it first, as in: echo 20mbit > {file}"
        ) from None
    return parse_demo_link(text)


def _say(line: str) -> None:
    click.echo(f"evosplit shaper: {line}", err=True)
