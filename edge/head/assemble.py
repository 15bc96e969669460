"""Head assembly: segments and hooks put together in execution order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from evosplit.edge.backends.change_rules import ChangeSettings
from evosplit.edge.backends.segment import Segment
from evosplit.edge.backends.selection import open_segment
from evosplit.edge.head.hook_placement import StepBuilder, hook_borders, placed_hooks
from evosplit.edge.head.partition import Part, available, head_parts
from evosplit.edge.head.steps import Head, RunSegment
from evosplit.edge.hooks.hook import Hook
from evosplit.shared.graph import Cut, Graph
from evosplit.shared.plan import TensorCode
from evosplit.shared.providers import Providers
from evosplit.shared.restoration.transform import ChannelTransform
from evosplit.shared.split import edge_outputs
from evosplit.shared.wire import EncodedTensor


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
    that the plan has in 8 bits or fewer. ``transforms`` are those of tensors that cross.
    """

    graph: Graph
    cut: Cut
    packed: Mapping[str, EncodedTensor] = field(default_factory=dict)
    codes: Mapping[str, TensorCode] = field(default_factory=dict)
    transforms: Mapping[str, ChannelTransform] = field(default_factory=dict)


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
    borders = [name for hook in asked for name in hook_borders(hook)]
    watched = tuple(name for name in options.watched if name in there)
    parts = head_parts(graph, cut, borders, watched)
    outputs = edge_outputs(graph, cut)
    kept = {*cut.boundary, *outputs}
    reads = {name for part in parts for name in part.reads}.union(kept, borders, watched)
    return Head(
        steps=StepBuilder(graph, parts, kept).build(
            asked, lambda part: held.get(part) or _segment(source, part, options)
        ),
        reads=tuple(name for name in graph.inputs if name in reads),
        boundary=cut.boundary,
        outputs=outputs,
        answers=tuple(graph.tensors[name] for name in graph.outputs),
        watched=watched,
        given=asked,
        transforms=source.transforms,
    )


def _segment(source: HeadSource, part: Part, options: HeadOptions) -> Segment:
    change = options.change
    if change is not None and not set(part.reads) <= set(source.graph.inputs):
        change = change.behind()
    codes = {name: code for name, code in source.codes.items() if name in _tensors(source.graph, part)}
    model = part.model(source.graph)
    return open_segment(model, source.packed, codes, options.providers, change, options.masked)


def _tensors(graph: Graph, part: Part) -> frozenset[str]:
    return frozenset(part.reads).union(*(graph.layers[index].outputs for index in part.layers))
