"""Containers killed under traffic: every frame has exactly one result, and the stack is whole again after."""

from __future__ import annotations

import pytest

from tests.compose.stack import FailedCommandError, Stack, container, docker
from tests.frame_traffic import traffic, until

pytestmark = [pytest.mark.compose, pytest.mark.timeout(1500)]


BY_CLOUD = "cut:0"
"""On a machine so busy that the link seems slow, the planned way is the edge alone, and hooks answer, too."""
REPLICA = "grep --quiet Serve[R]eplica /proc/[0-9]*/cmdline"


def has_replica(worker: int) -> bool:
    try:
        docker("exec", container("worker", worker), "sh", "-c", REPLICA)
    except FailedCommandError:
        return False
    return True


def test_a_worker_is_killed_and_a_second_one_takes_its_replica(stack: Stack) -> None:
    with traffic(stack.edge_door(), "worker", strategy=BY_CLOUD) as made:
        assert has_replica(1)
        stack.compose("up", "--detach", "--no-build", "--no-recreate", "--scale", "worker=2", "worker")
        before = made.sent
        docker("kill", container("worker"))
        until(lambda: made.answered("cloud", before) >= 10, "the cloud answers without the worker")
        until(lambda: has_replica(2), "the second worker runs a replica")
        docker("start", container("worker"))
        stack.wait_until_healthy("worker")
    assert made.repeated == 0


def test_the_database_is_killed(stack: Stack) -> None:
    with traffic(stack.edge_door(), "database", strategy=BY_CLOUD) as made:
        docker("kill", container("database"))
        before = made.sent
        until(lambda: made.answered("cloud", before) >= 10, "the cloud answers without the database")
        docker("start", container("database"))
        stack.wait_until_healthy("database")
    assert made.repeated == 0


@pytest.mark.smoke
def test_the_cloud_is_killed(stack: Stack) -> None:
    with traffic(stack.edge_door(), "cloud", strategy=BY_CLOUD) as made:
        docker("kill", container("cloud"))
        away = made.sent
        until(lambda: made.answered("edge-fallback", away) >= 5, "the edge answers by itself")
        docker("start", container("cloud"))
        stack.wait_until_healthy("cloud")
        back = made.sent
        until(lambda: made.answered("cloud", back) >= 5, "the cloud answers again")
    assert made.repeated == 0


def test_the_edge_is_killed(stack: Stack) -> None:
    with traffic(stack.edge_door(), "edge", under_way=1, strategy=BY_CLOUD) as made:
        docker("kill", container("edge"))
        docker("start", container("edge"))
        back = made.sent
        until(lambda: made.answered("cloud", back + 1) >= 5, "the edge answers again")
    assert made.repeated > 0
