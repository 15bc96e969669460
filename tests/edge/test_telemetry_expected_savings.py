"""What hooks, masks and deltas spare: from counts to shares, kept on disk, told to who plans."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from edge_support import middle_stage, picture, stage, until
from hook_doubles import Told
from hook_support import NEVER, sure, tap
from hypothesis import given
from hypothesis import strategies as st
from net_bundle import load_net

from evosplit.edge.head.partition import Part
from evosplit.edge.head.trace import StepTrace
from evosplit.edge.hook_learning.examples import FittedHooks
from evosplit.edge.telemetry.expected_savings import (
    LEAST_FRAMES,
    HookSeen,
    SegmentSeen,
    WireSeen,
    differs,
    expectation,
)
from evosplit.edge.telemetry.runtime_profile import SegmentProfile
from evosplit.edge.telemetry.savings_record import KeptExpectation, read_expectation
from evosplit.shared.errors import ProfileError
from evosplit.shared.expectation import NOTHING_SPARED, ExitShare, Expectation
from evosplit.shared.json_cache import write_kept
from evosplit.shared.serial import from_data

ENOUGH = LEAST_FRAMES
SHARE = st.floats(0, 1)


def test_shares_are_counts_over_counts() -> None:
    hooks = [HookSeen("x", 400, 100, 0.001), HookSeen("a", 200, 20, 0.002)]
    segments = [SegmentSeen(("c1", "c2"), ENOUGH, 0.25), SegmentSeen(("c3",), ENOUGH, None)]
    found = expectation(hooks, segments, WireSeen(ENOUGH, 30, 100))
    assert found.exits == (ExitShare("x", 0.25, 0.001), ExitShare("a", 0.1, 0.002))
    assert found.density == {"c1": 0.25, "c2": 0.25}
    assert found.wire_share == 0.3


def test_what_was_met_too_seldom_stays_as_it_was() -> None:
    before = Expectation((ExitShare("x", 0.5), ExitShare("gone", 0.5)), {"c": 0.5}, 0.5)
    few = ENOUGH - 1
    hooks, segments = (
        [HookSeen("x", few, few, 1.0), HookSeen("new", few, few, 1.0)],
        [SegmentSeen(("c", "d"), few, 0.1)],
    )
    found = expectation(hooks, segments, WireSeen(few, 1, 100), before)
    assert found == Expectation((ExitShare("x", 0.5),), {"c": 0.5}, 0.5)


@given(st.integers(0, 500), st.integers(0, 500), SHARE, st.integers(0, 10**6), st.integers(0, 10**6))
def test_any_counts_make_valid_shares(asked: int, sure: int, share: float, sent: int, whole: int) -> None:
    sure = min(asked, sure)
    seen = SegmentSeen(("c",), asked, 3 * share)
    found = expectation([HookSeen("x", asked, sure, 0.0)], [seen], WireSeen(asked, sent, whole))
    if asked < ENOUGH:
        assert found == NOTHING_SPARED
    else:
        assert found.exits == (ExitShare("x", sure / asked, 0.0),)
        assert found.density == {"c": min(3 * share, 1.0)}
        assert found.wire_share == (min(sent / whole, 1.0) if whole else 1.0)


def test_only_what_matters_differs() -> None:
    first = Expectation((ExitShare("x", 0.5, 0.1),), {"c": 0.9}, 0.5)
    assert not differs(first, first)
    assert not differs(first, Expectation((ExitShare("x", 0.55, 9.0),), {}, 0.45))
    assert differs(first, NOTHING_SPARED)
    assert differs(first, dataclasses.replace(first, wire_share=0.7))
    assert differs(first, dataclasses.replace(first, density={"c": 0.7}))
    assert differs(first, dataclasses.replace(first, exits=(ExitShare("x", 0.7),)))
    assert not differs(NOTHING_SPARED, Expectation((ExitShare("x", 0.05),)))


def test_a_segments_time_share_leaves_out_first_runs() -> None:
    def run(backend: str, seconds: float, density: float) -> StepTrace:
        return StepTrace("segment", "0", backend, seconds, density)

    one = SegmentProfile("onnxruntime", Part((0,), ("x",), ("y",)))
    one.add(run("onnxruntime", 9.0, 1.0))
    one.add(run("onnxruntime", 1.0, 1.0))
    assert one.time_share() is None
    one.add(run("masked", 99.0, 1.0))
    one.add(run("masked", 0.5, 0.2))
    assert one.time_share() == pytest.approx(0.75)


async def test_the_profile_tells_the_planner_and_the_file_keeps_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evosplit.edge.telemetry.expected_savings.LEAST_FRAMES", 5)
    async with middle_stage(tmp_path, audit_share=NEVER, slowdown=2.0) as on:
        hook = Told(tap(on), sure(3), name="exit-0")
        await on.agent.hook_manager.adopt(FittedHooks("exit", (hook,)))
        for seed in range(4):
            await on.post(picture(seed))
        hook.decision = type(hook).decision
        for seed in range(4):
            await on.post(picture(seed % 2), headers={"X-Evosplit-Stream": "gate"})
        for _ in range(4):
            await on.post(picture(1), headers={"X-Evosplit-Stream": "gate"})
        _, profile = await on.get("/v1/profile")
        told = from_data(Expectation, profile["expectation"], ProfileError)
        assert [(one.tap, one.share) for one in told.exits] == [(tap(on), pytest.approx(1 / 3))]
        assert told.exits[0].hook_s == pytest.approx(2 * profile["hooks"][0]["seconds"]["mean"])
        assert 0 < told.wire_share < 1
        sha256, folder = on.cloud.graph.sha256, tmp_path / "data" / "net"
    assert read_expectation(folder, sha256) == told
    assert read_expectation(folder, "0" * 64) == NOTHING_SPARED
    (folder / "expectation.json").write_bytes(b"{")
    assert read_expectation(folder, sha256) == NOTHING_SPARED


async def test_an_expectation_outlives_a_run_without_frames(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "net"
    async with stage(tmp_path) as on:
        sha256 = on.cloud.graph.sha256
    known = Expectation(wire_share=0.25)
    write_kept(folder / "expectation.json", KeptExpectation(sha256, known))
    async with stage(tmp_path) as on:
        await until(lambda: on.agent.plans.heads_ready() == 3)
        assert on.agent.savings.now() == known
    assert read_expectation(folder, sha256) == known


async def test_a_full_disk_costs_only_the_expectation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    folder = tmp_path / "data" / "net"
    folder.mkdir(parents=True)
    sha256 = load_net(tmp_path).sha256
    write_kept(folder / "expectation.json", KeptExpectation(sha256, Expectation(wire_share=0.5)))
    async with stage(tmp_path) as on:
        monkeypatch.setattr("evosplit.edge.telemetry.savings_record.write_kept", full)
        assert (await on.post(picture(1)))[0] == 200
    assert "cannot be kept" in caplog.text
