"""`evosplit fleet`: the edges of a cloud tier, and roll-outs of bundles to a share of them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

import click

from evosplit.cli.fleet_view import print_fleet, print_rollout
from evosplit.cli.options import Parsed, ca_option, json_option, token_option
from evosplit.cli.output import print_json
from evosplit.library.client.fleet import FleetClient, fleet_client
from evosplit.shared.bundle import Bundle
from evosplit.shared.errors import UsageError
from evosplit.shared.token import given_token

_DIGEST: Final = re.compile("[0-9a-f]{8,64}")
_PERCENT: Final = re.compile(r"(\d+(?:\.\d+)?)\s*%")


def _share(text: str) -> float:
    matched = _PERCENT.fullmatch(text.strip())
    if matched is None:
        raise UsageError(f"not a share: {text!r} (write it like 10%)")
    return float(matched[1]) / 100


SHARE: Final = Parsed("share", _share)


@click.group(invoke_without_command=True)
@click.option(
    "--cloud", "url", default="http://127.0.0.1:8000", show_default=True, help="The cloud tier's address."
)
@token_option
@ca_option
@json_option
@click.pass_context
def fleet(
    context: click.Context, url: str, token_file: Path | None, ca_file: Path | None, as_json: bool
) -> None:
    r"""Show the edges of a cloud tier: plan, link, frames, and how well answers agree.

    \b
    Example: evosplit fleet --cloud https://cloud:8000
             evosplit fleet rollout better.evb --share 10%
    """
    client = fleet_client(url, given_token(token_file), ca_file)
    context.obj = client, as_json
    if context.invoked_subcommand is None:
        status = client.fleet()
        print_json(status) if as_json else print_fleet(status)


@fleet.command()
@click.argument("what", metavar="BUNDLE|TABLE")
@click.option("--share", type=SHARE, required=True, help="Of the edges, by their names, as in 10%.")
@click.option("--model", help="Of a bundle that is named by its digest, where several are served.")
@click.option(
    "--agreement",
    "least_agreement",
    type=SHARE,
    help="Share of the float network's answers to keep, as in 99%. [default: what the bundle promises]",
)
@click.pass_obj
def rollout(
    given: tuple[FleetClient, bool],
    what: str,
    share: float,
    model: str | None,
    least_agreement: float | None,
) -> None:
    r"""Give a bundle to a share of the edges; it is taken back by itself when answers get worse.

    BUNDLE is a file, or the first digits of the digest of one that the fleet has; TABLE is a JSON file with a
    plan table, as `GET /v1/plan` of an agent gives it.

    \b
    Example: evosplit fleet rollout 3fa2b1c09d8e --share 10%
    """
    client, as_json = given
    name, bundle = (
        _sent(client, Path(what), least_agreement) if Path(what).is_file() else _known(client, what, model)
    )
    _print(client.roll_out(name, bundle, share, least_agreement), as_json)


@fleet.command()
@click.argument("model")
@click.pass_obj
def promote(given: tuple[FleetClient, bool], model: str) -> None:
    """Give the bundle that is rolled out to every edge."""
    client, as_json = given
    _print(client.promote(model), as_json)


@fleet.command()
@click.argument("model")
@click.option("--reason", default="rolled back by hand", show_default=True, help="For those who look later.")
@click.pass_obj
def rollback(given: tuple[FleetClient, bool], model: str, reason: str) -> None:
    """Take back the bundle that is rolled out, or was promoted."""
    client, as_json = given
    _print(client.roll_back(model, reason), as_json)


def _print(state: dict[str, Any], as_json: bool) -> None:
    print_json(state) if as_json else print_rollout(state)


def _sent(client: FleetClient, path: Path, least_agreement: float | None) -> tuple[str, str]:
    """A file's model, and the digest of the bundle that the tier has of it now."""
    content = path.read_bytes()
    if not content.lstrip().startswith(b"{"):
        name = Bundle.open(path).manifest.model
        return name, client.add_bundle(name, content)
    name, table = _table(content, path)
    promise = None if least_agreement is None else 1 - least_agreement
    return name, client.add_bundle(name, json.dumps({"table": table, "max_drop": promise}).encode())


def _table(content: bytes, path: Path) -> tuple[str, dict[str, Any]]:
    try:
        said = json.loads(content)
        table = said.get("table", said)
        return str(table["model"]), dict(table)
    except (ValueError, KeyError, AttributeError, TypeError):
        raise UsageError(f"{path} is neither a bundle nor a plan table in JSON") from None


def _known(client: FleetClient, digits: str, model: str | None) -> tuple[str, str]:
    """The model and the digest of a bundle of an edge or an earlier roll-out, by its first digits."""
    if not _DIGEST.fullmatch(digits):
        raise UsageError(f"no file {digits}, and no digest of a bundle either (8 to 64 hexadecimal digits)")
    status = client.fleet()
    pairs = {(edge["model"], edge["bundle"]) for edge in status["edges"]}
    pairs |= {(state["model"], old["bundle"]) for state in status["rollouts"] for old in state["rejected"]}
    pairs |= {(state["model"], state["candidate"] or "") for state in status["rollouts"]}
    fitting = sorted(pair for pair in pairs if pair[1].startswith(digits) and model in (None, pair[0]))
    if len(fitting) == 1:
        return fitting[0]
    names = (model,) if model else client.models()
    if fitting or len(digits) < 64 or len(names) != 1:
        raise UsageError(
            f"{len(fitting)} bundles of the fleet begin with {digits}: say --model and all 64 digits"
        )
    return names[0], digits
