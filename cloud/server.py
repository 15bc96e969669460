"""Server process of ``evosplit cloud``, until SIGINT or SIGTERM."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from subprocess import Popen
from typing import Final

from evosplit.cloud.environment import apply_environment, serve_environment
from evosplit.cloud.listen_address import check_free, reachable, wait_until_ready
from evosplit.cloud.reaper import finish, start_reaper
from evosplit.cloud.registry import Registry, open_registry
from evosplit.cloud.settings import CloudSettings
from evosplit.cloud.signals import StopRequested, ignore_signals, stop_on_signals, wait_for_signal
from evosplit.shared.errors import EvoSplitError, UsageError
from evosplit.shared.model_summary import file_remarks

__all__ = ["CloudSettings", "serve_cloud"]

_READY_LIMIT_S: Final = 60.0
_LONGEST_TEMP: Final = 24
"""Ray appends up to 80 bytes to name a socket, whose name may have 107."""


def serve_cloud(settings: CloudSettings) -> None:
    """Serve until SIGINT or SIGTERM, then remove every process and file. Progress goes to standard error.

    Raises PortInUseError, UsageError, ModelError before anything is started; EvoSplitError when Ray Serve
    does not come up.
    """
    check_free(settings.host, settings.port)
    _announce(open_registry(settings.models, settings.shapes))
    app, token_place = settings.app.with_token()
    if token_place is not None:
        _say(f"the bearer token is in {token_place}")
    temp = _temp_folder(settings.temp)
    reaper = start_reaper(temp)
    stop_on_signals()
    try:
        _serve(settings.model_copy(update={"token": app.token}), temp)
    except (StopRequested, KeyboardInterrupt):
        _say("stopping")
        if not _end(reaper, temp):
            os._exit(0)  # Ray's part of this process cannot end without its raylet: it crashes instead
    except BaseException:  # Ray's processes end with this one whatever ends it; all pass on
        _end(reaper, temp)
        raise


def _serve(settings: CloudSettings, temp: Path) -> None:
    started_s = time.monotonic()
    apply_environment(serve_environment(temp))
    _say("starting Ray Serve")
    _start(settings, temp)
    wait_until_ready(settings.host, settings.port, "/v2/health/ready", _READY_LIMIT_S)
    _say(f"ready on http://{reachable(settings.host)}:{settings.port} ({time.monotonic() - started_s:.1f} s)")
    wait_for_signal()


def _start(settings: CloudSettings, temp: Path) -> None:
    from evosplit.cloud import ray_serve  # it reads the environment when imported

    try:
        ray_serve.start_ray(temp)
        stop_on_signals()  # Ray has put its own in place
        ray_serve.start_application(settings.app, settings.host, settings.port)
    except ray_serve.START_ERRORS as problem:
        raise EvoSplitError(f"Ray Serve did not start: {ray_serve.last_line(problem)}") from None


def _end(reaper: Popen[bytes], temp: Path) -> bool:
    """Whether Ray ended in order."""
    ignore_signals()
    loaded = sys.modules.get("evosplit.cloud.ray_serve")
    is_orderly = loaded is None or bool(loaded.stop_ray(temp))
    finish(reaper)
    return is_orderly


def _announce(registry: Registry) -> None:
    for name, problem in registry.broken.items():
        _say(f"{name} is not served: {problem}")
    for model in registry.models.values():
        for line in file_remarks(model.graph):
            _say(line)
    _say(f"models: {', '.join(sorted(registry.models))}")


def _temp_folder(base: Path | None) -> Path:
    """A new folder of a short name. Raises UsageError."""
    fallback = Path(tempfile.gettempdir())
    parent = base or (fallback if len(str(fallback)) <= _LONGEST_TEMP else Path("/tmp"))  # noqa: S108
    if len(str(parent.absolute())) > _LONGEST_TEMP:
        raise UsageError(f"the temporary folder {parent} has too long a name for sockets in it")
    try:
        parent.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix="evs-", dir=parent.absolute()))
    except OSError as problem:
        raise UsageError(f"cannot write to the temporary folder {parent}: {problem.strerror}") from None


def _say(line: str) -> None:
    print(f"evosplit cloud: {line}", file=sys.stderr, flush=True)  # noqa: T201
