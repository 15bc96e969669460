"""`evosplit certs`: a private authority, and certificates for servers and clients."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click

from evosplit.cli.options import FOLDER
from evosplit.cli.output import stderr
from evosplit.shared.security.certificate_files import AUTHORITY, kept_authority, write_issued
from evosplit.shared.security.certificates import issue_client, issue_server

_folder = click.option(
    "--folder",
    type=FOLDER,
    default="certs",
    show_default=True,
    help="Folder of the authority and of the rest.",
)
_days = click.option("--days", type=click.IntRange(min=1), default=397, show_default=True, help="Lifetime.")


@click.group()
def certs() -> None:
    r"""Certificates for TLS between edges, clouds and clients; the authority is made on first use.

    FOLDER/ca.pem goes to everybody who is to trust the servers; FOLDER/ca.key signs, and stays where it is.

    \b
    Example: evosplit certs server cloud.example.org 192.0.2.7
             evosplit cloud --models models/ --tls-cert certs/cloud.example.org.pem \
               --tls-key certs/cloud.example.org.key
             evosplit edge --cloud https://cloud.example.org:8000 --cloud-ca certs/ca.pem --model gate
    """


@certs.command()
@_folder
def authority(folder: Path) -> None:
    """Make the authority alone."""
    kept_authority(folder, _now())
    stderr.print(f"the authority is {folder / AUTHORITY}.pem", soft_wrap=True)


@certs.command()
@click.argument("hosts", nargs=-1, required=True)
@_folder
@_days
def server(hosts: tuple[str, ...], folder: Path, days: int) -> None:
    """A certificate for a server with HOSTS: names and addresses, the first of which names the files."""
    now, lifetime = _now(), dt.timedelta(days=days)
    name = hosts[0].replace(":", "-").replace("*", "any")
    _tell(write_issued(folder, name, now, lambda authority: issue_server(authority, hosts, now, lifetime)))


@certs.command()
@click.argument("name")
@_folder
@_days
def client(name: str, folder: Path, days: int) -> None:
    """A certificate by which an edge or a client shows that it is NAME (--client-ca of a tier)."""
    now, lifetime = _now(), dt.timedelta(days=days)
    _tell(write_issued(folder, name, now, lambda authority: issue_client(authority, name, now, lifetime)))


def _now() -> dt.datetime:
    return dt.datetime.now(dt.timezone.utc)


def _tell(paths: tuple[Path, Path]) -> None:
    stderr.print(f"wrote {paths[0]} and {paths[1]}", soft_wrap=True)
