"""Inputs that leave the calibrated ranges: seen in a cheap count, and calibrated anew."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from edge_support import middle_stage, picture, until
from net_bundle import load_net, make_plan, make_table

from evosplit.edge.calibration import drift as drift_file
from evosplit.edge.calibration import observer
from evosplit.edge.calibration.drift import (
    CUT_OFF,
    LEAST_FRAMES,
    RECENT,
    SUSPICIOUS,
    Drift,
    share_beyond,
)
from evosplit.shared.graph import Graph
from evosplit.shared.plan import Plan, PlanTable, TensorCode


def ranged(plan: Plan, bits: int, low: float, high: float) -> Plan:
    return dataclasses.replace(plan, wire={name: TensorCode(bits, low, high) for name in plan.boundary})


@pytest.mark.parametrize("bits", [2, 3, 4])
def test_the_best_range_of_a_laplace_distribution_is_within(tmp_path: Path, bits: int) -> None:
    """Its least-error range cuts values off; four times as many is drift."""
    clip = {2: 2.83, 3: 3.89, 4: 5.03}[bits]
    plan = ranged(make_plan(load_net(tmp_path), 3, 0.01, 100), bits, -clip, clip)
    values = np.random.default_rng(0).laplace(size=200_000).astype(np.float32)
    (name,) = plan.boundary
    assert share_beyond(plan, {name: values}) < 0.35
    assert share_beyond(plan, {name: 4 * values}) > 1
    assert CUT_OFF[bits] == pytest.approx(4 * np.exp(-clip), rel=0.2)


def test_plans_without_ranges_rest_on_no_calibration(tmp_path: Path) -> None:
    plan = make_plan(load_net(tmp_path), 3, 0.01, 100)
    (name,) = plan.boundary
    assert share_beyond(plan, {name: np.full(10, 1e9, np.float32)}) == 0
    ranges = dataclasses.replace(plan, activation_ranges={"r1": (0.0, 1.0)}, activation_bits={"r1": 8})
    assert share_beyond(ranges, {"r1": np.full(10, 2.0, np.float32)}) > 1
    assert share_beyond(ranges, {}) == 0


def test_a_stated_share_of_the_frames_counts_and_another_table_starts_afresh(tmp_path: Path) -> None:
    table, drift = make_table(load_net(tmp_path)), Drift()
    for at in range(100):
        drift.note(table, 2.0 if at % 20 == 0 else 0.5)
        assert not drift.is_due
    for _ in range(LEAST_FRAMES):
        drift.note(table, 2.0)
    assert drift.is_due
    drift.note(dataclasses.replace(table, rtt_s=1.0), 2.0)
    assert (drift.is_due, drift.share) == (False, 1.0)


def test_two_of_the_last_few_frames_raise_a_suspicion_that_goes_when_they_return(tmp_path: Path) -> None:
    table, drift = make_table(load_net(tmp_path)), Drift()
    drift.note(table, 2.0)
    assert not drift.is_suspected
    drift.note(table, 2.0)
    assert drift.is_suspected
    drift.start_afresh()
    assert drift.is_suspected, "what was counted is acted on; the frames are still outside"
    for _ in range(RECENT):
        drift.note(table, 0.5)
    assert not drift.is_suspected
    for _ in range(SUSPICIOUS):
        drift.note(table, 2.0)
    drift.note(dataclasses.replace(table, rtt_s=1.0), 0.5)
    assert not drift.is_suspected, "other plans have other ranges"


def with_range(graph: Graph, with_fallback: bool) -> PlanTable:
    table = make_table(graph, with_fallback)
    plans = tuple(ranged(plan, 4, -1e-6, 1e-6) if plan.cut_key == "3" else plan for plan in table.plans)
    return dataclasses.replace(table, plans=plans)


async def test_frames_outside_the_ranges_cause_a_calibration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(observer, "LEAST_PAUSE_S", 0.0)
    monkeypatch.setattr(observer, "COMPARE_PAUSE_S", 0.0)
    monkeypatch.setattr(drift_file, "LEAST_FRAMES", 8)
    monkeypatch.setattr("evosplit.shared.time_budget.TimeBudget.is_spent", False)
    async with middle_stage(tmp_path, calibration="live", table_of=with_range) as on:
        for seed in range(12):
            assert (await on.post(picture(seed)))[0] == 200
            await on.agent.frames.drain()
        await until(lambda: "leave the ranges" in caplog.text)
        assert caplog.text.count("calibrated anew") == 1
