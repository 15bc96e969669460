"""The stack of containers: compose, containers by the name of their service, and requests over TLS."""

from __future__ import annotations

import os
import ssl
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.frame_traffic import Door, until

PROJECT: Final = "evosplit-test"
FOLDER: Final = Path(__file__).parents[2] / "compose"
FILES: Final = (FOLDER / "compose.yaml", Path(__file__).with_name("standins.yaml"))
STARTED: Final = ("cloud", "worker", "edge", "prometheus", "mosquitto", "database")
"""All but Grafana, which Debian does not package."""


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


@dataclass(frozen=True)
class Stack:
    """Containers that run. ``environment``: the settings of compose.yaml; ``services``: what is started."""

    models: Path
    environment: Mapping[str, str]
    services: Sequence[str]

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

    def edge_door(self) -> Door:
        """The edge's for the holder of its token."""
        return self.door("edge", self.secret("edge/token"))

    def wait_until_healthy(self, service: str) -> None:
        """Return when the health check of a service says so."""
        until(lambda: self.health(service) == "healthy", f"{service} is healthy")

    def health(self, service: str) -> str:
        """What the health check of a service says."""
        return docker("inspect", "--format", "{{.State.Health.Status}}", container(service)).strip()


def container(service: str, number: int = 1) -> str:
    """The name of a container of a service."""
    return f"{PROJECT}-{service}-{number}"
