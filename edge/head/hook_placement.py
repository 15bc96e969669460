"""Placement of hooks: which of them fit a head, and where each is asked between the parts."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass
from typing import Final

from evosplit.edge.backends.segment import Segment
from evosplit.edge.head.partition import Part, available, parts_before
from evosplit.edge.head.steps import AskHook, RunSegment, Step
from evosplit.edge.hooks.hook import BlockHook, Hook
from evosplit.shared.graph import Cut, Graph

BOUNDARY_HOOKS: Final = ("channels", "bits")
"""Kinds of hooks that read the boundary, and only that."""

_log = logging.getLogger(__name__)


def placed_hooks(graph: Graph, cut: Cut, hooks: Iterable[Hook]) -> tuple[Hook, ...]:
    """Those of the hooks whose place is in the head of the cut."""
    there, crossing = available(graph, cut), frozenset(cut.boundary)
    return tuple(
        hook
        for hook in hooks
        if set(hook_borders(hook)) <= (crossing if hook.kind in BOUNDARY_HOOKS else there)
    )


def hook_borders(hook: Hook) -> tuple[str, ...]:
    """The tensors at which the head is cut for a hook: what it reads, and the end of what it may skip."""
    return (hook.tap, hook.until) if isinstance(hook, BlockHook) else (hook.tap,)


@dataclass(frozen=True)
class StepBuilder:
    """Steps of a head from its parts and hooks. ``kept`` are the tensors that leave the head."""

    graph: Graph
    parts: Sequence[Part]
    kept: Set[str]

    def build(self, hooks: Iterable[Hook], make: Callable[[Part], Segment]) -> tuple[Step, ...]:
        """Each segment, and behind it the hooks that can be asked then; one that skips is asked last."""
        allowed = [hook for hook in hooks if self._is_allowed(hook)]
        placed = sorted(
            (self._place(hook.tap), len(hook_borders(hook)), index) for index, hook in enumerate(allowed)
        )
        places = [place for place, _, _ in placed]
        # Behind `count` parts come that many segments, and the hooks that were asked before the last of them.
        starts = [count + sum(place < count for place in places) for count in range(len(self.parts) + 1)]
        steps: list[Step] = []
        for count in range(len(self.parts) + 1):
            if count:
                part = self.parts[count - 1]
                steps.append(RunSegment(make(part), str(count - 1), part))
            steps += [self._ask_hook(allowed[index], starts) for place, _, index in placed if place == count]
        return tuple(steps)

    def _ask_hook(self, hook: Hook, starts: Sequence[int]) -> AskHook:
        _, *until = hook_borders(hook)
        return AskHook(hook, until[0], starts[self._place(until[0])]) if until else AskHook(hook)

    def _place(self, tensor: str) -> int:
        return parts_before(self.graph, self.parts, tensor)

    def _is_allowed(self, hook: Hook) -> bool:
        """Whether what it may skip is a block: it hands out one tensor, of its input's shape."""
        tap, *ends = hook_borders(hook)
        if not ends:
            return True
        first, last = self._place(tap), self._place(ends[0])
        made = {name for part in self.parts[first:last] for name in part.makes} - {ends[0]}
        needed = {*self.kept, *(name for part in self.parts[last:] for name in part.reads)}
        shapes = {self.graph.tensors[name].shape for name in (tap, ends[0])}
        if first < last and len(shapes) == 1 and not made & needed:
            return True
        _log.warning(
            "hook %s is not used: from %s to %s is no block that can be skipped", hook.name, tap, ends[0]
        )
        return False
