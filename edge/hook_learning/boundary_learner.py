"""Learner of hooks that make a boundary tensor cheaper to send: a ladder of variants, the mildest first.

Trials end with the first variant that changes the answer: what is stronger counts as changing it too.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.hook_learning.examples import Example, FittedHooks, TriedVariant, Variant
from evosplit.edge.hook_learning.learner_context import LearnerContext
from evosplit.edge.hook_learning.rows import Rows
from evosplit.edge.hooks.hook import Hook
from evosplit.shared.graph import Graph, Tensor
from evosplit.shared.plan import FLOAT_BITS, Plan, TensorCode

MOST_ROWS: Final = 1500
MOST_BYTES: Final = 4 << 20
LEAST_ROWS: Final = 20
GROWTH: Final = 1.2

Row: TypeAlias = tuple[NDArray[np.float32], tuple[bool, ...]]
"""Features `(d,)` of the tensor, and for each step of the ladder whether the answer stays."""


@dataclass(frozen=True)
class BoundaryTensor:
    """A tensor `(1, C, H, W)` that crosses, how the plan sends it, and the coarser codes that it carries."""

    tensor: Tensor
    code: TensorCode
    easier: tuple[TensorCode, ...] = ()

    @property
    def name(self) -> str:
        """The tensor's."""
        return self.tensor.name


S = TypeVar("S")


class Ladder(Protocol[S]):
    """The ways to send a tensor cheaper, and the hook that chooses one of them."""

    @property
    def kind(self) -> str: ...  # noqa: D102

    def steps(self, boundary: BoundaryTensor) -> tuple[S, ...]:
        """The steps from the strongest to the mildest; none where nothing can be spared."""
        ...

    def variant(self, name: str, step: S, tensor: NDArray[Any]) -> Variant:
        """What to ask about one tensor at one step."""
        ...

    def features(self, tensor: NDArray[Any]) -> NDArray[np.float32]:
        """What the hook reads `(d,)`."""
        ...

    def fit(self, name: str, boundary: BoundaryTensor, rows: Sequence[Row], target: float) -> Hook | None:
        """What the rows show to keep ``target``; None where that is nothing. Raises LearningError."""
        ...


def largest_boundary_tensor(graph: Graph, plan: Plan) -> BoundaryTensor | None:
    """The largest tensor of the boundary that is no input; None without one, or where it is no float map."""
    made = [graph.tensors[name] for name in plan.boundary if name not in graph.inputs]
    if not made:
        return None
    largest = max(made, key=lambda tensor: tensor.elements)
    if len(largest.shape) != 4 or not largest.is_float:
        return None
    code = plan.wire.get(largest.name, TensorCode(FLOAT_BITS))
    return BoundaryTensor(largest, code, plan.easier.get(largest.name, ()))


@dataclass(frozen=True, eq=False)
class _Collected:
    """The rows about one tensor: one value, so that no row gets to another tensor's."""

    boundary: BoundaryTensor
    steps: tuple[Any, ...]
    rows: Rows[Row]


class BoundaryLearner:
    """Learns about the largest tensor of the plan in use."""

    is_sampled = True
    rests_on = frozenset({"bits", "channels", "skip"})

    def __init__(self, context: LearnerContext, ladder: Ladder[Any]) -> None:
        self._context = context
        self._ladder = ladder
        self._collected: _Collected | None = None

    @property
    def name(self) -> str:
        """As the hooks' kind."""
        return self._ladder.kind

    def __len__(self) -> int:
        return 0 if self._collected is None else len(self._collected.rows)

    def wants(self, example: Example) -> bool:
        """Where something can be spared, and no hook of the kind does so already."""
        boundary = self._boundary(example)
        return boundary is not None and not self._context.is_at_work(self.name, boundary.name)

    def variants(self, example: Example) -> tuple[Variant, ...]:
        """The ladder of one tensor, the mildest step first."""
        boundary = self._boundary(example)
        if boundary is None:
            return ()
        if self._collected is None or self._collected.boundary != boundary:
            self._collected = self._start(boundary)
        tensor, steps = example.run.tensors[boundary.name], reversed(self._collected.steps)
        return tuple(self._ladder.variant(boundary.name, step, tensor) for step in steps)

    def observe(self, example: Example, tried: tuple[TriedVariant, ...]) -> None:
        """A row, if the features are finite."""
        collected = self._collected
        if collected is None or self._boundary(example) != collected.boundary:
            return
        features = self._ladder.features(example.run.tensors[collected.boundary.name])
        if np.isfinite(features).all():
            kept = sum(attempt.agrees for attempt in tried)
            stays = (False,) * (len(collected.steps) - kept) + (True,) * kept
            collected.rows.add((features, stays))

    async def fit(self) -> FittedHooks | None:
        """The hook for the tensor, beside those for other tensors. Raises LearningError."""
        collected = self._collected
        rows = None if collected is None else collected.rows.to_fit()
        if collected is None or rows is None:
            return None
        tap = collected.boundary.name
        name = f"{self.name}-{self._context.layer_of(tap)}"
        fit = functools.partial(self._ladder.fit, name, collected.boundary, rows, self._context.target)
        hook = await asyncio.to_thread(fit)
        return None if hook is None else FittedHooks(self.name, (hook,), tap)

    def reset(self) -> None:
        """Forget the rows."""
        self._collected = None

    def _boundary(self, example: Example) -> BoundaryTensor | None:
        plan = example.answer.plan
        boundary = None if plan is None else largest_boundary_tensor(self._context.graph, plan)
        return boundary if boundary is not None and self._ladder.steps(boundary) else None

    def _start(self, boundary: BoundaryTensor) -> _Collected:
        shape = boundary.tensor.shape
        width = len(self._ladder.features(np.zeros(shape, np.float32)))
        most = min(MOST_ROWS, MOST_BYTES // max(4 * width, 1))
        return _Collected(boundary, self._ladder.steps(boundary), Rows(most, LEAST_ROWS, GROWTH))
