"""Heads of the table in use: built anew where hooks change, each taken up by changing one reference."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Sequence

from evosplit.edge.head.steps import Head
from evosplit.edge.head.table_heads import Heads
from evosplit.edge.hooks.hook import Hook
from evosplit.edge.memory.trim import trim_memory
from evosplit.edge.plan_choice.serving import EdgeModel, Serving
from evosplit.shared.bundle import CalibrationKind
from evosplit.shared.plan import Plan


class ServedHeads:
    """``serving`` is the value that the next frame begins with."""

    def __init__(self, serving: Serving) -> None:
        self.serving = serving

    @property
    def model(self) -> EdgeModel:
        """The network and the table in use."""
        return self.serving.model

    @property
    def heads(self) -> Heads:
        """The heads of the table in use."""
        return self.serving.heads

    def heads_ready(self) -> int:
        """How many heads are built."""
        return len(self.heads)

    @property
    def current(self) -> tuple[Plan, Head] | None:
        """The plan of the next frame and its head; None before `start`."""
        return self.serving.current

    @property
    def plan(self) -> Plan | None:
        """The plan of the next frame; None before `start`."""
        return self.current[0] if self.current else None

    @property
    def calibration(self) -> CalibrationKind | None:
        """What the plans in use are calibrated from; None where they do not say."""
        return self.heads.manifest.calibration

    async def change_hooks(self, hooks: Sequence[Hook]) -> None:
        """Build the heads anew with these hooks, the one in use first; each takes over between two frames."""
        self.heads.change_hooks(hooks)
        await self._renew()

    async def watch(self, taps: Sequence[str]) -> None:
        """Build the heads anew, so that they hand out these tensors for the sampler."""
        self.heads.watch(taps)
        await self._renew()

    def watches(self, taps: Sequence[str]) -> bool:
        """Whether the head in use hands all of these out."""
        return self.current is not None and set(taps) <= set(self.current[1].watched)

    async def _renew(self) -> None:
        """The heads that are built, the one in use first."""
        heads = self.heads
        for plan in self.serving.by_need():
            if await asyncio.to_thread(heads.renew, plan):
                self._renew_current()
                await asyncio.to_thread(trim_memory)

    def _renew_current(self) -> None:
        if self.current is not None:
            plan, head = self.current
            self._use(plan, self.heads.ready(plan) or head)

    def _use(self, plan: Plan, head: Head) -> None:
        self.serving = dataclasses.replace(self.serving, current=(plan, head))
