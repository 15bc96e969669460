"""Metered links: what is sent is counted and kept, plans keep to it, and probes take a small share."""

from __future__ import annotations

from pathlib import Path

import pytest
from edge_support import picture, stage
from net_bundle import middle_only

from evosplit.edge.link.traffic_meter import TrafficMeter
from evosplit.shared.errors import CloudUnavailableError
from evosplit.shared.traffic import TrafficLimit

HOUR_S = 3600.0


class Wall:
    """Unix time that the test sets."""

    def __init__(self) -> None:
        self.now_s = 1e9

    def __call__(self) -> float:
        return self.now_s


def test_what_was_sent_outlives_the_agent(tmp_path: Path) -> None:
    wall, limit, file = Wall(), TrafficLimit(1000, HOUR_S), tmp_path / "traffic.json"
    meter = TrafficMeter(limit, file, wall)
    meter.sent(900, is_frame=True)
    meter.check()
    meter.keep()
    again = TrafficMeter(limit, file, wall)
    again.sent(100, is_frame=True)
    with pytest.raises(CloudUnavailableError, match="used up"):
        again.check()
    wall.now_s += HOUR_S
    again.check()


def test_a_broken_count_begins_anew(tmp_path: Path) -> None:
    file = tmp_path / "traffic.json"
    file.write_bytes(b'{"began_s": ')
    TrafficMeter(TrafficLimit(1000, HOUR_S), file, Wall()).check()


def test_probes_take_a_small_share_of_the_budget() -> None:
    wall, limit = Wall(), TrafficLimit(10**6, HOUR_S)
    meter = TrafficMeter(limit, None, wall, wall)
    probed = 0
    for _ in range(3600):
        wall.now_s += 1.0
        if not meter.probe_wait_s(4096):
            meter.probed(4096)
            probed += 4096
    assert 0.01 * limit.limit_bytes < probed < 0.03 * limit.limit_bytes


def test_a_clock_that_jumps_to_1970_and_back_stops_no_probe_and_renews_no_budget(tmp_path: Path) -> None:
    wall, limit, file = Wall(), TrafficLimit(10**6, HOUR_S), tmp_path / "traffic.json"
    meter = TrafficMeter(limit, file, wall, lambda: 0.0)
    meter.sent(10**6 - 1, is_frame=True)
    for now_s in (5.0, 2 * HOUR_S, 1e9 + 60.0):
        wall.now_s = now_s
        assert meter.traffic.used_bytes == 10**6 - 1
        assert meter.frame_bytes() > 0
        assert meter.probe_wait_s(1) == 0.0
        meter.check()
    meter.keep()
    wall.now_s = 5.0  # it starts again before its clock is set
    again = TrafficMeter(limit, file, wall)
    again.sent(1, is_frame=True)
    wall.now_s = 1e9 + 120.0
    with pytest.raises(CloudUnavailableError, match="used up"):
        again.check()


def test_a_budget_that_began_before_the_clock_was_set_goes_on() -> None:
    wall, limit = Wall(), TrafficLimit(1000, HOUR_S)
    wall.now_s = 5.0
    meter = TrafficMeter(limit, None, wall)
    meter.sent(1000, is_frame=True)
    for now_s in (1e9, 1e9 + HOUR_S / 2):
        wall.now_s = now_s
        with pytest.raises(CloudUnavailableError, match="used up"):
            meter.check()
        meter.sent(0, is_frame=False)
    wall.now_s = 1e9 + HOUR_S
    meter.check()


def test_without_a_budget_all_goes() -> None:
    meter = TrafficMeter()
    meter.sent(10**12, is_frame=True)
    meter.check()
    assert (meter.frame_bytes(), meter.probe_wait_s(10**9)) == (float("inf"), 0.0)


async def test_an_agent_computes_alone_where_frames_would_cost_too_much(tmp_path: Path) -> None:
    async with stage(tmp_path, table_of=middle_only, hooks=False, traffic="60kB/hour") as on:
        meter = on.agent.cloud.meter
        answers = [(await on.post(picture(seed)))[1] for seed in range(12)]
        assert answers[0]["answered_by"] == "cloud"
        assert [answer["answered_by"] for answer in answers[-3:]] == ["edge"] * 3
        assert 0 < meter.traffic.used_bytes < 60_000
        told = (await on.get("/v1/plan"))[1]["traffic"]
        assert (told["limit_bytes"], told["used_bytes"] > 0) == (60_000, True)
        on.agent.cloud.meter.sent(60_000, is_frame=False)
        status, answer = await on.post(picture(99), strategy="cloud-raw")
        assert (status, answer["answered_by"]) == (200, "edge-fallback")
        assert not on.agent.cloud.circuit.is_open
    assert len(list(tmp_path.rglob("traffic.json"))) == 1
