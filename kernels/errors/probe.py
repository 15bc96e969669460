"""What a change behind some layer does to the network's outputs, without a session per layer.

The network is run stretch by stretch. Within a stretch every layer's outputs are known; a change behind
layer i goes through a short session of the stretch's remaining layers, then through the one session of all
later stretches. So a network of n layers needs about sqrt(n) large sessions, and only one stretch's tensors
are held at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from kernels.errors.segments import segment_model, segments
from shared.graph import Graph, prefix_cut
from shared.session import Runner
from shared.split import tail_model

Values: TypeAlias = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Probe:
    """The network behind its first ``stop`` layers, for some inputs.

    ``values`` holds per input the tensors around layer ``stop`` - 1 (what it reads, what it makes, what later
    layers read), ``right`` the network's outputs, both unchanged. ``runners`` lead to the outputs in turn.
    """

    stop: int
    values: Sequence[Values]
    right: Sequence[Values]
    runners: tuple[Runner, ...]

    def outputs(self, changed: Sequence[Values]) -> list[Values]:
        """The network's outputs per input when ``changed`` replaces tensors made by then."""
        return [self._outputs(*one) for one in zip(self.values, changed, self.right, strict=True)]

    def singles(self) -> list[Probe]:
        """The same for each input alone."""
        pairs = zip(self.values, self.right, strict=True)
        return [Probe(self.stop, (values,), (right,), self.runners) for values, right in pairs]

    def _outputs(self, values: Values, change: Values, right: Values) -> Values:
        now = {**values, **change}
        for runner in self.runners:
            now |= runner.run({name: now[name] for name in runner.input_names})
        made = {name for runner in self.runners for name in runner.output_names}
        return {name: now[name] if name in made or name in change else right[name] for name in right}


def probes(graph: Graph, inputs: Sequence[Values], threads: int) -> Iterator[Probe]:
    """A probe for every ``stop`` from 0 to the number of layers, in order."""
    whole = Runner(graph.model, threads)
    right = [whole.run(feeds) for feeds in inputs]
    values: list[Values] = list(inputs)
    for start, end in segments(graph):
        values = _with_segment(graph, start, end, values, threads)
        tail = Runner(tail_model(graph, prefix_cut(graph, end)), threads)
        for stop in range(start + 1 if start else 0, end + 1):
            yield Probe(stop, values, right, (_rest(graph, stop, end, threads), tail))
        alive = prefix_cut(graph, end).boundary
        values = [{name: one[name] for name in alive} for one in values]


def _with_segment(graph: Graph, start: int, end: int, values: Sequence[Values], threads: int) -> list[Values]:
    made = [name for layer in graph.layers[start:end] for name in layer.outputs]
    runner = Runner(segment_model(graph, start, end, made), threads)
    return [{**one, **runner.run({name: one[name] for name in runner.input_names})} for one in values]


def _rest(graph: Graph, stop: int, end: int, threads: int) -> Runner:
    """From behind ``stop`` layers to what is read behind ``end``, and outputs of the network on the way."""
    wanted = {*prefix_cut(graph, end).boundary, *graph.outputs}
    made = [name for layer in graph.layers[stop:end] for name in layer.outputs if name in wanted]
    return Runner(segment_model(graph, stop, end, made), threads, optimise=False)
