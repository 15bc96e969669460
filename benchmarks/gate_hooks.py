"""Hooks on the gate camera, against none: mean latency, bytes per frame, exact plates.

Hooks learn from one seed's frames and the cloud's answers alone, are frozen, and meet another seed's frames
in order. Agents that differ only in their hooks take turns at every frame, over one link, in one run; a small
share of what hooks answer is audited, as always. ``off`` and the rows with hooks run the same split;
``planned`` is what the planner's table does here. The stream has no name, so that whole tensors travel, of
which hooks choose channels and bits; ``rows_of_named_stream`` are with deltas, which take their place.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.gate.fit_hooks import LOSSY_AGREEMENT, Observations, build_hooks, collect
from benchmarks.gate.playback import play, summary
from benchmarks.gate.testbed import AGREEMENT, LINK, SLOWDOWN, Testbed, gate_testbed
from benchmarks.report import write_result
from evosplit.cli.gate.camera import GateCamera
from evosplit.cli.gate.scene import render
from evosplit.edge.hooks.hook import Hook

LEARNING_SEED: Final = 7401
LEARNING_FRAMES: Final = 1600
LATER_FRAMES: Final = 1000
LATER_STEP: Final = 10
"""Then, of every tenth frame, so many: most show another car. Channels and bits are learned from them."""
PLAYED_SEED: Final = 7402
PLAYED_FRAMES: Final = 300
WARM_FRAMES: Final = 20
"""Played before the first that counts; sessions and the link's estimate are warm then."""
UNNAMED: Final = "default"
TARGETS: Final = {"latency": 0.5, "wire_bytes": 0.25, "points": 0.5}


def main() -> None:
    """Learn, play, write the result."""
    rows, learned = asyncio.run(_measure())
    settings = {
        "bandwidth_bps": LINK.bandwidth_bps,
        "rtt_s": LINK.rtt_s,
        "slowdown": SLOWDOWN,
        "agreement": AGREEMENT,
        "agreement_of_channels_and_bits_among_all": LOSSY_AGREEMENT,
        "learning": {"seed": LEARNING_SEED, "frames": LEARNING_FRAMES, "later_frames": LATER_FRAMES},
        "played_seed": PLAYED_SEED,
    }
    ratios = {
        "all_against_off": _against(rows["rows"]),
        "all_against_off_named": _against(rows["rows_of_named_stream"]),
    }
    write_result(
        "gate_hooks", {"targets": TARGETS, **ratios, "settings": settings, "learned": learned, **rows}
    )


def _against(rows: dict[str, Any]) -> dict[str, float]:
    off, on = rows["off"], rows["all"]
    return {
        "latency": on["mean_s"] / off["mean_s"],
        "wire_bytes": on["wire_bytes"] / off["wire_bytes"],
        "points": 100 * (off["exact"] - on["exact"]),
    }


async def _measure() -> tuple[dict[str, Any], dict[str, Any]]:
    """Summaries by stream and agent, and what was learned."""
    async with gate_testbed() as stage:
        hooks, together = await _learn(stage)
        alone: dict[str, tuple[Hook, ...]] = {kind: (hook,) for kind, hook in hooks.items()}
        sets = {"off": (), **alone, "all": together}
        async with contextlib.AsyncExitStack() as stack:
            starts = {name: stage.agent(name, stage.split, chosen) for name, chosen in sets.items()}
            starts["planned"] = stage.agent("planned", stage.planned)
            agents = {name: await stack.enter_async_context(start) for name, start in starts.items()}
            frames = list(islice(GateCamera(PLAYED_SEED), WARM_FRAMES + PLAYED_FRAMES))
            await play(agents, frames[:WARM_FRAMES], UNNAMED)
            shots = await play(agents, frames[WARM_FRAMES:], UNNAMED)
            few = {name: agents[name] for name in ("off", "all")}
            await play(few, frames[:WARM_FRAMES], "gate")
            named = await play(few, frames[WARM_FRAMES:], "gate")
    learned: dict[str, Any] = {kind: _described(hook) for kind, hook in hooks.items()}
    learned["all"] = [_described(hook) for hook in together]
    rows = {"rows": shots, "rows_of_named_stream": named}
    return {
        where: {name: summary(answers) for name, answers in taken.items()} for where, taken in rows.items()
    }, learned


async def _learn(stage: Testbed) -> tuple[dict[str, Hook], tuple[Hook, ...]]:
    """With a fast agent: what is learned does not depend on how long it waits."""
    (plan,) = stage.split.manifest.table.plans
    observations = Observations(stage.card, plan)
    async with stage.agent("learning", stage.split, slowdown=1.0) as agent:
        await collect(agent, _images(range(LEARNING_FRAMES)), observations.add)
        later = range(LEARNING_FRAMES, LEARNING_FRAMES + LATER_STEP * LATER_FRAMES, LATER_STEP)
        await collect(agent, _images(later), observations.add_sparse)
    return await asyncio.to_thread(build_hooks, stage.graph, observations)


def _images(which: range) -> Iterator[NDArray[np.uint8]]:
    """Frames of the learning stream; those in between are not rendered."""
    noise = np.random.default_rng([LEARNING_SEED, which.start])
    scenes = islice(GateCamera(LEARNING_SEED).scenes(), which.start, which.stop, which.step)
    return (render(scene, noise) for scene in scenes)


def _described(hook: Hook) -> dict[str, Any]:
    saved = getattr(hook, "saved")()  # noqa: B009 - not every hook can be saved
    return {
        "kind": hook.kind,
        "macs": hook.macs,
        **{name: value for name, value in saved.fields.items() if name != "name"},
    }


if __name__ == "__main__":
    main()
