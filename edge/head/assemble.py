"""Head assembly: segments and hooks put together in execution order."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Final

from evosplit.edge.backends.change_rules import ChangeSettings
from evosplit.edge.backends.providers import Providers
from evosplit.edge.backends.segment import Segment
from evosplit.edge.backends.selection import open_segment
from evosplit.edge.head.partition import Part, available, head_parts, parts_before
from evosplit.edge.head.steps import AskHook, Head, RunSegment, Step
from evosplit.edge.hooks.hook import BlockHook, Hook
from evosplit.shared.graph import Cut, Graph
from evosplit.shared.plan import TensorCode
from evosplit.shared.split import edge_outputs
from evosplit.shared.wire import EncodedTensor

BOUNDARY_HOOKS: Final = ("channels", "bits")
"""Kinds of hooks that look at what crosses, and only at that."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class HeadOptions:
    """How the segments of every head are made.

    ``watched`` are tensors that the sampler would like to see. ``masked``: frames are expected to need only
    some positions, by masks or by what has changed in a stream (``change``).
    """

    providers: Providers = field(default_factory=Providers)
    watched: tuple[str, ...] = ()
    masked: bool = False
    change: ChangeSettings | None = None


@dataclass(frozen=True)
class HeadSource:
    """What a head is made of.

    ``graph`` has its weights, ``packed`` holds them as the bundle does, and ``codes`` are of the activations
    that the plan has in 8 bits or fewer.
    """

    graph: Graph
    cut: Cut
    packed: Mapping[str, EncodedTensor] = field(default_factory=dict)
    codes: Mapping[str, TensorCode] = field(default_factory=dict)


def assemble(
    source: HeadSource, hooks: Sequence[Hook], options: HeadOptions, old: Head | None = None
) -> Head:
    """A head, with those of the hooks that have their place in it. Raises ModelError.

    Parts that an ``old`` head of the same plan has as well are taken over from it.
    """
    held = (
        {} if old is None else {step.part: step.segment for step in old.steps if isinstance(step, RunSegment)}
    )
    graph, cut = source.graph, source.cut
    there, asked = available(graph, cut), placed_hooks(graph, cut, hooks)
    borders = [name for hook in asked for name in _borders(hook)]
    watched = tuple(name for name in options.watched if name in there)
    parts = head_parts(graph, cut, borders, watched)
    outputs = edge_outputs(graph, cut)
    kept = {*cut.boundary, *outputs}
    reads = {name for part in parts for name in part.reads}.union(kept, borders, watched)
    return Head(
        steps=_Steps(graph, parts, kept).of(
            asked, lambda part: held.get(part) or _segment(source, part, options)
        ),
        reads=tuple(name for name in graph.inputs if name in reads),
        boundary=cut.boundary,
        outputs=outputs,
        answers=tuple(graph.tensors[name] for name in graph.outputs),
        watched=watched,
        given=asked,
    )


def placed_hooks(graph: Graph, cut: Cut, hooks: Iterable[Hook]) -> tuple[Hook, ...]:
    """Those of the hooks whose place is in the head of the cut."""
    there, crossing = available(graph, cut), frozenset(cut.boundary)
    return tuple(
        hook for hook in hooks if set(_borders(hook)) <= (crossing if hook.kind in BOUNDARY_HOOKS else there)
    )


def _segment(source: HeadSource, part: Part, options: HeadOptions) -> Segment:
    change = options.change
    if change is not None and not set(part.reads) <= set(source.graph.inputs):
        change = change.behind()
    codes = {name: code for name, code in source.codes.items() if name in _tensors(source.graph, part)}
    model = part.model(source.graph)
    return open_segment(model, source.packed, codes, options.providers, change, options.masked)


def _tensors(graph: Graph, part: Part) -> frozenset[str]:
    return frozenset(part.reads).union(*(graph.layers[at].outputs for at in part.layers))


def _borders(hook: Hook) -> tuple[str, ...]:
    """The tensors at which the head is cut for a hook: what it reads, and the end of what it may skip."""
    return (hook.tap, hook.until) if isinstance(hook, BlockHook) else (hook.tap,)


@dataclass(frozen=True)
class _Steps:
    """Puts hooks between parts. ``kept`` are the tensors that leave the head."""

    graph: Graph
    parts: Sequence[Part]
    kept: Set[str]

    def of(self, hooks: Iterable[Hook], make: Callable[[Part], Segment]) -> tuple[Step, ...]:
        """Each segment, and behind it the hooks that can be asked then; one that skips is asked last."""
        allowed = [hook for hook in hooks if self._is_allowed(hook)]
        placed = sorted(((self._place(hook.tap), len(_borders(hook)), at) for at, hook in enumerate(allowed)))
        places = [place for place, _, _ in placed]
        # Behind `count` parts come that many segments, and the hooks that were asked before the last of them.
        starts = [count + sum(place < count for place in places) for count in range(len(self.parts) + 1)]
        steps: list[Step] = []
        for count in range(len(self.parts) + 1):
            if count:
                part = self.parts[count - 1]
                steps.append(RunSegment(make(part), str(count - 1), part))
            steps += [self._ask_hook(allowed[at], starts) for place, _, at in placed if place == count]
        return tuple(steps)

    def _ask_hook(self, hook: Hook, starts: Sequence[int]) -> AskHook:
        _, *until = _borders(hook)
        return AskHook(hook, until[0], starts[self._place(until[0])]) if until else AskHook(hook)

    def _place(self, tensor: str) -> int:
        return parts_before(self.graph, self.parts, tensor)

    def _is_allowed(self, hook: Hook) -> bool:
        """Whether what it may skip is a block: it hands out one tensor, of its input's shape."""
        tap, *ends = _borders(hook)
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
