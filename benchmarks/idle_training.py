"""Interference of idle-time training with serving: the gate stream with and without it.

One agent serves blocks of frames at the pace of a camera; in every second block there is a training process
all the while, begun anew whenever it ends, and stopped while a frame is under way, as in an agent. That is
more than an agent asks for: it begins to train only after two seconds without a frame. Each block with it is
compared with the one before it, so a machine that slows down for a while does no harm.
"""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import tempfile
from collections.abc import AsyncIterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Final

from benchmarks.gate.fit_hooks import FEATURES, SAMPLER_BYTES, Outputs, Tensor, collect
from benchmarks.gate.playback import send
from benchmarks.gate.testbed import AGREEMENT, Testbed, gate_testbed
from benchmarks.report import write_result
from evosplit.cli.demo.report_rows import percentile
from evosplit.cli.gate.camera import GateCamera, GateFrame
from evosplit.edge.agent import Agent
from evosplit.edge.audits.answer_key import answer_key
from evosplit.edge.background.pause import BackgroundPause
from evosplit.edge.hook_learning.sampler import Sampler
from evosplit.edge.hook_training.samples import Sample
from evosplit.edge.hook_training.trained_classifier import TrainingTask
from evosplit.edge.hook_training.training_process import TrainingJob, train

SEED: Final = 7501
SAMPLES: Final = 600
BLOCK_FRAMES: Final = 60
PAIRS: Final = 10
TARGET: Final = 1.05
REST_S: Final = 0.05
"""Between two frames; training goes on for a part of it."""


def main() -> None:
    """Measure and write the result."""
    blocks, rounds = asyncio.run(_measure())
    p95 = [percentile(block, 95) for block in blocks]
    ratios = [busy / calm for calm, busy in zip(p95[::2], p95[1::2], strict=True)]
    result = {
        "target": TARGET,
        "p95_ratio": statistics.median(ratios),
        "p95_ratios": ratios,
        "calm_p95_s": statistics.median(p95[::2]),
        "training_p95_s": statistics.median(p95[1::2]),
        "calm_p50_s": percentile(list(chain(*blocks[::2])), 50),
        "training_p50_s": percentile(list(chain(*blocks[1::2])), 50),
        "frames_per_block": BLOCK_FRAMES,
        "samples": SAMPLES,
        "trainings_ended": rounds,
    }
    write_result("idle_training", result)


async def _measure() -> tuple[list[list[float]], int]:
    """Seconds per frame in each block, calm and busy in turns; and how many trainings came to their end."""
    rounds = 0
    with tempfile.TemporaryDirectory(prefix="evosplit-training-") as name:
        async with gate_testbed() as stage:
            job = await _job(stage, Path(name))
            async with stage.agent("serving", stage.split) as agent:
                frames = list(islice(GateCamera(SEED + 1), BLOCK_FRAMES))
                blocks = [await _serve(agent, frames, "warm")]
                for pair in range(PAIRS):
                    blocks.append(await _serve(agent, frames, f"calm-{pair}"))
                    async with _training(job) as (pause, done):
                        blocks.append(await _serve(agent, frames, f"busy-{pair}", pause))
                    rounds += len(done)
    return blocks[1:], rounds


async def _job(stage: Testbed, folder: Path) -> TrainingJob:
    """Real samples, as an agent would keep them."""
    sampler = Sampler(SAMPLER_BYTES)
    async with stage.agent("learning", stage.split, slowdown=1.0) as agent:

        def add(_: Tensor, crossed: Tensor, outputs: Outputs) -> None:
            sampler.offer(Sample(FEATURES.of(crossed), answer_key(stage.card, outputs) or "", outputs))

        await collect(agent, (frame.image for frame in islice(GateCamera(SEED), SAMPLES)), add)
    sampler.save(folder / "samples.npz")
    width = sampler.samples().features.shape[1]
    return TrainingJob(
        folder / "samples.npz", folder / "learned.npz", (TrainingTask("exit", 0, width),), AGREEMENT
    )


@contextlib.asynccontextmanager
async def _training(job: TrainingJob) -> AsyncIterator[tuple[BackgroundPause, list[int]]]:
    """Trains while the block is open, between frames; one entry per training that came to its end."""
    pause, done = BackgroundPause(), list[int]()

    async def again_and_again() -> None:
        while True:
            done.append(len(await train(job, pause)))

    task = asyncio.create_task(again_and_again())
    try:
        yield pause, done
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _serve(
    agent: Agent, frames: Sequence[GateFrame], block: str, pause: BackgroundPause | None = None
) -> list[float]:
    pause, seconds = pause or BackgroundPause(), []
    for frame in frames:
        await asyncio.sleep(REST_S)
        with pause.frame():
            shot = await send(agent, frame, f"{block}-{frame.index}", "gate")
        seconds.append(shot.latency_s)
    return seconds


if __name__ == "__main__":
    main()
