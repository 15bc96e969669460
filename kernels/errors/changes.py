"""One thing quantised: what a tensor, or a layer's outputs, become by it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from onnx import numpy_helper

from kernels.errors.probe import Probe, Values
from kernels.errors.types import ActivationErrors
from kernels.quantise import fake_quantise
from kernels.weights import fake_quantise_weights
from shared.graph import Graph
from shared.session import Runner
from shared.split import layer_model
from shared.weight_sizes import initialisers, quantised_weights
from shared.weights import restore_weights

Change: TypeAlias = Callable[[Probe, int], Sequence[Values]]
"""Tensors by name for each input of a probe, one thing quantised to so many bits."""


def tensor_change(name: str, errors: ActivationErrors) -> Change:
    """The tensor itself, over its clip range or each input's own."""

    def change(probe: Probe, bits: int) -> list[Values]:
        low, high = errors.low.get(bits), errors.high.get(bits)
        return [
            {name: fake_quantise(one[name], bits, low, high).astype(one[name].dtype, copy=False)}
            for one in probe.values
        ]

    return change


def weight_change(graph: Graph, index: int, threads: int, axis: int | None) -> Change:
    """What a layer makes when it runs alone with quantised weights; a scale per index of ``axis``."""
    layer, stored = graph.layers[index], initialisers(graph)
    arrays = {name: numpy_helper.to_array(stored[name]) for name in quantised_weights(graph)[layer.name]}
    model = layer_model(graph, index)

    def change(probe: Probe, bits: int) -> list[Values]:
        packed = {name: fake_quantise_weights(array, bits, axis) for name, array in arrays.items()}
        runner = Runner(restore_weights(model, packed), threads)
        return [runner.run({name: one[name] for name in layer.inputs}) for one in probe.values]

    return change
