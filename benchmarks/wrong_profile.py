"""Correction of a profile that is wrong by 2 in either direction: frames to the best plan, and their cost.

Simulated with the tables of real networks, and as it is with a real agent and the built-in one.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from typing import Any, Final

from benchmarks.report import write_result
from benchmarks.wrong.misled_agent import agent_told
from benchmarks.wrong.misled_simulation import FRAMES, NEARLY, both_ways, run
from evosplit.shared.link import Link

NETWORKS: Final = ("squeezenet1.1", "mobilenetv2", "resnet56_cifar10", "yolox_nano")
BANDWIDTHS_BPS: Final = tuple(0.25e6 * 2**octave for octave in range(9))
RTT_S: Final = 0.02
SLOWDOWN: Final = 8.0
SEEDS: Final = 5
AGENT_LINK: Final = Link(1e6, 0.01)
TARGETS: Final = {"frames_until_best": 50, "regret": 0.1}


def main() -> None:
    """Measure and write the result."""
    started_s = time.perf_counter()
    rows = [row for name in NETWORKS for row in _network(name)]
    agents = {f"{wrong:g}": _agent(wrong) for wrong in (0.5, 2.0)}
    moved = [row for row in rows if row["first_plan_off"] > NEARLY - 1]
    result = {
        "targets": TARGETS,
        "frames": FRAMES,
        "rtt_s": RTT_S,
        "slowdown": SLOWDOWN,
        "runs": len(rows),
        "runs_with_a_wrong_first_plan": len(moved),
        "frames_until_best": _summary([row["frames_until_best"] for row in moved]),
        "within_50_frames": sum(row["frames_until_best"] <= TARGETS["frames_until_best"] for row in moved),
        "regret": _summary([row["regret"] for row in rows]),
        "agent": agents,
        "wall_s": time.perf_counter() - started_s,
        "cells": rows,
    }
    write_result("wrong_profile", result)


def _agent(wrong: float) -> dict[str, Any]:
    return asyncio.run(agent_told(wrong, AGENT_LINK, SLOWDOWN, FRAMES))


def _network(name: str) -> list[dict[str, Any]]:
    rows = []
    for simulated in both_ways(name, RTT_S, SLOWDOWN):
        for bandwidth_bps in BANDWIDTHS_BPS:
            link = Link(bandwidth_bps, RTT_S)
            seeds = [run(simulated, link, seed) for seed in range(SEEDS)]
            worst = max(seeds, key=lambda row: row["regret"])
            print(
                f"{name} told {simulated.wrong:g} at {bandwidth_bps / 1e6:g} Mbit/s: {worst}", file=sys.stderr
            )
            rows += seeds
    return rows


def _summary(values: list[float]) -> dict[str, float]:
    if not values:
        return {}
    return {"median": statistics.median(values), "mean": statistics.fmean(values), "max": max(values)}


if __name__ == "__main__":
    main()
