"""Fixtures of the edge's tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from evosplit.shared.graph import load_graph
from evosplit.shared.profile import Profile
from evosplit.shared.profiler import measure_profile


@pytest.fixture
def measured_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """This machine's profile of ``net.onnx`` in the test's folder, without a process of its own."""

    async def profile(*_: object) -> Profile:
        return measure_profile(load_graph(tmp_path / "net.onnx", "net"), 1, 1.0)

    monkeypatch.setattr("evosplit.edge.enrolment.enrol._profile", profile)
