"""Learner of skip hooks: tries leaving a block out, in a head of its own, so that frames pay no border."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
from collections import deque
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.audits.answer_agreement import agree
from evosplit.edge.head.hook_failures import HookFailures
from evosplit.edge.head.run import run_head
from evosplit.edge.head.steps import Head
from evosplit.edge.hook_training.skip_fit import fit_skip
from evosplit.edge.hooks.decisions import Decision, Skip
from evosplit.edge.hooks.placement import HookPlace, skip_places
from evosplit.edge.hooks.skip import AVERAGE, SkipHook
from evosplit.edge.pipeline.engine import Engine
from evosplit.edge.pipeline.job import Answer
from evosplit.shared.errors import BundleError, ModelError
from evosplit.shared.graph import parse_cut
from evosplit.shared.plan import Plan

MOST_BLOCKS: Final = 2
MOST_ROWS: Final = 1500
LEAST_ROWS: Final = 60
MORE: Final = 1.2
"""Hooks are looked for each time that there are so many times the rows."""


@dataclasses.dataclass(frozen=True, eq=False)
class _Trial:
    """Always skips: what a hook would do that is sure."""

    name: str
    tap: str
    until: str
    kind: str = "skip"
    macs: int = 0

    def decide(self, tensor: NDArray[np.float32], stream: str) -> Decision:
        del tensor, stream
        return Skip()


@dataclasses.dataclass
class _Block:
    """A block, and what was found about it: features of its input, and whether the answer stayed."""

    place: HookPlace
    rows: deque[tuple[NDArray[np.float32], bool]]
    head: Head
    told: int = 0


class SkipLearner:
    """Learns when one of the largest blocks can be left out. Nothing is tried while a skip is at work.

    Each block has a head of its own, and so its weights once more, until that is decided.
    """

    def __init__(self, engine: Engine, is_wanted: bool, target: float) -> None:
        self._engine = engine
        self._is_wanted = is_wanted
        self._target = target
        self._cut = ""
        self._blocks: tuple[_Block, ...] = ()

    def __len__(self) -> int:
        return min((len(block.rows) for block in self._blocks), default=0)

    def reset(self) -> None:
        """Forget all rows, and the heads that they came from."""
        self._blocks, self._cut = (), ""

    def is_open(self, plan: Plan) -> bool:
        """Whether there is anything to learn under a plan."""
        if not self._is_wanted or self._works():
            self.reset()
            return False
        return self._cut != plan.cut_key or bool(self._blocks)

    async def attempt(self, answer: Answer) -> int:
        """One row for the block with the fewest; the bytes that it took. Raises as `Engine.shadow`."""
        plan, run = answer.plan, answer.run
        if plan is None or run is None:
            return 0
        if self._cut != plan.cut_key:
            self._blocks = await asyncio.to_thread(self._prepared, plan)
            self._cut = plan.cut_key
        block = min(self._blocks, key=lambda one: len(one.rows), default=None)
        if block is None:
            return 0
        feeds = {name: run.tensors[name] for name in block.head.reads}
        work = functools.partial(run_head, block.head, feeds, "", HookFailures())
        short = (await self._engine.compute.run(work)).value
        tried = dataclasses.replace(answer, head=block.head, run=short)
        outputs, sent_bytes = await self._engine.shadow(tried, {}, {})
        features = AVERAGE.of(short.tensors[block.place.tap])
        if short.changed_by and np.isfinite(features).all():
            block.rows.append((features, agree(self._engine.plans.model.card, outputs, answer.outputs)))
        return sent_bytes

    def fit(self) -> SkipHook | None:
        """A hook that the rows until now show to be safe; None without news. Raises LearningError."""
        for block in self._blocks:
            rows = list(block.rows)
            if len(rows) < max(LEAST_ROWS, MORE * block.told):
                continue
            block.told, place = len(rows), block.place
            features, same = np.stack([row[0] for row in rows]), np.array([row[1] for row in rows])
            name, ends = f"skip-{place.layers[-1]}", (place.tap, place.until)
            hook = fit_skip(name, ends, features, same, same, self._target)
            if hook is not None:
                return hook
        return None

    def _prepared(self, plan: Plan) -> tuple[_Block, ...]:
        """The largest blocks of a plan's head, with what is known of them already."""
        graph = self._engine.plans.model.graph
        known = {block.place.until: block.rows for block in self._blocks}
        found = sorted(skip_places(graph, parse_cut(graph, plan.cut_key)), key=lambda one: -one.share)
        blocks = []
        for place in found[:MOST_BLOCKS]:
            trial = _Trial(f"try-{place.until}", place.tap, place.until)
            try:
                head = self._engine.plans.heads.trial(plan, (trial,))
            except (BundleError, ModelError):
                continue
            if head.hooks:
                rows = known.get(place.until) or deque(maxlen=MOST_ROWS)
                blocks.append(_Block(place, rows, head))
        return tuple(blocks)

    def _works(self) -> bool:
        return any(
            hook.kind == "skip" and self._engine.trust.believes(hook)
            for hook in self._engine.plans.heads.hooks
        )
