"""Replicas of a running cloud: their processes, and what its front end has sent to each."""

from __future__ import annotations

import time
from collections.abc import Callable

import psutil
from cloud_process import Running

from evosplit.cloud.front.runtime_api import ask, control_sockets

LIMIT_S = 180


def replicas(node: psutil.Process) -> int:
    """How many a node, or a cloud with its own Ray, has started."""
    return sum(name_of(process).startswith("ray::ServeReplica") for process in node.children(recursive=True))


def name_of(process: psutil.Process) -> str:
    """As Ray tells it; nothing of one that has ended meanwhile."""
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""


def asked(cloud: Running) -> list[int]:
    """Requests that each replica has had from the front end that serves now."""
    (folder,) = cloud.temp.glob("evs-*")
    control = control_sockets(folder)[-1]
    lines = ask(control, "show stat -1 4 -1\n").lstrip("# ").splitlines()
    columns = lines[0].split(",")
    rows = [dict(zip(columns, line.split(","), strict=False)) for line in lines[1:] if line]
    up = [row for row in rows if "SERVE_REPLICA" in row["svname"] and row["status"].startswith("UP")]
    return [int(row["stot"]) for row in up]


def are_used(cloud: Running, count: int) -> bool:
    """Whether there are so many replicas, and each has had requests."""
    return [number > 0 for number in asked(cloud)] == [True] * count


def until(holds: Callable[[], bool], what: str) -> None:
    """Return once something holds."""
    end_s = time.monotonic() + LIMIT_S
    while not holds():
        assert time.monotonic() < end_s, what
        time.sleep(0.1)
