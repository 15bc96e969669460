"""Perturbations by quantisation: what a tensor, or a layer's outputs, become by it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from evosplit.kernels.errors.error_table import ActivationErrors, WeightErrors
from evosplit.kernels.errors.probe import Probe, Values
from evosplit.kernels.errors.stretched_network import Network
from evosplit.kernels.quantise import fake_quantise
from evosplit.kernels.weights import fake_quantise_weights
from evosplit.shared.split import layer_model

Change: TypeAlias = Callable[[Probe, int], Sequence[Values]]
"""Tensors by name for each input of a probe, one thing quantised to so many bits."""


@dataclass(frozen=True, eq=False)
class Thing:
    """Something that can be quantised behind ``stop`` layers: a tensor or a layer's weights, by its name.

    ``relative`` is its own relative error by bits.
    """

    kind: Literal["tensor", "weights"]
    name: str
    stop: int
    relative: Mapping[int, float]
    change: Change


def things(
    network: Network,
    activations: Mapping[str, ActivationErrors],
    weights: Mapping[str, WeightErrors],
    axis: int | None,
) -> Iterator[Thing]:
    """All that has a relative error, in order of execution; weights with a scale per index of ``axis``."""
    graph = network.graph
    for stop, names in enumerate((graph.inputs, *(layer.outputs for layer in graph.layers))):
        for name in names:
            if name in activations:
                errors = activations[name]
                yield Thing("tensor", name, stop, errors.relative, tensor_change(name, errors))
        layer = graph.layers[stop - 1].name if stop else ""
        if layer in weights:
            change = weight_change(network, stop - 1, axis)
            yield Thing("weights", layer, stop, weights[layer].relative, change)


def tensor_change(name: str, errors: ActivationErrors) -> Change:
    """The tensor itself, over its clip range or each input's own."""

    def change(probe: Probe, bits: int) -> list[Values]:
        low, high = errors.low.get(bits), errors.high.get(bits)
        return [
            {name: fake_quantise(values[name], bits, low, high).astype(values[name].dtype, copy=False)}
            for values in probe.values
        ]

    return change


def weight_change(network: Network, index: int, axis: int | None) -> Change:
    """What a layer makes when it runs alone with quantised weights; a scale per index of ``axis``."""
    layer = network.graph.layers[index]

    def change(probe: Probe, bits: int) -> list[Values]:
        arrays = {name: network.weights[name] for name in network.packed[layer.name]}
        packed = {
            name: fake_quantise_weights(array, bits, axis).astype(array.dtype, copy=False)
            for name, array in arrays.items()
        }
        runner = network.runner(layer_model(network.graph, index), optimise=False, changed=packed)
        return [runner.run({name: values[name] for name in layer.inputs}) for values in probe.values]

    return change
