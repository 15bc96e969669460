"""The hook manager of one agent: lets learners follow the plan, fits hooks, and puts them to work."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from evosplit.edge.audits.hook_audits import HookAudits
from evosplit.edge.background.follow_ups import FollowUp
from evosplit.edge.background.pause import BackgroundPause
from evosplit.edge.background.retries import Retries
from evosplit.edge.background.supervisor import Supervisor
from evosplit.edge.hook_learning.examples import FittedHooks
from evosplit.edge.hook_learning.hook_states import hook_states
from evosplit.edge.hook_learning.kept_hooks import KeptHooks
from evosplit.edge.hook_learning.kinds import kinds_named
from evosplit.edge.hook_learning.learner import HookLearner, PlanFollower, SamplingLearner
from evosplit.edge.hook_learning.learner_context import LearnerContext
from evosplit.edge.hook_learning.learning_budgets import LearningBudgets
from evosplit.edge.hook_learning.observer import Observer
from evosplit.edge.hooks.hook import HOOK_ERRORS, Hook
from evosplit.edge.hooks.mask import region_hooks
from evosplit.edge.pipeline.engine import Engine
from evosplit.edge.pipeline.job import Answer, Job
from evosplit.edge.settings import LEARNED, EdgeSettings
from evosplit.edge.telemetry.hook_state import HookState, SamplerState
from evosplit.shared.errors import EvoSplitError, LearningError
from evosplit.shared.replan import replan

FOLLOW_S: Final = 2.0
"""How often learners turn to the plan in use ..."""
FIT_S: Final = 0.5
"""... and are asked whether they have hooks."""
FILE: Final = "hooks.evh"

_log = logging.getLogger(__name__)


class HookManager:
    """Has hooks of the settings' kinds learned, and hands them to the engine.

    Heads are built from its construction on with the hooks of an earlier run, and with the tensors that
    learners read.

    All of it belongs to the event loop but `HookLearner.observe`. A learner that fails rests for a while and
    leaves the others alone.
    """

    def __init__(
        self,
        engine: Engine,
        settings: EdgeSettings,
        supervisor: Supervisor,
        audits: HookAudits,
        pause: BackgroundPause,
        budgets: LearningBudgets | None = None,
    ) -> None:
        self._engine = engine
        self._plans = engine.plans
        self._supervisor = supervisor
        self._retries = Retries(errors=HOOK_ERRORS)
        self._adopting = asyncio.Lock()
        self._sampler_bytes = settings.sampler_bytes
        graph, unwanted = self._plans.model.graph, set(LEARNED) - set(settings.hook_kinds)
        self._kept = KeptHooks(settings.folder / FILE, graph, region_hooks(graph, settings.region), unwanted)
        context = LearnerContext(
            self._plans,
            engine.trust,
            settings.exit_agreement,
            settings.sampler_bytes,
            settings.folder / "learning",
            pause,
            settings.region,
        )
        self.learners = tuple(kind.learner(context) for kind in kinds_named(settings.hook_kinds))
        self.expected_exit_rates: Mapping[str, float] = {}
        self.audits = audits
        self.budgets = LearningBudgets() if budgets is None else budgets
        self.observer = Observer(engine, audits, self.learners, self.budgets, self._retries)
        self._equip_heads()

    def _equip_heads(self) -> None:
        """Before any head is built: none need be built twice."""
        likely = replan(self._plans.model.table, self._plans.links, None)
        followers = (learner for learner in self.learners if isinstance(learner, PlanFollower))
        self._plans.heads.change_hooks(self.hooks)
        self._plans.heads.watch(_joined(learner.taps(likely) for learner in followers))

    @property
    def hooks(self) -> tuple[Hook, ...]:
        """All hooks, in the order in which they are asked at one tensor."""
        return self._kept.all()

    @property
    def dropped(self) -> Mapping[str, str]:
        """Why hooks were dropped, by name."""
        return self._engine.hook_failures.dropped

    def states(self) -> Mapping[str, HookState]:
        """Each hook's standing, by name."""
        return hook_states(self.hooks, self.audits, self.dropped, self.expected_exit_rates)

    @property
    def sampler_state(self) -> SamplerState:
        """Of the learner that keeps a sample of frames; an empty one without such a learner."""
        empty = SamplerState((), 0, 0, self._sampler_bytes, training=False)
        sampling = (learner for learner in self.learners if isinstance(learner, SamplingLearner))
        return next((learner.sampler_state for learner in sampling), empty)

    def after_frame(self, job: Job, answer: Answer, outcome: object) -> FollowUp:
        """Learning from a frame that was answered."""
        return functools.partial(self.observer.observe, job, answer, outcome)

    async def run(self) -> None:
        """Follow the plan in use and fit hooks, until it is cancelled; each learner by a task of its own."""
        names = [f"learn-{learner.name}" for learner in self.learners]
        try:
            for name, learner in zip(names, self.learners, strict=True):
                self._supervisor.start(name, functools.partial(self._keep_fitting, learner))
            while True:
                await self.follow()
                await asyncio.sleep(FOLLOW_S)
        finally:
            for name in names:
                await self._supervisor.stop(name)

    async def follow(self) -> None:
        """Let learners turn to the plan in use, and have its head hand out what they read."""
        plan = self._plans.plan
        if plan is None:
            return
        taps: list[tuple[str, ...]] = []
        for learner in self.learners:
            if isinstance(learner, PlanFollower):
                with self._retries.guarded(f"{_of(learner)} do not follow the plan") as is_rested:
                    taps.append(await learner.follow(plan) if is_rested else ())
        wanted = _joined(taps)
        if wanted and not self._plans.watches(wanted):
            with self._retries.guarded("tensors are not handed out to learners") as is_rested:
                if is_rested:
                    await self._plans.watch(wanted)

    async def fit(self, learner: HookLearner) -> None:
        """Put hooks to work if a learner has some."""
        fitted = None
        with self._retries.guarded(f"{_of(learner)} are not learned") as is_rested:
            fitted = await _fitted(learner) if is_rested else None
        if fitted is not None:
            _log.info("learned %s %s", fitted.kind, [hook.name for hook in fitted.hooks])
            await self.adopt(fitted)

    async def adopt(self, fitted: FittedHooks) -> None:
        """Put hooks in place of others, in every head and in the file: one adoption after the other."""
        async with self._adopting:
            self.audits.reset(self._kept.put(fitted))
            self.expected_exit_rates = fitted.exit_rates or self.expected_exit_rates
            try:
                await self._plans.change_hooks(self.hooks)
            except EvoSplitError as refused:
                names = [hook.name for hook in fitted.hooks]
                _log.warning("heads cannot be built with the hooks %s: %s", names, refused)
                return
            await asyncio.to_thread(self._kept.save)
            for learner in self.learners:
                if fitted.kind in learner.rests_on:
                    await self._engine.compute.run(learner.reset)

    async def _keep_fitting(self, learner: HookLearner) -> None:
        while True:
            await self.fit(learner)
            await asyncio.sleep(FIT_S)


async def _fitted(learner: HookLearner) -> FittedHooks | None:
    """What cannot be learned yet is one line in the log: the learner waits for more examples by itself."""
    try:
        return await learner.fit()
    except LearningError as failed:
        _log.warning("%s are not learned: %s", _of(learner), failed)
        return None


def _of(learner: HookLearner) -> str:
    return f"hooks of kind {learner.name}"


def _joined(taps: Iterator[tuple[str, ...]] | Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Each tensor once."""
    return tuple(dict.fromkeys(name for names in taps for name in names))
