"""Without a cloud and without a plan for the whole network: the surest exit answers, and says so."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from edge_support import middle_stage, picture, stage
from hook_doubles import Told
from hook_support import NEVER, sure, tap
from net_bundle import LABELS, middle_only
from numpy.typing import NDArray

from evosplit.edge.hook_learning.examples import FittedHooks
from evosplit.edge.hooks.decisions import GO, Decision


@dataclass(frozen=True)
class Unsure:
    """An exit that is never sure enough by itself."""

    tap: str
    name: str
    label: int
    confidence: float
    threshold: float = 2.0
    kind: str = "exit"
    macs: int = 0

    def decide(self, tensor: NDArray[Any], stream: str) -> Decision:
        return sure(self.label, self.confidence) if self.confidence >= self.threshold else GO

    def at_threshold(self, threshold: float) -> Unsure:
        return dataclasses.replace(self, threshold=threshold)


async def test_the_surest_exit_stands_in_for_the_cloud(tmp_path: Path) -> None:
    async with stage(
        tmp_path, with_fallback=False, audit_share=NEVER, probe_interval_s=60.0, table_of=middle_only
    ) as on:
        hooks = Unsure(tap(on), "exit-0", 1, 0.3), Unsure(tap(on), "exit-1", 2, 0.6)
        await on.agent.plans.change_hooks(hooks)
        assert (await on.post(picture(1)))[1]["answered_by"] == "cloud"
        on.cloud.mode = "500"
        for _ in range(5):  # refused at first, then away
            status, answer = await on.post(picture(1))
            assert (status, answer["answered_by"], answer["hook"]) == (200, "edge-fallback", "exit-1")
            assert (answer["confidence"], answer["wire_bytes"]) == (0.6, 0)
            assert answer["outcome"]["top"][0]["label"] == LABELS[2]
        assert on.agent.cloud.circuit.is_open
        on.agent.engine.hook_failures.drop(hooks[1], "a test")
        assert (await on.post(picture(1)))[1]["hook"] == "exit-0"
        on.agent.engine.hook_failures.drop(hooks[0], "a test")
        status, answer = await on.post(picture(1), frame_id="none", wait="now")
        assert (status, answer["frame_id"]) == (503, "none")
        sured = Told(tap(on), sure(3), name="sure")
        await on.agent.plans.change_hooks((*hooks, sured))
        assert (await on.post(picture(1)))[1]["answered_by"] == "exit"
        await on.agent.frames.drain()


async def test_an_exit_that_makes_no_sense_does_not_stand_in(tmp_path: Path) -> None:
    class Wrong(Unsure):
        def decide(self, tensor: NDArray[Any], stream: str) -> Decision:
            if self.threshold > 1:
                return GO
            return dataclasses.replace(sure(1), outputs={"y": np.full((1, 5), np.nan, np.float32)})

    async with stage(
        tmp_path, with_fallback=False, audit_share=NEVER, probe_interval_s=60.0, table_of=middle_only
    ) as on:
        await on.agent.plans.change_hooks((Wrong(tap(on), "exit-0", 1, 0.3),))
        on.cloud.mode = "500"
        status, answer = await on.post(picture(1))
        assert (status, answer["error"].startswith("the cloud answered 500")) == (503, True)


async def test_figures_of_deltas_and_of_the_guard(tmp_path: Path) -> None:
    async with middle_stage(tmp_path, audit_share=NEVER) as on:
        await on.agent.hook_manager.adopt(FittedHooks("exit", (Told(tap(on), GO, name="exit-0"),)))
        for _ in range(3):
            await on.post(picture(1), headers={"X-Evosplit-Stream": "gate"})
        on.cloud.restart()
        await on.post(picture(1), headers={"X-Evosplit-Stream": "gate"})
        await on.post(picture(1))
        async with on.client.get(f"{on.url}/metrics") as response:
            text = await response.text()
        for sent_as, count in (("whole", 2.0), ("delta", 2.0), ("refused", 1.0)):
            assert f'evosplit_boundary_frames_total{{sent_as="{sent_as}"}} {count}' in text
        assert 'evosplit_hook_state{hook="exit-0",state="ok"} 1.0' in text
        assert 'evosplit_hook_state{hook="exit-0",state="off"} 0.0' in text
