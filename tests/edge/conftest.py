"""Fixtures of the edge's tests."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from net_bundle import load_net, net_card

from evosplit.edge.enrolment.measure import device_profiler


@pytest.fixture(scope="session")
def measurements(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This machine as it was measured once for all tests, with the network of `net_bundle`."""
    folder = tmp_path_factory.mktemp("measurements")
    graph = load_net(tmp_path_factory.mktemp("net"))
    device_profiler(folder, 1, integers=True).profile(graph, net_card(graph))
    return folder


@pytest.fixture
def measured_here(measurements: Path, tmp_path: Path) -> None:
    """The agent of the test's folder knows the network's times from an earlier start."""
    shutil.copytree(measurements, tmp_path / "data" / "net", dirs_exist_ok=True)
