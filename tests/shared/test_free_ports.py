"""Free ports: different, free, and not of those that outgoing connections take."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from evosplit.shared import free_ports as module
from evosplit.shared.free_ports import free_port, free_ports


def test_ports_are_different_and_free() -> None:
    ports = free_ports(50)
    assert len(set(ports)) == 50
    for port in ports:
        with socket.socket() as listener:
            listener.bind(("", port))


def test_none_is_of_the_range_of_outgoing_connections() -> None:
    first, last = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    if first <= 20_000 and last >= 29_999:
        pytest.skip("all ports of this machine are ephemeral")
    assert not [port for port in free_ports(50) if first <= port <= last]


def test_a_taken_port_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = free_port()
    monkeypatch.setattr(module, "_FIRST", taken)
    monkeypatch.setattr(module, "_LAST", taken)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", taken))
        listener.listen()
        assert free_port() != taken


def test_any_port_where_all_are_ephemeral(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    range_file = tmp_path / "range"
    range_file.write_text("1024\t65535\n")
    monkeypatch.setattr(module, "_EPHEMERAL", range_file)
    assert len(set(free_ports(3))) == 3
