"""Server process of ``evosplit cloud``, until SIGINT or SIGTERM."""

from __future__ import annotations

import math
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen
from typing import Final

from evosplit.cloud.cluster_address import ClusterAddress
from evosplit.cloud.environment import apply_environment, serve_environment
from evosplit.cloud.front.certificate_reload import CertificateReload
from evosplit.cloud.front.drain import drain
from evosplit.cloud.front.haproxy_config import FrontEnd
from evosplit.cloud.front.haproxy_files import write_front
from evosplit.cloud.joined_options import check_joined
from evosplit.cloud.listen_address import (
    check_free,
    is_loopback,
    reachable,
    wait_until_open,
    wait_until_ready,
)
from evosplit.cloud.reaper import finish, start_reaper
from evosplit.cloud.registry import Registry, open_registry
from evosplit.cloud.settings import CloudSettings
from evosplit.cloud.signals import StopRequested, ignore_signals, stop_on_signals, wait_for_signal
from evosplit.shared.errors import EvoSplitError, UsageError
from evosplit.shared.free_ports import free_ports
from evosplit.shared.model_summary import file_remarks
from evosplit.shared.security.file_watch import LOOK_S
from evosplit.shared.security.tls import ServerFiles

__all__ = ["CloudSettings", "serve_cloud"]

_READY_LIMIT_S: Final = 60.0
_LONGEST_TEMP: Final = 24
"""Ray appends up to 80 bytes to name a socket, whose name may have 107."""


def serve_cloud(settings: CloudSettings) -> None:
    """Serve until SIGINT or SIGTERM, then remove every process and file. Progress goes to standard error.

    Raises PortInUseError, UsageError, ModelError, StoreError before anything is started; EvoSplitError when
    Ray Serve does not come up.
    """
    if settings.address is not None:
        check_joined(settings)
        from evosplit.cloud.joined_cluster import serve_in_cluster  # Ray takes seconds to import

        serve_in_cluster(settings)
        return
    for port in settings.ports:
        check_free(settings.host, port)
    _check_tls(settings)
    cluster = settings.cluster_address
    _announce(open_registry(settings.open_models(), settings.shapes, settings.model_bytes))
    settings.app.store_places.check()  # a replica's reason would be lost in Ray's
    app, token_place = settings.app.with_token()
    if token_place is not None:
        _say(f"the bearer token is in {token_place}")
    temp = _temp_folder(settings.temp)
    reaper = start_reaper(temp)
    stop_on_signals()
    try:
        _serve(settings.model_copy(update={"token": app.token}), cluster, temp)
    except (StopRequested, KeyboardInterrupt):
        _say("stopping")
        if left := drain(temp, settings.drain_s):
            _say(f"{left} requests are not answered after {settings.drain_s:g} s")
        if not _end(reaper, temp):
            os._exit(0)  # Ray's part of this process cannot end without its raylet: it crashes instead
    except BaseException:  # Ray's processes end with this one whatever ends it; all pass on
        _end(reaper, temp)
        raise


def _serve(settings: CloudSettings, cluster: ClusterAddress | None, temp: Path) -> None:
    started_s = time.monotonic()
    front = FrontEnd(settings.host, settings.port, temp, grpc_port=settings.grpc_port)
    written = write_front(front, settings.tls)
    most = max(settings.min_replicas, settings.max_replicas)
    apply_environment(serve_environment(temp, most, settings.drain_s, cluster))
    os.environ.update(written)
    _say("starting Ray Serve")
    inner_port, inner_grpc_port = free_ports(2)
    _start(settings, cluster, temp, (inner_port, inner_grpc_port))
    wait_until_ready("127.0.0.1", inner_port, "/v2/health/ready", _READY_LIMIT_S)
    for port in settings.ports:
        wait_until_open(settings.host, port, _READY_LIMIT_S)
    scheme = "http" if settings.tls is None else "https"
    address = f"{scheme}://{reachable(settings.host)}:{settings.port}"
    _say(f"ready on {address} ({time.monotonic() - started_s:.1f} s)")
    wait_for_signal(_certificates(settings.tls, temp), LOOK_S)


def _certificates(files: ServerFiles | None, temp: Path) -> Callable[[], None]:
    reload = None if files is None else CertificateReload(temp, files)

    def look() -> None:
        line = None if reload is None else reload.look()
        if line is not None:
            _say(line)

    return look


def _start(
    settings: CloudSettings, cluster: ClusterAddress | None, temp: Path, inner_ports: tuple[int, int]
) -> None:
    from evosplit.cloud import ray_serve  # it reads the environment when imported

    try:
        node_ip = None if cluster is None else cluster.node_ip()
        ray_serve.start_ray(temp, math.ceil(settings.num_gpus * settings.max_replicas), node_ip)
        stop_on_signals()  # Ray has put its own in place
        port, grpc_port = inner_ports
        ray_serve.start_application(
            settings.app, port, settings.grpc_port and grpc_port, is_alone=cluster is None
        )
    except ray_serve.START_ERRORS as problem:
        raise EvoSplitError(f"Ray Serve did not start: {ray_serve.last_line(problem)}") from None


def _end(reaper: Popen[bytes], temp: Path) -> bool:
    """Whether Ray ended in order."""
    ignore_signals()
    loaded = sys.modules.get("evosplit.cloud.ray_serve")
    is_orderly = loaded is None or bool(loaded.stop_ray(temp))
    finish(reaper)
    return is_orderly


def _check_tls(settings: CloudSettings) -> None:
    if settings.tls is not None:
        settings.tls.context()
    elif not is_loopback(settings.host):
        _say("plain HTTP to other machines: tokens and frames can be read on the way (--tls-cert)")


def _announce(registry: Registry) -> None:
    for name, problem in registry.broken.items():
        _say(f"{name} is not served: {problem}")
    for name, entry in registry.models.items():
        model = registry.loaded.held(entry)
        if model is not None and model.card is None:
            _say(f"{name} has no card: it takes tensors, but no pictures (docs/model-card.md)")
        for line in file_remarks(model.graph) if model else ():
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
