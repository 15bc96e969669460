"""Composition of an agent's background tasks, by name."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evosplit.edge.background.supervisor import Work
from evosplit.edge.composition.common import CommonParts
from evosplit.edge.composition.frames import FrameParts
from evosplit.edge.composition.learning import LearningParts
from evosplit.edge.composition.plans import PlannedParts
from evosplit.edge.device.device_watch import DeviceWatch
from evosplit.edge.enrolment.heartbeats import Heartbeats
from evosplit.edge.link.watch import LinkWatch
from evosplit.edge.memory.memory_watch import MemoryWatch
from evosplit.edge.pipeline.engine import Engine
from evosplit.edge.pipeline.late_frames import LateFrames
from evosplit.edge.plan_choice.current_plan import CurrentPlan
from evosplit.edge.settings import EdgeSettings
from evosplit.edge.telemetry.fleet_state import FleetState
from evosplit.shared.fleet.heartbeat import Audited

if TYPE_CHECKING:
    from evosplit.edge.hook_learning.manager import HookManager


@dataclass(frozen=True, eq=False)
class ServingParts:
    """All that serves frames, and learns from them, before anything runs in the background."""

    planned: PlannedParts
    engine: Engine
    common: CommonParts
    learning: LearningParts
    frames: FrameParts


def background_tasks(
    settings: EdgeSettings, parts: ServingParts, watches: Sequence[LinkWatch]
) -> dict[str, Work]:
    """In the order in which they are started."""
    planned, common, frames = parts.planned, parts.common, parts.frames
    meter = planned.states[0].meter
    tasks = {f"link-watch{f'-{number}' if number else ''}": each.run for number, each in enumerate(watches)}
    tasks |= _learning_tasks(planned, parts.learning)
    tasks["device"] = DeviceWatch(planned.plans.see_device).run
    tasks["memory"] = MemoryWatch(common.pause).run
    tasks["heartbeat"] = _heartbeats(settings, parts).run
    if meter.is_metered:
        tasks["traffic"] = meter.run
    if frames.spool is not None:
        told = (common.metrics, common.profile)
        late = LateFrames(parts.engine, frames.store, frames.spool, told, settings.collect_s)
        tasks["late-frames"] = late.run
    return tasks


def _learning_tasks(planned: PlannedParts, learning: LearningParts) -> dict[str, Work]:
    built = asyncio.Event()
    tasks: dict[str, Work] = {
        "expectation": learning.savings.run,
        "heads": functools.partial(_build_heads, planned.plans, built),
    }
    if learning.hooks is not None:
        tasks["hooks"] = functools.partial(_learn_hooks, learning.hooks, built)
    tasks["plans"] = learning.renewal.run
    tasks["predictions"] = functools.partial(planned.predictions.run, planned.plans)
    if learning.calibration is not None:
        tasks["calibration"] = learning.calibration.run
    return tasks


def _heartbeats(settings: EdgeSettings, parts: ServingParts) -> Heartbeats:
    planned, checks, renewal = parts.planned, parts.learning.plan_audits, parts.learning.renewal
    fleet = FleetState(
        (planned.identity, settings.name),
        planned.measured,
        planned.plans,
        planned.states[0],
        parts.common.profile,
        parts.frames.spool,
        lambda: Audited() if checks is None else checks.audited,
        lambda: renewal.refused,
        settings.place,
    )
    return Heartbeats(planned.planners[0], parts.engine.clouds.first.link, fleet.beat, renewal.wish)


async def _build_heads(plans: CurrentPlan, built: asyncio.Event) -> None:
    """Every head of the table. ``built`` is set in any case."""
    try:
        await plans.build_all()
    finally:
        built.set()


async def _learn_hooks(hooks: HookManager, built: asyncio.Event) -> None:
    """Hooks learn once the heads are there, which they would have built anew."""
    await built.wait()
    await hooks.run()
