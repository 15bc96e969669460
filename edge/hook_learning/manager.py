"""Lifecycle of an agent's hooks: loading, learning, replacement, saving."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterator, Sequence
from typing import Final

from evosplit.edge.audits.hook_audits import HookAudits
from evosplit.edge.background.retries import Retries
from evosplit.edge.background.supervisor import Supervisor
from evosplit.edge.hook_learning.exit_learner import FEATURES, ExitLearner, ExitTask, exit_tasks
from evosplit.edge.hook_learning.mask_learner import MaskLearner
from evosplit.edge.hook_learning.observer import Observer
from evosplit.edge.hook_learning.sample_collector import SampleCollector, Sampling
from evosplit.edge.hook_learning.shadow_requests import ShadowRequests
from evosplit.edge.hook_learning.trainer_loop import LoopSettings
from evosplit.edge.hook_training.learned import Learned
from evosplit.edge.hook_training.repeat_fit import RepeatTrials
from evosplit.edge.hooks.exit import ExitHook
from evosplit.edge.hooks.hook import Hook
from evosplit.edge.hooks.hook_file import load_hooks, save_hooks
from evosplit.edge.hooks.mask import region_hooks
from evosplit.edge.hooks.reduced import Reduction
from evosplit.edge.pipeline.engine import Engine
from evosplit.edge.settings import LEARNED, EdgeSettings
from evosplit.shared.errors import BundleError, EvoSplitError
from evosplit.shared.graph import parse_cut
from evosplit.shared.replan import replan

LOOK_S: Final = 2.0
"""How often it is looked whether the plan, or what was learned, wants other hooks."""
FILE: Final = "hooks.evh"
TRAINING: Final = "hook-training"
"""The background task that trains exits."""

_log = logging.getLogger(__name__)


class HookManager:
    """Loads hooks, has exits trained and still pictures learned, and hands both to the engine.

    All of it belongs to the event loop but what the thread that computes does in `SampleCollector`.
    """

    def __init__(
        self, engine: Engine, settings: EdgeSettings, supervisor: Supervisor, audits: HookAudits
    ) -> None:
        self._engine = engine
        self._settings = settings
        self._supervisor = supervisor
        self._retries = Retries()
        self._new_exits: tuple[ExitHook, ...] | None = None
        self.sampler_bytes = settings.sampler_bytes
        self._path = settings.folder / FILE
        self._fixed = region_hooks(engine.plans.model.graph, settings.region)
        self._learned: dict[str, Hook] = {}
        self.expected: dict[str, Learned] = {}
        self.exit_learner: ExitLearner | None = None
        self.audits = audits
        self.collector = SampleCollector(
            engine.hook_failures, reader=FEATURES, trials=_trials(engine, settings)
        )
        self.shadows = ShadowRequests(engine, settings.hook_kinds, settings.exit_agreement)
        self.mask_learner = _mask_learner(engine, settings)
        self.observer = Observer(engine, self.collector, self.audits, self.shadows, self.mask_learner)

    def load(self) -> None:
        """Hooks of an earlier run, before any head is built. A file that does not fit is dropped."""
        try:
            found = (
                load_hooks(self._path, self._engine.plans.model.graph.sha256) if self._path.exists() else ()
            )
        except BundleError as broken:
            _log.warning("hooks are dropped and will be learned anew: %s", broken)
            found = ()
        unwanted = set(LEARNED) - set(self._settings.hook_kinds)
        self._learned = {hook.name: hook for hook in found if hook.kind not in unwanted}
        heads = self._engine.plans.heads
        heads.change_hooks(self.hooks)
        # Heads that hand out the right tensors from the start need not be built twice.
        likely = replan(self._engine.plans.model.table, self._engine.cloud.link, None)
        heads.watch([one.tap for one in self._classes(likely.cut_key)])

    @property
    def hooks(self) -> tuple[Hook, ...]:
        """All hooks: the repeating one first, then what the user asked for, then the others."""
        learned = sorted(self._learned.values(), key=lambda hook: (hook.kind != "repeat", hook.name))
        repeat = [hook for hook in learned if hook.kind == "repeat"]
        return (*repeat, *self._fixed, *learned[len(repeat) :])

    @contextlib.contextmanager
    def frame(self) -> Iterator[None]:
        """While this is open, a frame is under way and nothing is trained."""
        with self.exit_learner.loop.frame() if self.exit_learner is not None else contextlib.nullcontext():
            yield

    async def run(self) -> None:
        """Look after everything until it is cancelled. What is refused is tried again later."""
        steps = (
            ("exits are not learned", self._follow_exits),
            ("hooks are not learned from what crosses", self._watch),
            ("exits are not used", self._learn_exits),
            ("still pictures are not learned", self._learn_stillness),
            ("shorter frames are not learned", self._learn_losses),
            ("masks are not learned", self._learn_masks),
        )
        while True:
            for what, step in steps:
                await self._retries.attempt(what, step)
            await asyncio.sleep(LOOK_S)

    async def adopt(self, hooks: Sequence[Hook], instead_of: str) -> None:
        """Put trained hooks in place of those of a kind, in every head and in the file."""
        others = {name: hook for name, hook in self._learned.items() if hook.kind != instead_of}
        fresh = [hook for hook in hooks if self._learned.get(hook.name) is not hook]
        self._learned = {**others, **{hook.name: hook for hook in hooks}}
        self.audits.reset(fresh)
        sha256 = self._engine.plans.model.graph.sha256
        try:
            await self._engine.plans.change_hooks(self.hooks)
        except EvoSplitError as refused:
            _log.warning(
                "heads cannot be built with the hooks %s: %s", [hook.name for hook in hooks], refused
            )
            return
        try:
            await asyncio.to_thread(save_hooks, self._path, sha256, tuple(self._learned.values()))
        except (OSError, EvoSplitError) as refused:
            _log.warning("hooks serve, but cannot be saved: %s", refused)

    async def _follow_exits(self) -> None:
        """Sample where the plan in use can exit, if that is somewhere else than before."""
        plan = self._engine.plans.plan
        classes = () if plan is None else self._classes(plan.cut_key)
        held = self._engine.plans.watches(self.exit_learner.taps) if self.exit_learner is not None else False
        if plan is None or held or not classes:
            return
        if self.exit_learner is None or self.exit_learner.classes != classes:
            await self._replace_exit_learner(classes)
        await self._engine.plans.watch(self._watched(plan.cut_key))

    async def _replace_exit_learner(self, classes: tuple[ExitTask, ...]) -> None:
        limits = LoopSettings(target=self._settings.exit_agreement)
        folder = self._settings.folder / "learning"
        exit_learner = await asyncio.to_thread(
            ExitLearner, classes, folder, self._settings.sampler_bytes, limits, self._trained
        )
        await self._supervisor.stop(TRAINING)
        self.exit_learner = exit_learner
        self.collector.sample_from(Sampling(exit_learner.taps, exit_learner.sampler))
        self._supervisor.start(TRAINING, exit_learner.loop.run)

    async def _watch(self) -> None:
        """Have the plan in use hand out what is learned from."""
        plan = self._engine.plans.plan if self.mask_learner is not None else None
        if plan is not None and not self._engine.plans.watches(wanted := self._watched(plan.cut_key)):
            await self._engine.plans.watch(wanted)

    def _watched(self, cut_key: str) -> tuple[str, ...]:
        place = self.mask_learner.place(cut_key) if self.mask_learner is not None else None
        taps = self.exit_learner.taps if self.exit_learner is not None else ()
        return tuple(dict.fromkeys((*taps, *((place[0],) if place else ()))))

    def _classes(self, cut_key: str) -> tuple[ExitTask, ...]:
        """Where exits are learned in the head of a cut."""
        graph = self._engine.plans.model.graph
        return exit_tasks(graph, parse_cut(graph, cut_key)) if "exit" in self._settings.hook_kinds else ()

    def _trained(self, hooks: tuple[ExitHook, ...], learned: tuple[Learned, ...]) -> None:
        self.expected = {one.name: one for one in learned}
        found = ", ".join(f"{one.name} {one.exit_rate:.0%} by {one.trainer}" for one in learned)
        _log.info("trained exits: %s; %d are used", found, len(hooks))
        self._new_exits = hooks

    async def _learn_exits(self) -> None:
        """Use those that were trained since the last look: here, so that one adoption follows the other."""
        hooks, self._new_exits = self._new_exits, None
        if hooks is not None:
            await self.adopt(hooks, "exit")

    async def _learn_stillness(self) -> None:
        """A repeating hook once enough pairs of pictures were seen, and again when they say otherwise."""
        hook = await self._engine.compute.run(self.collector.still)
        if hook.value is not None:
            await self.adopt((hook.value,), "repeat")

    async def _learn_losses(self) -> None:
        """A hook for what crosses, beside those for the boundaries of other plans."""
        hook = await asyncio.to_thread(self.shadows.fit)
        if hook is None:
            return
        others = [one for one in self._learned.values() if one.kind == hook.kind and one.tap != hook.tap]
        _log.info("learned %s for %s", hook.kind, hook.tap)
        await self.adopt((*others, hook), hook.kind)
        self.shadows.reset()
        self.shadows.skips.reset()

    async def _learn_masks(self) -> None:
        """A mask once what crosses says where nothing is."""
        if self.mask_learner is None:
            return
        hook = await asyncio.to_thread(self.mask_learner.fit)
        if hook is not None:
            _log.info("learned a mask for %s", hook.tap)
            await self.adopt((hook,), hook.kind)
            await self._engine.compute.run(self.mask_learner.reset)


def _mask_learner(engine: Engine, settings: EdgeSettings) -> MaskLearner | None:
    if "saliency" not in settings.hook_kinds:
        return None
    return MaskLearner(engine.plans.model.graph, settings.exit_agreement, settings.sampler_bytes)


def _trials(engine: Engine, settings: EdgeSettings) -> tuple[str, float, RepeatTrials] | None:
    if "repeat" not in settings.hook_kinds:
        return None
    reduction = Reduction(region=settings.region or (0.0, 0.0, 1.0, 1.0))
    return engine.plans.model.graph.inputs[0], settings.exit_agreement, RepeatTrials(reduction)
