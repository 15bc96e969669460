"""Learner of skip hooks: what leaving a block out does to answers, tried in a head of its own.

So frames pay for no border while it is learned.
"""

from __future__ import annotations

import asyncio
import functools
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.head.steps import Head
from evosplit.edge.hook_learning.examples import Example, FittedHooks, TriedVariant, Variant
from evosplit.edge.hook_learning.learner_context import LearnerContext
from evosplit.edge.hook_learning.rows import Rows
from evosplit.edge.hook_training.skip_fit import fit_skip
from evosplit.edge.hooks.decisions import Decision, Skip
from evosplit.edge.hooks.placement import HookPlace, skip_places
from evosplit.edge.hooks.skip import AVERAGE
from evosplit.shared.errors import BundleError, ModelError
from evosplit.shared.graph import parse_cut
from evosplit.shared.plan import Plan

MOST_BLOCKS: Final = 2
MOST_ROWS: Final = 1500
LEAST_ROWS: Final = 60
GROWTH: Final = 1.2

Row: TypeAlias = tuple[NDArray[np.float32], bool]
"""Features of the block's input, and whether the answer stayed."""


@dataclass(frozen=True, eq=False)
class AlwaysSkip:
    """A hook that is always sure."""

    name: str
    tap: str
    until: str
    kind: str = "skip"
    macs: int = 0

    def decide(self, tensor: NDArray[np.float32], stream: str) -> Decision:
        """`Skip`."""
        del tensor, stream
        return Skip()


@dataclass(frozen=True, eq=False)
class _Block:
    """A block, the head that leaves it out, and what was seen of that."""

    place: HookPlace
    head: Head
    rows: Rows[Row]


class SkipLearner:
    """Learns when one of the largest blocks can be left out. Nothing is tried while a skip is at work.

    Each block has a head of its own, and so its weights once more, until that is decided. They are built when
    the first frame under a cut could be tried.
    """

    name = "skip"
    is_sampled = True
    rests_on = frozenset({"bits", "channels", "skip"})

    def __init__(self, context: LearnerContext) -> None:
        self._context = context
        self._wanted_cut = ""
        self._cut = ""
        self._blocks: tuple[_Block, ...] = ()

    def __len__(self) -> int:
        return min((len(block.rows) for block in self._blocks), default=0)

    def taps(self, plan: Plan) -> tuple[str, ...]:
        """None: its own heads hand out what it reads."""
        del plan
        return ()

    async def follow(self, plan: Plan) -> tuple[str, ...]:
        """Build the heads of the plan's blocks, once a frame of it could be tried."""
        if self._wanted_cut == plan.cut_key != self._cut:
            self._blocks = await asyncio.to_thread(self._prepared, plan)
            self._cut = plan.cut_key
        return ()

    def wants(self, example: Example) -> bool:
        """Whether there is anything to learn under its plan."""
        plan = example.answer.plan
        if self._context.is_at_work(self.name):
            self.reset()
            return False
        if plan is None:
            return False
        self._wanted_cut = plan.cut_key
        return self._cut == plan.cut_key and bool(self._blocks)

    def variants(self, example: Example) -> tuple[Variant, ...]:
        """Without the block of the fewest rows."""
        del example
        block = min(self._blocks, key=lambda block: len(block.rows), default=None)
        return () if block is None else (Variant(head=block.head),)

    def observe(self, example: Example, tried: tuple[TriedVariant, ...]) -> None:
        """A row about the block that was left out."""
        del example
        for attempt in tried:
            block = next((block for block in self._blocks if block.head is attempt.variant.head), None)
            if block is None or not attempt.run.changed_by:
                continue
            features = AVERAGE.of(attempt.run.tensors[block.place.tap])
            if np.isfinite(features).all():
                block.rows.add((features, attempt.agrees))

    async def fit(self) -> FittedHooks | None:
        """The hook for the first block that has one, beside those for others. Raises LearningError."""
        for block in self._blocks:
            rows = block.rows.to_fit()
            if rows is None:
                continue
            place, target = block.place, self._context.target
            features, same = np.stack([row[0] for row in rows]), np.array([row[1] for row in rows])
            name, ends = f"{self.name}-{place.layers[-1]}", (place.tap, place.until)
            fit = functools.partial(fit_skip, name, ends, features, same, same, target)
            hook = await asyncio.to_thread(fit)
            if hook is not None:
                return FittedHooks(self.name, (hook,), place.tap)
        return None

    def reset(self) -> None:
        """Forget all rows, and the heads that they came from."""
        self._blocks, self._cut, self._wanted_cut = (), "", ""

    def _prepared(self, plan: Plan) -> tuple[_Block, ...]:
        """The largest blocks of a plan's head, with what is known of them already."""
        graph, heads = self._context.graph, self._context.plans.heads
        known = {block.place.until: block.rows for block in self._blocks}
        places = sorted(skip_places(graph, parse_cut(graph, plan.cut_key)), key=lambda place: -place.share)
        blocks = []
        for place in places[:MOST_BLOCKS]:
            always = AlwaysSkip(f"try-{place.until}", place.tap, place.until)
            try:
                head = heads.trial(plan, (always,))
            except (BundleError, ModelError):
                continue
            if head.hooks:
                rows = known.get(place.until) or Rows(MOST_ROWS, LEAST_ROWS, GROWTH)
                blocks.append(_Block(place, head, rows))
        return tuple(blocks)
