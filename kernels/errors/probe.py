"""Perturbation probe: the effect of a change behind some layer, without a session per layer.

The network is run stretch by stretch. Within a stretch every layer's outputs are known; a change behind
layer i goes through a short session of the stretch's remaining layers, then through the one session of all
later stretches. So a network of n layers needs about sqrt(n) large sessions, and only one stretch's tensors
are held at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from evosplit.kernels.errors.network_stretches import segment_model, segments
from evosplit.kernels.errors.stretched_network import Network
from evosplit.shared.graph import prefix_cut
from evosplit.shared.session import Runner
from evosplit.shared.split import tail_model

Values: TypeAlias = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Probe:
    """The network behind its first ``stop`` layers, for some inputs.

    ``values`` holds per input the tensors around layer ``stop`` - 1 (what it reads, what it makes, what later
    layers read), ``right`` the network's outputs, both unchanged. ``rest`` leads to the end of the stretch,
    ``tail`` on to the outputs. ``crossing`` are the tensors read behind that end, ``ends`` these and the
    network's outputs that are there by then.
    """

    stop: int
    values: Sequence[Values]
    right: Sequence[Values]
    rest: Runner
    tail: Runner
    crossing: tuple[str, ...]
    ends: tuple[str, ...]
    is_end: bool

    def outputs(self, changed: Sequence[Values]) -> list[Values]:
        """The network's outputs per input when ``changed`` replaces tensors made by then."""
        reached = zip(self.reached(changed), changed, self.right, strict=True)
        return [self._outputs(*of_input) for of_input in reached]

    def reached(self, changed: Sequence[Values]) -> list[Values]:
        """The tensors at the end of the stretch (and others) per input, likewise."""
        return [
            _after(self.rest, {**known, **change}) for known, change in zip(self.values, changed, strict=True)
        ]

    def singles(self) -> list[Probe]:
        """The same for each input alone."""
        pairs = zip(self.values, self.right, strict=True)
        return [replace(self, values=(values,), right=(right,)) for values, right in pairs]

    def _outputs(self, reached: Values, change: Values, right: Values) -> Values:
        now = _after(self.tail, reached)
        made = {*self.rest.output_names, *self.tail.output_names}
        return {name: now[name] if name in made or name in change else right[name] for name in right}


def probes(network: Network, inputs: Sequence[Values]) -> Iterator[Probe]:
    """A probe for every ``stop`` from 0 to the number of layers, in order."""
    graph = network.graph
    whole = network.runner(graph.model)
    right = [whole.run(feeds) for feeds in inputs]
    values: list[Values] = list(inputs)
    for start, end in segments(graph):
        values = _with_segment(network, start, end, values)
        alive = prefix_cut(graph, end).boundary
        ends = tuple(name for name in dict.fromkeys((*alive, *graph.outputs)) if name in values[0])
        tail = network.runner(tail_model(graph, prefix_cut(graph, end)))
        for stop in range(start + 1 if start else 0, end + 1):
            rest = _rest(network, stop, end)
            yield Probe(stop, values, right, rest, tail, alive, ends, stop == end)
        values = [{name: known[name] for name in alive} for known in values]


def _after(runner: Runner, now: Values) -> Values:
    return {**now, **runner.run({name: now[name] for name in runner.input_names})}


def _with_segment(network: Network, start: int, end: int, values: Sequence[Values]) -> list[Values]:
    runner = network.runner(segment_model(network.graph, start, end))
    return [{**known, **runner.run({name: known[name] for name in runner.input_names})} for known in values]


def _rest(network: Network, stop: int, end: int) -> Runner:
    """From behind ``stop`` layers to what is read behind ``end``, and outputs of the network on the way."""
    graph = network.graph
    wanted = {*prefix_cut(graph, end).boundary, *graph.outputs}
    made = [name for layer in graph.layers[stop:end] for name in layer.outputs if name in wanted]
    return network.runner(segment_model(graph, stop, end, made), optimise=False)
