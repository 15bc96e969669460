"""Hardening of the containers that run: user, capabilities, root file system, and limits of memory."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.compose.chain_network import NAME
from tests.compose.stack import STARTED, FailedCommandError, Stack, container, docker

pytestmark = [pytest.mark.compose, pytest.mark.timeout(1500)]

WRITES = "touch /etc/written || touch /opt/written"
STATUS = "id -u; grep -h -E '^(CapEff|NoNewPrivs):' /proc/self/status"
FLOOD = "held = [b'x' * 2**20 for _ in range(2**13)]"
"""8 GiB, more than any service may have."""


def inspected(service: str) -> dict[str, Any]:
    (content,) = json.loads(docker("inspect", container(service)))
    return content


@pytest.mark.parametrize("service", STARTED)
def test_nobody_with_no_rights_on_a_read_only_root(stack: Stack, service: str) -> None:
    user, *rights = stack.inside(service, "sh", "-c", STATUS).split()
    assert int(user) > 0
    assert rights == ["NoNewPrivs:", "1", "CapEff:", "0" * 16] or rights == [
        *("CapEff:", "0" * 16),
        *("NoNewPrivs:", "1"),
    ]
    with pytest.raises(FailedCommandError, match="Read-only file system"):
        stack.inside(service, "sh", "-c", WRITES)


@pytest.mark.parametrize("service", STARTED)
def test_limits_are_set(stack: Stack, service: str) -> None:
    host = inspected(service)["HostConfig"]
    assert 0 < host["Memory"] <= 4 * 2**30
    assert host["NanoCpus"] > 0
    assert host["RestartPolicy"]["Name"] == "unless-stopped"


@pytest.mark.parametrize("service", ["cloud", "worker", "edge"])
def test_what_takes_too_much_memory_is_ended_and_the_service_goes_on(stack: Stack, service: str) -> None:
    started = inspected(service)["State"]["StartedAt"]
    with pytest.raises(FailedCommandError, match=": 137"):
        stack.inside(service, "python", "-c", FLOOD)
    stack.wait_until_healthy(service)
    assert inspected(service)["State"]["StartedAt"] == started
    if service in ("cloud", "edge"):
        stack.door(service, stack.secret(f"{service}/token")).call(f"/v2/models/{NAME}")


def test_only_front_doors_are_published(stack: Stack) -> None:
    published = {service: inspected(service)["HostConfig"]["PortBindings"] for service in STARTED}
    assert {service: sorted(ports) for service, ports in published.items() if ports} == {
        "cloud": ["8000/tcp"],
        "edge": ["9000/tcp"],
        "prometheus": ["9090/tcp"],
    }
    assert all(port["HostIp"] == "127.0.0.1" for ports in published.values() for (port,) in ports.values())


def test_keys_are_where_they_are_needed_and_nowhere_else(stack: Stack) -> None:
    held = {
        service: stack.inside(service, "ls", "/secrets").split() for service in ("cloud", "worker", "edge")
    }
    assert held["cloud"] == ["ca.pem", "cluster", "pgpass", "tls.key", "tls.pem", "token"]
    assert held["worker"] == ["cluster", "pgpass"]
    assert held["edge"] == ["ca.pem", "cloud-token", "tls.key", "tls.pem", "token"]
    secrets = [
        stack.secret(place)
        for place in ("cloud/token", "edge/cloud-token", "cloud/cluster", "database/password")
    ]
    said = stack.compose("logs", "--no-color") + json.dumps([inspected(service) for service in STARTED])
    assert not [secret for secret in secrets if secret in said]
