"""Checks of what the settings name: sinks, sources, certificates, the port to listen on."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from evosplit.edge.api.address import bound_socket
from evosplit.edge.doctor.finding import Finding, ok, problem
from evosplit.edge.settings import EdgeSettings
from evosplit.edge.sinks.build_sinks import wanted_sinks
from evosplit.edge.sources.sources import fixed_sources
from evosplit.shared.errors import EvoSplitError


def check_wiring(settings: EdgeSettings) -> Iterator[Finding]:
    """Each in the way in which the agent's start reads it; nothing is connected to."""
    yield _tried("sinks", lambda: f"{len(wanted_sinks(settings))} named", "mend its address or its rule")
    yield _tried("sources", lambda: f"{len(fixed_sources(settings))} named", "mend its address")
    yield _tried(
        "certificate", lambda: _certificate(settings), "make one with evosplit certs, or name its files"
    )
    yield _tried("port", lambda: _port(settings), "end what listens there, or choose another: --port")


def _certificate(settings: EdgeSettings) -> str:
    files = settings.server_tls
    if files is None:
        return "none: the agent serves plain HTTP"
    files.context()
    return "can be used"


def _port(settings: EdgeSettings) -> str:
    bound_socket(settings.host, settings.port).close()
    return f"{settings.host}:{settings.port} is free"


def _tried(check: str, work: Callable[[], str], advice: str) -> Finding:
    try:
        return ok(check, work())
    except EvoSplitError as refused:
        return problem(check, str(refused), advice)
