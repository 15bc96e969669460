"""`evosplit models`: versions of the cloud's models, tried on a share of clients, promoted, rolled back."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from evosplit.cli.options import FOLDER, Parsed, json_option
from evosplit.cli.output import print_json, print_table, stderr
from evosplit.cloud.repository.trial_reports import TrialReports, described_rollout
from evosplit.cloud.repository.version_store import VersionStore
from evosplit.shared.errors import UsageError
from evosplit.shared.measurement_store import cache_folder
from evosplit.shared.rollout import Rollout
from evosplit.shared.security.audit_log import AuditLog, audit_file

F = TypeVar("F", bound=Callable[..., Any])


def parse_share(text: str) -> float:
    """A share from ``10%`` or ``0.1``. Raises UsageError."""
    try:
        return float(text[:-1]) / 100 if text.endswith("%") else float(text)
    except ValueError:
        raise UsageError(f"a share is written as 10% or 0.1, not {text!r}") from None


_SHARE = Parsed("share", parse_share)
_data_option = click.option("--data", type=FOLDER, help="The cloud's own --data folder.")


@click.group()
def models() -> None:
    r"""Versions of models: NAME.onnx is version 1, others lie at NAME/VERSION/model.onnx.

    A version that is put into the models folder can be asked for by its number; the one in use stays until
    another is promoted. The cloud takes changes up within two seconds.

    \b
    Example: evosplit models canary gate 2 --share 10%
             evosplit models promote gate
    """


@models.command("list")
@_data_option
@json_option
def list_models(data: Path | None, as_json: bool) -> None:
    """What is in use, what is tried and how well, and what was rolled back."""
    folder = _folder(data)
    trials, choices = TrialReports(folder), VersionStore(folder).read()
    rows = [{"name": name, **described_rollout(trials, name, held)} for name, held in sorted(choices.items())]
    if as_json:
        print_json({"models": rows})
    else:
        names = ("name", "in use", "tried", "share", "errors", "in use", "agreement", "rolled back")
        print_table("Models", names, map(_cells, rows))


@models.command()
@click.argument("name")
@click.argument("version")
@click.option("--share", type=_SHARE, default="10%", show_default=True, help="Of the clients.")
@click.option(
    "--agreement", type=_SHARE, help="Roll back below this agreement with the version in use, as in 95%."
)
@_data_option
def canary(name: str, version: str, share: float, agreement: float | None, data: Path | None) -> None:
    """Try a version on a share of clients; it goes by itself where it fails more than the one in use."""
    _change(name, data, lambda held: held.offered(version, share, agreement))


@models.command()
@click.argument("name")
@click.argument("version", required=False)
@_data_option
def promote(name: str, version: str | None, data: Path | None) -> None:
    """Use the version that is tried, or any other, for all clients."""
    _change(name, data, lambda held: held.promoted(version))


@models.command()
@click.argument("name")
@_data_option
def rollback(name: str, data: Path | None) -> None:
    """Try no version any more."""
    _change(name, data, lambda held: held.rolled_back("by hand"))


def _change(name: str, data: Path | None, change: Callable[[Rollout], Rollout]) -> None:
    folder = _folder(data)
    held = VersionStore(folder).change(name, change)
    tried = f", version {held.candidate} for {held.share:.0%}" if held.candidate else ""
    line = f"{name}: version {held.current} is in use{tried}"
    user = f"user {os.environ.get('SUDO_USER') or os.getuid()}"
    AuditLog(audit_file(folder)).write(user, f"models: {line}", "done")
    stderr.print(line)


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    tried, gone = row["canary"], row["rejected"]
    last = f"{gone[-1]['version']}: {gone[-1]['reason']}" if gone else ""
    if tried is None:
        return (row["name"], row["in_use"], "", "", "", "", "", last)
    agreement = "" if tried["agreement"] is None else f"{tried['agreement']:.1%}"
    counts = (f"{tried['errors']}/{tried['answers']}", f"{tried['errors_in_use']}/{tried['answers_in_use']}")
    return (row["name"], row["in_use"], tried["version"], f"{tried['share']:.0%}", *counts, agreement, last)


def _folder(data: Path | None) -> Path:
    return data or cache_folder() / "cloud"
