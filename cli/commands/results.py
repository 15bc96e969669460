"""`evosplit results`: what an edge agent answered."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import aiohttp
import click

from evosplit.cli.options import json_option, token_option
from evosplit.cli.output import print_json, print_table
from evosplit.shared.errors import EvoSplitError
from evosplit.shared.token import bearer, given_token
from evosplit.shared.units import format_duration, format_size


@click.command()
@click.option(
    "--edge", "url", default="http://127.0.0.1:9000", show_default=True, help="The agent's address."
)
@click.option("--since", help="Unix time or ISO 8601; only results received later.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
@token_option
@json_option
def results(url: str, since: str | None, limit: int, token_file: Path | None, as_json: bool) -> None:
    r"""Print the latest results of an edge agent.

    \b
    Example: evosplit results --edge http://gate:9000 --since 2026-01-31T08:00 --limit 50
    """
    query = {"limit": str(limit), **({"since": since} if since else {})}
    answer = asyncio.run(fetch(f"{url}/v1/results", query, given_token(token_file)))
    if as_json:
        print_json(answer)
    else:
        _print(answer["results"])


async def fetch(url: str, query: dict[str, str], token: str | None) -> dict[str, Any]:
    """One page of an edge agent's API. Raises EvoSplitError."""
    headers = bearer(token) if token else {}
    try:
        async with (
            aiohttp.ClientSession(headers=headers, timeout=aiohttp.ClientTimeout(total=30)) as session,
            session.get(url, params=query) as response,
        ):
            answer: dict[str, Any] = await response.json(content_type=None)
    except (aiohttp.ClientError, asyncio.TimeoutError, ValueError) as error:
        raise EvoSplitError(f"no answer from {url}: {error or 'timed out'}") from None
    if response.status != 200:
        raise EvoSplitError(f"{url} answered {response.status}: {answer.get('error', 'no reason given')}")
    return answer


def _print(rows: list[dict[str, Any]]) -> None:
    print_table("Results", ("frame", "stream", "answer", "by", "confidence", "sent", "took"), (
        (
            row["frame_id"][:12],
            row["stream"],
            row["error"] or row["outcome"],
            row["answered_by"],
            "" if row["confidence"] is None else f"{row['confidence']:.3f}",
            format_size(row["wire_bytes"]),
            format_duration(row["breakdown"]["total_s"]),
        )
        for row in rows
    ))  # fmt: skip
