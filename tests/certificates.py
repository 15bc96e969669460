"""A private authority with files for servers and clients, valid ones and others."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from evosplit.shared.security.certificate_files import kept_authority, write_pair
from evosplit.shared.security.certificates import issue_client, issue_server
from evosplit.shared.security.tls import ClientFiles, ServerFiles

HOSTS = ("localhost", "127.0.0.1")
DAY = dt.timedelta(days=1)


def now() -> dt.datetime:
    return dt.datetime.now(dt.timezone.utc)


class Authority:
    """An authority in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pair = kept_authority(folder, now())

    @property
    def ca(self) -> Path:
        return self._folder / "ca.pem"

    def server(self, name: str = "server", hosts: tuple[str, ...] = HOSTS, age: dt.timedelta = 0 * DAY):
        """A server's files; a certificate of an ``age`` above a day has expired."""
        write_pair(self._folder, name, issue_server(self._pair, hosts, now() - age, DAY))
        return ServerFiles(self._folder / f"{name}.pem", self._folder / f"{name}.key")

    def client(self, name: str = "gate-7") -> ClientFiles:
        write_pair(self._folder, name, issue_client(self._pair, name, now(), DAY))
        return ClientFiles(self.ca, self._folder / f"{name}.pem", self._folder / f"{name}.key")
