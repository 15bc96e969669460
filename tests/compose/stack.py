"""The stack of containers: compose, containers by the name of their service, and requests over TLS."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

PROJECT: Final = "evosplit-test"
FOLDER: Final = Path(__file__).parents[2] / "compose"
FILES: Final = (FOLDER / "compose.yaml", Path(__file__).with_name("standins.yaml"))
STARTED: Final = ("cloud", "worker", "edge", "prometheus", "mosquitto", "database")
"""All but Grafana, which Debian does not package."""
WAIT_S: Final = 300.0


class FailedCommandError(AssertionError):
    """A command of the container engine that failed."""


def docker(*arguments: str, limit_s: float = 900, environment: Mapping[str, str] | None = None) -> str:
    """What a command prints. Raises FailedCommandError."""
    command = ["docker", *arguments]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=limit_s,
        check=False,
        env={**os.environ, **(environment or {})},
    )
    if done.returncode != 0:
        raise FailedCommandError(
            f"{' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr[-4000:]}"
        )
    return done.stdout


def until(holds: Callable[[], bool], what: str, limit_s: float = WAIT_S) -> None:
    """Return once something holds."""
    end_s = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < end_s, f"{what}: not within {limit_s:g} s"
        time.sleep(0.5)


@dataclass(frozen=True)
class Door:
    """A tier's front door: its address, the authority of its certificate, and a token for it."""

    url: str
    context: ssl.SSLContext
    token: str | None

    def call(self, path: str, body: bytes | None = None, **headers: str) -> tuple[bytes, Any]:
        """Body and headers of an answer. Raises `urllib.error.HTTPError`, OSError."""
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        request = urllib.request.Request(self.url + path, body, headers)  # noqa: S310 - our own address
        with urllib.request.urlopen(request, timeout=60, context=self.context) as response:  # noqa: S310
            return response.read(), response.headers

    def refusal(self, path: str) -> tuple[int, str]:
        """Status and line of an answer that refuses."""
        try:
            self.call(path)
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, json.loads(refused.read())["error"]
        raise AssertionError(f"{path} was answered")


@dataclass(frozen=True)
class Stack:
    """Containers that run. ``environment``: the settings of compose.yaml."""

    models: Path
    environment: Mapping[str, str]

    def compose(self, *arguments: str, limit_s: float = 900) -> str:
        """Output of a command of compose."""
        files = [part for path in FILES for part in ("--file", str(path))]
        return docker(
            *("compose", *files, "--project-name", PROJECT, *arguments),
            limit_s=limit_s,
            environment=self.environment,
        )

    def inside(self, service: str, *command: str) -> str:
        """What a command prints that runs in the container of a service."""
        return docker("exec", container(service), *command, limit_s=60)

    def secret(self, place: str) -> str:
        """The content of a file of secrets, as SERVICE/FILE."""
        service, _, name = place.partition("/")
        return self.inside(service, "cat", f"/secrets/{name}").strip()

    def door(self, service: str, token: str | None) -> Door:
        """The front door of cloud or edge for the holder of a token."""
        port = self.environment[f"EVOSPLIT_{service.upper()}_PORT"]
        authority = self.secret(f"{service}/ca.pem")
        return Door(f"https://localhost:{port}", ssl.create_default_context(cadata=authority), token)

    def wait_until_healthy(self, service: str) -> None:
        """Return when the health check of a service says so."""
        until(lambda: self.health(service) == "healthy", f"{service} is healthy")

    def health(self, service: str) -> str:
        """What the health check of a service says."""
        return docker("inspect", "--format", "{{.State.Health.Status}}", container(service)).strip()


def container(service: str) -> str:
    """The name of the first container of a service."""
    return f"{PROJECT}-{service}-1"
