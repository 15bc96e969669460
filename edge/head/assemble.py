"""Segments and hooks put together into a head."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from edge.head.cutting import Part, available, head_parts, parts_before
from edge.head.ort import OrtSegment
from edge.head.providers import Providers
from edge.head.segment import Segment
from edge.head.steps import Ask, Head, Step, Work
from edge.hooks.hook import Hook
from shared.graph import Cut, Graph
from shared.split import edge_outputs


@dataclass(frozen=True)
class Options:
    """How the segments of every head are made. ``watched`` are tensors that the sampler would like to see."""

    providers: Providers = field(default_factory=Providers)
    watched: tuple[str, ...] = ()


def assemble(graph: Graph, cut: Cut, hooks: Sequence[Hook], options: Options) -> Head:
    """The head of a cut, with those of the hooks that read a tensor of it. Raises ModelError."""
    there = available(graph, cut)
    asked = [hook for hook in hooks if {hook.tap, until(hook) or hook.tap} <= there]
    borders = [name for hook in asked for name in (hook.tap, until(hook)) if name is not None]
    watched = tuple(name for name in options.watched if name in there)
    parts = head_parts(graph, cut, borders, watched)
    outputs = edge_outputs(graph, cut)
    reads = {name for part in parts for name in part.reads}.union(cut.boundary, outputs, borders, watched)
    return Head(
        steps=_steps(graph, parts, asked, lambda part: _segment(graph, part, options)),
        reads=tuple(name for name in graph.inputs if name in reads),
        boundary=cut.boundary,
        outputs=outputs,
        answers=tuple(graph.tensors[name] for name in graph.outputs),
        watched=watched,
    )


def until(hook: Hook) -> str | None:
    """What the residual block behind a skip hook makes; None for other hooks."""
    end: str | None = getattr(hook, "until", None)
    return end


def _segment(graph: Graph, part: Part, options: Options) -> Segment:
    return OrtSegment(options.providers.open(part.model(graph)))


def _steps(
    graph: Graph, parts: Sequence[Part], hooks: Iterable[Hook], make: Callable[[Part], Segment]
) -> tuple[Step, ...]:
    """Each segment, and behind it the hooks that can be asked then, in the order in which they were given."""
    placed = [(parts_before(graph, parts, hook.tap), hook) for hook in hooks]
    starts = _starts(len(parts), [at for at, _ in placed])
    steps: list[Step] = []
    for at in range(len(parts) + 1):
        if at:
            steps.append(Work(make(parts[at - 1]), str(at - 1)))
        steps += [_ask(graph, parts, hook, starts) for place, hook in placed if place == at]
    return tuple(steps)


def _starts(parts: int, places: Sequence[int]) -> list[int]:
    """For each number of parts that have run, the index of the first step behind them."""
    return [at + sum(place < at for place in places) for at in range(parts + 1)]


def _ask(graph: Graph, parts: Sequence[Part], hook: Hook, starts: Sequence[int]) -> Ask:
    end = until(hook)
    return Ask(hook) if end is None else Ask(hook, end, starts[parts_before(graph, parts, end)])
