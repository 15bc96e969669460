"""Interleaved playback of frames to several agents, each of which sees all of them."""

from __future__ import annotations

import statistics
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evosplit.cli.demo.frames import to_ppm
from evosplit.cli.demo.report_rows import percentile
from evosplit.cli.gate.camera import GateFrame
from evosplit.edge.agent import Agent
from evosplit.edge.pipeline.intake import Ticket
from evosplit.shared.result import Breakdown


@dataclass(frozen=True)
class TimedAnswer:
    """One frame as one agent answered it."""

    latency_s: float
    wire_bytes: int
    correct: bool
    by: str
    cut: str
    steps: Breakdown


async def send(agent: Agent, frame: GateFrame, frame_id: str, stream: str) -> TimedAnswer:
    """From the picture's bytes to the result."""
    picture = to_ppm(frame.image)
    started_s = time.perf_counter()
    result = (await agent.frames.take_picture(picture, Ticket(frame_id, stream))).result
    latency_s = time.perf_counter() - started_s
    by = result.hook or result.answered_by
    correct = result.outcome["text"] == frame.truth
    return TimedAnswer(latency_s, result.wire_bytes, correct, by, result.cut_key or "", result.breakdown)


async def play(
    agents: Mapping[str, Agent], frames: Sequence[GateFrame], stream: str
) -> dict[str, list[TimedAnswer]]:
    """Every frame at every agent, whoever is first changing from frame to frame."""
    names = list(agents)
    shots: dict[str, list[TimedAnswer]] = {name: [] for name in names}
    for index, frame in enumerate(frames):
        turn = index % len(names)
        for name in names[turn:] + names[:turn]:
            shots[name].append(await send(agents[name], frame, f"{stream}-{name}-{frame.index}", stream))
    return shots


def summary(shots: Sequence[TimedAnswer]) -> dict[str, Any]:
    """Means, because a stream pays for every frame, and quantiles."""
    latencies = [shot.latency_s for shot in shots]
    return {
        "frames": len(shots),
        "mean_s": statistics.fmean(latencies),
        "p50_s": percentile(latencies, 50),
        "p95_s": percentile(latencies, 95),
        "wire_bytes": statistics.fmean(shot.wire_bytes for shot in shots),
        "exact": statistics.fmean(shot.correct for shot in shots),
        "answered_by": dict(Counter(shot.by for shot in shots)),
        "cuts": dict(Counter(shot.cut for shot in shots)),
        "mean_steps": {
            name: statistics.fmean(getattr(shot.steps, name) for shot in shots)
            for name in Breakdown.__dataclass_fields__
        },
    }
