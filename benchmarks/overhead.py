"""Edge-to-cloud overhead on loopback: end-to-end p50 less head, encode, decode and tail.

The gate network, its edge slowed by 8 so that the planner splits it, through a real edge agent and a real
cloud tier without a shaped link. What is left is HTTP, Ray Serve, queues and the result store. Decoding and
preprocessing the picture is the edge's own work (and slowed with it), so it is taken off as well.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.report import write_result
from evosplit.cli.demo.board import Board
from evosplit.cli.demo.client import EdgeClient
from evosplit.cli.demo.processes import new_token
from evosplit.cli.demo.scenario import gate_scenario
from evosplit.cli.demo.tiers import cloud_tier, edge_agent

TARGET_S = 0.005
FRAMES = 200
WARM_UP = 30
SLOWDOWN = 8.0
OWN_STEPS = ("preprocess_s", "head_s", "encode_s", "decode_s", "tail_s", "postprocess_s")


def main() -> None:
    """Measure and write the result."""
    rows = asyncio.run(_measure())
    overheads_s = [row["total_s"] - sum(row[step] for step in OWN_STEPS) for row in rows]
    median_s = statistics.median(overheads_s)
    result = {
        "overhead_p50_s": median_s,
        "overhead_p95_s": statistics.quantiles(overheads_s, n=20)[-1],
        "p50_s": {step: statistics.median(row[step] for row in rows) for step in rows[0]},
        "frames": len(rows),
        "target_s": TARGET_S,
    }
    write_result("overhead", result)
    print(f"overhead p50 {median_s * 1e3:.2f} ms, target {TARGET_S * 1e3:g} ms")


async def _measure() -> list[dict[str, float]]:
    scenario, token = gate_scenario(), new_token()
    with tempfile.TemporaryDirectory(prefix="evosplit-overhead-") as name:
        folder = Path(name)
        scenario.install(folder / "models")
        async with (
            cloud_tier(folder, token) as cloud,
            edge_agent(folder, cloud.url, scenario, Board(SLOWDOWN), token) as client,
        ):
            answers = [
                await _answer(client, frame.picture) for frame in islice(scenario.frame_source()(0), FRAMES)
            ]
    if any(answer["answered_by"] != "cloud" for answer in answers):
        raise SystemExit("the plan on loopback does not use the cloud; there is no overhead to measure")
    return [answer["breakdown"] for answer in answers[WARM_UP:]]


async def _answer(client: EdgeClient, picture: bytes) -> dict[str, Any]:
    return (await client.agent.send(picture)).to_dict()


if __name__ == "__main__":
    main()
