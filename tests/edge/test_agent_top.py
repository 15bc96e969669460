"""`evosplit top` against a real agent, once, as a table and as JSON; and the figures behind it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from edge_support import picture, stage
from fake_cloud import TOKEN
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from evosplit.cli.main import main
from evosplit.cli.profile_view import view
from evosplit.edge.telemetry.histogram import SECONDS, Histogram


async def test_it_shows_an_agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVOSPLIT_TOKEN", TOKEN)
    async with stage(tmp_path) as on:
        for seed in range(3):
            await on.post(picture(seed))
        runner = CliRunner()
        ask = ["top", "--edge", on.url, "--once"]
        shown = await asyncio.to_thread(runner.invoke, main, ask)
        assert shown.exit_code == 0, shown.output
        assert "Hooks; " in shown.output
        assert "net: " in shown.output
        told = await asyncio.to_thread(runner.invoke, main, [*ask, "--json"])
        profile = json.loads(told.output)
        assert profile["frames"] == 3
        assert profile["model"] == "net"
        console = Console(width=110, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
        with console.capture() as capture:
            console.print(view(profile))
        console.file.close()
        assert "Segments" in capture.get()
        assert "calibrated from: unsaid" in capture.get()


def test_an_agent_that_is_not_there_is_one_line() -> None:
    shown = CliRunner().invoke(main, ["top", "--once", "--edge", "http://127.0.0.1:9"])
    assert shown.exit_code == 1
    assert "no answer from http://127.0.0.1:9" in shown.stderr


@given(st.lists(st.floats(1e-6, 99.0), min_size=1, max_size=200), st.sampled_from([0.5, 0.95, 0.99]))
def test_quantiles_are_right_to_a_bucket(values: list[float], share: float) -> None:
    spread = Histogram(SECONDS)
    for value in values:
        spread.add(value)
    exact = float(np.quantile(values, share, method="inverted_cdf"))
    found = spread.quantile(share)
    assert found is not None
    assert exact <= found * (1 + 1e-9)
    assert found <= max(exact * 10 ** (1 / 8), 1e-6) * (1 + 1e-9)
    assert spread.count == len(values)
    assert spread.mean == pytest.approx(sum(values) / len(values))
