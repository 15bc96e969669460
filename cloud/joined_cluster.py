"""Application in a Ray cluster that others started: joined, served from, and left as it was."""

from __future__ import annotations

import contextlib
import io
import logging
import socket
import sys
import time
from typing import Final

import ray
from ray import serve
from ray.exceptions import RayError
from ray.serve.schema import LoggingConfig

from evosplit.cloud.app import build
from evosplit.cloud.front.haproxy_config import APPLICATION
from evosplit.cloud.registry import open_registry
from evosplit.cloud.settings import CloudSettings
from evosplit.cloud.signals import StopRequested, stop_on_signals, wait_for_signal
from evosplit.shared.errors import EvoSplitError

_START_ERRORS: Final = (RayError, RuntimeError, OSError, TimeoutError, ValueError)
_LOOK_S: Final = 3600.0
_CONNECT_S: Final = 5.0


def serve_in_cluster(settings: CloudSettings) -> None:
    """Serve from a cluster's nodes until SIGINT or SIGTERM, then take the application away.

    Models (unless in a bucket) and data are folders that every node sees at the same path. Raises
    UsageError, ModelError, StoreError; EvoSplitError when there is no cluster at the address, or the
    application does not start.
    """
    # What a replica would say in many lines is said in one.
    open_registry(settings.open_models(), settings.shapes, settings.model_bytes)
    settings.app.store_places.check()
    app, token_place = settings.app.with_token()
    if token_place is not None:
        _say(f"the bearer token is in {token_place}")
    stop_on_signals()
    try:
        _start(settings.model_copy(update={"token": app.token}))
        wait_for_signal(lambda: None, _LOOK_S)
    except (StopRequested, KeyboardInterrupt):
        _say("stopping")
    finally:
        _leave()


def _start(settings: CloudSettings) -> None:
    started_s = time.monotonic()
    quiet = LoggingConfig(log_level="WARNING", enable_access_log=False)
    logging.getLogger("ray.serve").setLevel(logging.WARNING)
    try:
        _check_reachable(str(settings.address))
        ray.init(address=settings.address, log_to_driver=False, logging_level=logging.WARNING)
        stop_on_signals()  # Ray has put its own in place
        serve.start(http_options={"host": settings.host, "port": settings.port}, logging_config=quiet)
        serve.run(build(settings.app), name=APPLICATION, route_prefix="/", logging_config=quiet)
    except _START_ERRORS as problem:
        line = str(problem).strip().splitlines()[-1][:300]
        raise EvoSplitError(f"cannot serve from the cluster at {settings.address}: {line}") from None
    nodes = sum(node["Alive"] for node in ray.nodes())
    _say(f"ready on port {settings.port} of a cluster of {nodes} ({time.monotonic() - started_s:.1f} s)")


def _check_reachable(address: str) -> None:
    """Ray ends the whole process where nobody listens. Raises OSError, ValueError."""
    if address != "auto":
        host, _, port = address.rpartition(":")
        socket.create_connection((host, int(port)), _CONNECT_S).close()


def _leave() -> None:
    """Only the application goes: the cluster may serve others."""
    if not ray.is_initialized():
        return
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(*_START_ERRORS):
        serve.delete(APPLICATION)
    ray.shutdown()


def _say(line: str) -> None:
    print(f"evosplit cloud: {line}", file=sys.stderr, flush=True)  # noqa: T201
