"""Executor of a head: runs its steps on one frame, asks its hooks, and acts on their decisions."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.backends.segment import FrameContext, Pair, Tensors
from evosplit.edge.head.hook_failures import HookFailures
from evosplit.edge.head.steps import AskHook, Head, RunSegment
from evosplit.edge.head.trace import HeadTrace, StepTrace
from evosplit.edge.head.validate_decision import decision_problem
from evosplit.edge.hooks.decisions import GO, Bits, Decision, Exit, Go, Keep, Mask, Skip
from evosplit.edge.hooks.hook import HOOK_ERRORS, Hook
from evosplit.shared.plan import TensorCode

T = TypeVar("T")
DecisionPolicy: TypeAlias = Callable[[Hook, Decision], bool]


def always(hook: Hook, decision: Decision) -> bool:
    """The policy that acts on every decision."""
    del hook, decision
    return True


@dataclass(frozen=True, eq=False)
class NotedDecision:
    """A decision that was not acted on."""

    hook: Hook
    decision: Decision


@dataclass(frozen=True, eq=False)
class HeadRun:
    """What a head made of one frame.

    ``tensors`` hold what crosses, the finished outputs, and what hooks read. ``exit`` is the answer that
    ``exit_hook`` gave; the head ended there. ``keep`` and ``codes`` are for the encoder, per boundary tensor.
    ``changed_by`` are the hooks without which the answer might be another; ``noted`` are decisions that were
    only noted, to be compared with what the full way gives. ``changes`` are the blocks of inputs that were
    computed anew, where the segment that reads them follows its stream, and ``spacings`` by multiples of how
    many positions they may move then.
    """

    tensors: Tensors
    trace: HeadTrace
    exit: Exit | None = None
    exit_hook: str | None = None
    keep: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
    codes: Mapping[str, TensorCode] = field(default_factory=dict)
    changed_by: tuple[Hook, ...] = ()
    noted: tuple[NotedDecision, ...] = ()
    changes: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
    spacings: Mapping[str, int] = field(default_factory=dict)


def run_head(
    head: Head,
    feeds: Mapping[str, NDArray[Any]],
    stream: str,
    hook_failures: HookFailures,
    acts: DecisionPolicy | None = always,
    without: Collection[str] = (),
    windows: Mapping[str, Pair] | None = None,
) -> HeadRun:
    """Run one frame of a stream. Raises InputError when the network does not take the values.

    ``acts`` says whether a decision is acted on or only noted; None is the full way: no hook is asked.
    None is whose kind is in ``without``. A hook that raises, or decides what makes no sense here, is dropped
    for good (``hook_failures``), and the frame goes on as if it had said `Go`. ``windows`` are those of the
    inputs, as in `FrameContext`.
    """
    frame = _FrameRun(head, dict(feeds), FrameContext(stream, windows=dict(windows or {})), hook_failures)
    index = 0
    while index < len(head.steps) and frame.exit is None:
        step = head.steps[index]
        if isinstance(step, RunSegment):
            frame.work(step)
            index += 1
        else:
            next_step = index + 1
            if acts is not None and step.hook.kind not in without:
                next_step = frame.ask(step, index, acts)
            index = next_step
    return frame.result()


class _FrameRun:
    """One frame on its way through the steps; not thread-safe."""

    def __init__(
        self, head: Head, tensors: dict[str, NDArray[Any]], context: FrameContext, hook_failures: HookFailures
    ) -> None:
        self._head = head
        self._tensors = tensors
        self._context = context
        self._hook_failures = hook_failures
        self._trace: list[StepTrace] = []
        self._keep: dict[str, NDArray[np.bool_]] = {}
        self._codes: dict[str, TensorCode] = {}
        self._changed_by: list[Hook] = []
        self._noted: list[NotedDecision] = []
        self.exit: Exit | None = None

    def work(self, step: RunSegment) -> None:
        started_s = time.perf_counter()
        made = step.segment.run(self._tensors, self._context)
        seconds = time.perf_counter() - started_s
        self._tensors.update(made)
        made_bytes = sum(array.nbytes for array in made.values())
        backend, density = step.segment.backend, step.segment.density
        self._trace.append(StepTrace("segment", step.name, backend, seconds, density, made_bytes=made_bytes))

    def ask(self, step: AskHook, index: int, acts: DecisionPolicy) -> int:
        """AskHook a hook and act; the index of the next step."""
        if not self._hook_failures.trusts(step.hook):
            return index + 1
        started_s = time.perf_counter()
        decision = self._decision(step)
        seconds, name = time.perf_counter() - started_s, type(decision).__name__.lower()
        self._trace.append(StepTrace("hook", step.hook.name, step.hook.kind, seconds, decision=name))
        if isinstance(decision, Go):
            return index + 1
        if not acts(step.hook, decision):
            self._noted.append(NotedDecision(step.hook, decision))
            return index + 1
        self._changed_by.append(step.hook)
        self._act(decision, step)
        return step.after if isinstance(decision, Skip) else index + 1

    def result(self) -> HeadRun:
        exit_hook = self._changed_by[-1].name if self.exit is not None else None
        return HeadRun(
            tensors=self._tensors,
            trace=HeadTrace(tuple(self._trace)),
            exit=self.exit,
            exit_hook=exit_hook,
            keep=self._keep,
            codes=self._codes,
            changed_by=tuple(self._changed_by),
            noted=tuple(self._noted),
            changes=self._of_inputs(self._context.changes),
            spacings=self._of_inputs(self._context.spacings),
        )

    def _of_inputs(self, noted: Mapping[str, T]) -> dict[str, T]:
        return {name: noted[name] for name in self._head.reads if name in noted}

    def _decision(self, step: AskHook) -> Decision:
        tensor = self._tensors[step.hook.tap]
        try:
            decision = step.hook.decide(tensor, self._context.stream)
            wrong = decision_problem(decision, step, tensor, self._head)
        except HOOK_ERRORS as error:
            wrong = f"{type(error).__name__}: {error}"
        if wrong is not None:
            self._hook_failures.drop(step.hook, wrong)
            return GO
        return decision

    def _act(self, decision: Decision, step: AskHook) -> None:
        if isinstance(decision, Exit):
            self.exit = decision
        elif isinstance(decision, Skip) and step.until is not None:
            self._tensors[step.until] = self._tensors[step.hook.tap]
        elif isinstance(decision, Keep):
            before = self._keep.get(decision.tensor)
            self._keep[decision.tensor] = decision.channels if before is None else before & decision.channels
        elif isinstance(decision, Mask):
            self._context = replace(self._context, mask=decision.positions, mask_tensor=step.hook.tap)
        elif isinstance(decision, Bits):
            self._codes.update(decision.codes)
