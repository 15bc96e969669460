"""`evosplit results`: what an edge agent answered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from evosplit.cli.options import ca_option, json_option, token_option
from evosplit.cli.output import print_json, print_table
from evosplit.library.client.synchronous import Client
from evosplit.shared.token import given_token
from evosplit.shared.units import format_duration, format_size


@click.command()
@click.option(
    "--edge", "url", default="http://127.0.0.1:9000", show_default=True, help="The agent's address."
)
@click.option("--since", help="Unix time or ISO 8601; only results received later.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
@token_option
@ca_option
@json_option
def results(
    url: str, since: str | None, limit: int, token_file: Path | None, ca_file: Path | None, as_json: bool
) -> None:
    r"""Print the latest results of an edge agent.

    \b
    Example: evosplit results --edge http://gate:9000 --since 2026-01-31T08:00 --limit 50
    """
    with Client(url, given_token(token_file), timeout_s=30.0, retries=0, ca_file=ca_file) as client:
        page = client.page({"since": since}, limit)
    rows = [result.to_dict() for result in page.results]
    if as_json:
        print_json({"results": rows, "next_cursor": page.next_cursor})
    else:
        _print(rows)


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
