"""`evosplit results`: what an edge agent answered, or the fleet of a cloud."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import click

from evosplit.cli.options import FILE, ca_option, json_option, token_option
from evosplit.cli.output import print_json, print_table
from evosplit.cli.results.export import export_rows
from evosplit.cli.results.query_options import filter_options
from evosplit.cli.results.result_pages import ResultPages
from evosplit.library.client.retries import Retries
from evosplit.library.client.transport import Transport
from evosplit.shared.errors import UsageError
from evosplit.shared.readings.outcome_text import outcome_text
from evosplit.shared.result_query.count_request import PERIODS_S, SPLITS
from evosplit.shared.security.tls import client_files
from evosplit.shared.token import given_token
from evosplit.shared.units import format_duration, format_size

_TIMEOUT_S: Final = 30.0


@click.command()
@click.option(
    "--edge", "edge_url", default="http://127.0.0.1:9000", show_default=True, help="The agent's address."
)
@click.option("--cloud", "cloud_url", help="A cloud's address: the results that its edges sent.")
@filter_options
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
@click.option("--counts", "by", type=click.Choice(list(PERIODS_S)), help="How many came in each period.")
@click.option("--split", type=click.Choice(list(SPLITS)), help="Counts of each of them.")
@click.option("--export", "file", type=FILE, help="Write all that fit to FILE.csv or FILE.parquet.")
@token_option
@ca_option
@json_option
def results(
    edge_url: str,
    cloud_url: str | None,
    filters: Mapping[str, str],
    limit: int,
    by: str | None,
    split: str | None,
    file: Path | None,
    token_file: Path | None,
    ca_file: Path | None,
    as_json: bool,
) -> None:
    r"""Print the latest results, count them, or write them to a file.

    \b
    Example: evosplit results --edge http://gate:9000 --since 2026-01-31T08:00 --label truck
             evosplit results --cloud https://cloud:8000 --counts day --split label
             evosplit results --until 2026-02-01 --export january.parquet
    """
    url, files = cloud_url or edge_url, client_files(ca_file, None)
    pages = ResultPages(Transport(url, given_token(token_file), _TIMEOUT_S, Retries(0), files))
    if split is not None and by is None:
        raise UsageError("--split goes with --counts")
    if file is not None:
        count = export_rows(pages.rows(filters), file)
        click.echo(f"{count} results in {file}", err=True)
    elif by is not None:
        _show_counts(pages.counts(filters, by, split), as_json)
    else:
        _show(pages.page(filters, limit), as_json)


def _show_counts(told: Mapping[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(told)
        return
    rows = [(_moment(each["begins_s"]), each["value"] or "", each["count"]) for each in told["counts"]]
    print_table("Results", ("from (UTC)", told["split"] or "", "count"), rows)


def _moment(begins_s: float) -> str:
    return dt.datetime.fromtimestamp(begins_s, dt.timezone.utc).strftime("%Y-%m-%d %H:%M")


def _show(page: Mapping[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(page)
        return
    print_table("Results", ("frame", "stream", "answer", "by", "confidence", "sent", "took"), (
        (
            row["frame_id"][:12],
            f"{row['edge']}/{row['stream']}" if "edge" in row else row["stream"],
            row["error"] or outcome_text(row["outcome"]),
            row["answered_by"],
            "" if row["confidence"] is None else f"{row['confidence']:.3f}",
            format_size(row["wire_bytes"]),
            format_duration(row["breakdown"]["total_s"]),
        )
        for row in page["results"]
    ))  # fmt: skip
