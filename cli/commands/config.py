"""`evosplit config`: the configuration file of a tier, checked, shown and begun."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import click
from pydantic_settings import BaseSettings

from evosplit.cli.options import FILE, json_option
from evosplit.cli.output import print_json, print_table
from evosplit.shared.config.example import example_file
from evosplit.shared.config.load import load_settings
from evosplit.shared.config.view import Shown, shown_settings
from evosplit.shared.config.yaml_entries import read_entries
from evosplit.shared.errors import MissingExtraError

Tier: TypeAlias = Literal["edge", "cloud"]
_NEEDED: Final[dict[Tier, dict[str, Any]]] = {
    "edge": {"cloud_url": ["http://127.0.0.1:8000"], "model": "gate"},
    "cloud": {"models": "models"},
}

_tier_option = click.option(
    "--tier", type=click.Choice(["edge", "cloud"]), help="Whose settings. [default: as the file looks]"
)


@click.group()
def config() -> None:
    r"""Settings of `evosplit edge` and `evosplit cloud` in one YAML file.

    Options come before the environment, the environment before the file, the file before the defaults.

    \b
    Example: evosplit config show --example > edge.yaml
             evosplit config check edge.yaml
             evosplit edge --config edge.yaml
    """


@config.command()
@click.argument("file", type=FILE)
@_tier_option
@json_option
def check(file: Path, tier: Tier | None, as_json: bool) -> None:
    """Say what is wrong with FILE, or every setting with its value and who gave it.

    The exit status is 2 when something is wrong. Secrets are not shown.
    """
    chosen = tier or _tier_of(file)
    loaded = load_settings(_kind(chosen), {}, file)
    _print(chosen, shown_settings(loaded), as_json)


@config.command()
@click.option("--example", is_flag=True, help="A commented file to begin with.")
@_tier_option
@json_option
def show(example: bool, tier: Tier | None, as_json: bool) -> None:
    """All settings with the values that they have without a file: those of the environment, and defaults."""
    chosen: Tier = tier or "edge"
    if example:
        click.echo(example_file(_kind(chosen), _NEEDED[chosen], f"evosplit {chosen}"), nl=False)
        return
    prefix = str(_kind(chosen).model_config.get("env_prefix"))
    absent = {
        name: value
        for name, value in _NEEDED[chosen].items()
        if not os.environ.get(f"{prefix}{name.upper()}")
    }
    shown = shown_settings(load_settings(_kind(chosen), absent))
    _print(
        chosen,
        [Shown(each.name, None, "(needed)") if each.name in absent else each for each in shown],
        as_json,
    )


def _kind(tier: Tier) -> type[BaseSettings]:
    """The definition of a tier's settings; a machine may have what one tier needs alone."""
    if tier == "edge":
        from evosplit.edge.settings import EdgeSettings

        return EdgeSettings
    try:
        from evosplit.cloud.settings import CloudSettings
    except ModuleNotFoundError as missing:
        raise MissingExtraError("the cloud's settings", str(missing.name), "cloud") from None
    return CloudSettings


def _tier_of(file: Path) -> Tier:
    return "cloud" if "models" in read_entries(file) else "edge"


def _print(tier: Tier, shown: Sequence[Shown], as_json: bool) -> None:
    if as_json:
        settings = {each.name: {"value": each.value, "from": each.origin} for each in shown}
        print_json({"tier": tier, "settings": settings})
        return
    rows = ((each.name, "" if each.value is None else each.value, each.origin) for each in shown)
    print_table(f"Settings of evosplit {tier}", ("setting", "value", "from"), rows)
