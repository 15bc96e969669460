"""Local Ray and Ray Serve instance. Import after the environment is set."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import shutil
import threading
import time
from pathlib import Path
from typing import Final

import ray
from ray import serve
from ray.exceptions import RayError
from ray.serve.schema import LoggingConfig

from evosplit.cloud.app import build
from evosplit.cloud.app_settings import AppSettings
from evosplit.cloud.environment import OBJECT_STORE_BYTES
from evosplit.cloud.front.haproxy_config import APPLICATION
from evosplit.cloud.grpc_service import SERVICER
from evosplit.cloud.reaper import is_program, processes_of

_SHARED_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - it is looked at
START_ERRORS: Final[tuple[type[Exception], ...]] = (RayError, RuntimeError, OSError, TimeoutError, ValueError)
"""What Ray and Ray Serve raise when they do not come up."""
_STOP_LIMIT_S: Final = 15.0
_POLL_S: Final = 0.1


def start_ray(temp: Path, num_gpus: int, node_ip: str | None) -> None:
    """Start Ray's processes, with their files under ``temp``; they die with this one.

    ``node_ip`` is where other nodes reach this one, None where there are none.
    Raises RuntimeError for a node that does not come up, which Ray tells by a bare Exception, and what else
    Ray raises.
    """
    try:
        ray.init(
            address="local",
            num_cpus=max(2, os.cpu_count() or 1),
            num_gpus=num_gpus,
            include_dashboard=False,
            configure_logging=True,
            logging_level=logging.WARNING,
            log_to_driver=False,
            object_store_memory=OBJECT_STORE_BYTES,
            _plasma_directory=_store_folder(temp),
            _temp_dir=str(temp),
            _node_ip_address=node_ip,
        )
    except Exception as problem:
        if type(problem) is not Exception:
            raise
        raise RuntimeError(str(problem)) from None


def _store_folder(temp: Path) -> str | None:
    """Where the object store lies: Ray's own choice, but ``temp`` where shared memory is short.

    So would Ray choose, with a warning of harm that does not come about here: nothing passes through it.
    """
    if not _SHARED_MEMORY.is_dir() or shutil.disk_usage(_SHARED_MEMORY).free >= OBJECT_STORE_BYTES:
        return None
    return str(temp)


def start_application(settings: AppSettings, port: int, grpc_port: int | None, is_alone: bool) -> None:
    """Start HAProxy and the application; return when its replica is built. Raises what Ray raises.

    Ray's own listening sides get the ports on the loopback; clients come to the front end. Replicas listen on
    the loopback, too, unless they are to be reached from the front end of another node.
    """
    logging.getLogger("ray.serve").setLevel(logging.WARNING)
    quiet = LoggingConfig(log_level="WARNING", enable_access_log=False)
    rpc = None if grpc_port is None else {"port": grpc_port, "grpc_servicer_functions": [SERVICER]}
    http = {"host": "127.0.0.1" if is_alone else "0.0.0.0", "port": port}  # noqa: S104 - see haproxy.sh
    serve.start(proxy_location="HeadOnly", http_options=http, grpc_options=rpc, logging_config=quiet)
    serve.run(build(settings), name=APPLICATION, route_prefix="/", logging_config=quiet)


def stop_ray(temp: Path) -> bool:
    """End the application, HAProxy and Ray, whichever of them have been started.

    False when Ray was dead already, because the signal went to the whole process group.
    """
    if not ray.is_initialized():
        return True
    with contextlib.redirect_stdout(io.StringIO()):  # Ray prints that its actors were ended
        ending = threading.Thread(target=serve.shutdown, daemon=True)
        ending.start()
        deadline_s = time.monotonic() + _STOP_LIMIT_S
        while ending.is_alive() and _ray_lives(temp) and time.monotonic() < deadline_s:
            ending.join(_POLL_S)
        if not _ray_lives(temp):
            return False
        ray.shutdown()
    return True


def _ray_lives(temp: Path) -> bool:
    return any(is_program(number, "raylet") for number in processes_of(temp))


def last_line(problem: Exception) -> str:
    """What went wrong, without the remote stack trace in front of it."""
    lines = [line.strip() for line in str(problem).splitlines() if line.strip()]
    return lines[-1][:300] if lines else type(problem).__name__
