"""`evosplit tokens`: access tokens of a tier, listed, added, rotated and revoked."""

from __future__ import annotations

import datetime as dt
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from evosplit.cli.options import DURATION, FOLDER, Parsed, json_option
from evosplit.cli.output import print_json, print_table, stderr
from evosplit.shared.measurement_store import cache_folder
from evosplit.shared.security.audit_log import AuditLog, audit_file
from evosplit.shared.security.scopes import EDGE_SCOPES, Scope, parse_scopes
from evosplit.shared.security.token_file import (
    add_token,
    read_records,
    revoke_token,
    rotate_token,
    token_file,
)
from evosplit.shared.security.token_records import TokenRecord

F = TypeVar("F", bound=Callable[..., Any])


def _tier_options(command: F) -> F:
    tier = click.option(
        "--tier",
        type=click.Choice(["cloud", "edge"]),
        default="cloud",
        show_default=True,
        help="Whose tokens.",
    )
    data = click.option("--data", type=FOLDER, help="The tier's own --data folder.")
    return tier(data(command))


@click.group()
def tokens() -> None:
    r"""Tokens with scopes, beside the single token that a tier is started with.

    A tier takes changes up within a second. Scopes: infer (frames, tensors), plan (plans, bundles, weights),
    read (models, results, metrics), admin (everything).

    \b
    Example: evosplit tokens add gate-7 --rate 50 --expires 90d > gate-7.token
             evosplit tokens revoke gate-7
    """


@tokens.command("list")
@_tier_options
@json_option
def list_tokens(tier: str, data: Path | None, as_json: bool) -> None:
    """Names, scopes and states; a token itself is not kept."""
    now_s = time.time()
    rows = [_described(record, now_s) for record in read_records(token_file(_folder(tier, data))).tokens]
    if as_json:
        print_json({"tokens": rows})
    else:
        print_table("Tokens", ("name", "scopes", "state", "made", "expires", "a second"), map(_cells, rows))


@tokens.command()
@click.argument("name")
@click.option(
    "--scopes",
    type=Parsed("scopes", parse_scopes),
    default=",".join(EDGE_SCOPES),
    show_default=True,
    help="What it may: infer, plan, read, admin.",
)
@click.option("--expires", "lifetime_s", type=DURATION, help="Its lifetime, as in 90d.")
@click.option("--rate", "rate_per_s", type=click.FloatRange(min=0, min_open=True), help="Requests a second.")
@_tier_options
def add(
    name: str,
    scopes: tuple[Scope, ...],
    lifetime_s: float | None,
    rate_per_s: float | None,
    tier: str,
    data: Path | None,
) -> None:
    """Make a token, print it once, and keep its hash."""
    now_s = time.time()
    expires_s = None if lifetime_s is None else now_s + lifetime_s
    record = TokenRecord(name, "", now_s, scopes, expires_s, rate_per_s=rate_per_s)
    made = add_token(token_file(_folder(tier, data)), record)
    _tell(tier, data, f"token {name} added: {','.join(scopes)}")
    _print_token(name, made)


@tokens.command()
@click.argument("name")
@click.option(
    "--grace",
    "grace_s",
    type=DURATION,
    default="0s",
    show_default=True,
    help="The old one is valid so long.",
)
@_tier_options
def rotate(name: str, grace_s: float, tier: str, data: Path | None) -> None:
    """Make another token of the same name, scopes and limits, and print it once."""
    made = rotate_token(token_file(_folder(tier, data)), name, time.time(), grace_s)
    _tell(tier, data, f"token {name} rotated")
    _print_token(name, made)


@tokens.command()
@click.argument("name")
@_tier_options
def revoke(name: str, tier: str, data: Path | None) -> None:
    """Refuse the tokens of a name from now on."""
    revoke_token(token_file(_folder(tier, data)), name, time.time())
    _tell(tier, data, f"token {name} revoked")
    stderr.print(f"the token {name} is revoked")


def _folder(tier: str, data: Path | None) -> Path:
    return data or cache_folder() / tier


def _tell(tier: str, data: Path | None, what: str) -> None:
    """Record a change in the tier's audit log, by the user who made it."""
    user = f"user {os.environ.get('SUDO_USER') or os.getuid()}"
    AuditLog(audit_file(_folder(tier, data))).write(user, what, "done")


def _described(record: TokenRecord, now_s: float) -> dict[str, Any]:
    return {
        "name": record.name,
        "scopes": list(record.scopes),
        "state": record.state(now_s),
        "created_s": record.created_s,
        "expires_s": record.expires_s,
        "rate_per_s": record.rate_per_s,
    }


def _cells(row: dict[str, Any]) -> tuple[Any, ...]:
    times = _day(row["created_s"]), _day(row["expires_s"])
    return row["name"], " ".join(row["scopes"]), row["state"], *times, row["rate_per_s"] or ""


def _day(moment_s: float | None) -> str:
    return "" if moment_s is None else dt.datetime.fromtimestamp(moment_s).strftime("%Y-%m-%d %H:%M")


def _print_token(name: str, token: str) -> None:
    stderr.print(f"the token {name}, which is shown only now:")
    click.echo(token)
