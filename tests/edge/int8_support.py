"""Codes and packed weights for a network, and what the planner's simulated quantisation makes of a layer."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
from onnx import numpy_helper

from evosplit.kernels.quantise import fake_quantise
from evosplit.kernels.weights import fake_quantise_weights, pack_weights
from evosplit.shared.graph import Graph
from evosplit.shared.plan import TensorCode
from evosplit.shared.session import Runner
from evosplit.shared.split import layer_model, part_model
from evosplit.shared.weight_sizes import initialisers, quantised_weights
from evosplit.shared.weights import restore_weights
from evosplit.shared.wire import EncodedTensor

Values = dict[str, np.ndarray]


def whole_ranges(
    graph: Graph, inputs: Sequence[Mapping[str, np.ndarray]], bits: int
) -> dict[str, TensorCode]:
    """A code for every float tensor, the model's inputs too, over the range of all its values."""
    names = [name for layer in graph.layers for name in layer.outputs if graph.tensors[name].is_float]
    runner = Runner(part_model(graph, range(len(graph.layers)), graph.inputs, names))
    runs = [{**feeds, **runner.run(feeds)} for feeds in inputs]
    return {
        name: TensorCode(
            bits,
            min(0.0, *(float(run[name].min()) for run in runs)),
            max(0.0, *(float(run[name].max()) for run in runs)),
        )
        for name in (*graph.inputs, *names)
    }


def packed_weights(graph: Graph, bits: int) -> dict[str, EncodedTensor]:
    """Every weight that a plan quantises, packed as a bundle packs it."""
    stored = initialisers(graph)
    names = [name for found in quantised_weights(graph).values() for name in found]
    return {name: pack_weights(name, numpy_helper.to_array(stored[name]), bits) for name in names}


def with_quantised_weights(graph: Graph, bits: int) -> Graph:
    """The graph with its weights as they are after packing."""
    stored = initialisers(graph)
    names = [name for found in quantised_weights(graph).values() for name in found]
    rounded = {name: fake_quantise_weights(numpy_helper.to_array(stored[name]), bits) for name in names}
    return dataclasses.replace(graph, model=restore_weights(graph.model, rounded))


def rounded(codes: Mapping[str, TensorCode], values: Mapping[str, np.ndarray]) -> Values:
    """Each array rounded to its code, where it has one."""
    return {
        name: fake_quantise(array, codes[name].bits, codes[name].low, codes[name].high)
        if name in codes
        else array
        for name, array in values.items()
    }


def simulated(graph: Graph, codes: Mapping[str, TensorCode], feeds: Mapping[str, np.ndarray]) -> Values:
    """Every tensor of the network, layer by layer, each rounded to its code: the planner's simulation."""
    values = rounded(codes, feeds)
    for layer in graph.layers:
        runner = Runner(layer_model(graph, layer.index))
        values |= rounded(codes, runner.run({name: values[name] for name in layer.inputs}))
    return values


def step(code: TensorCode) -> float:
    """The distance of two neighbouring values."""
    assert code.low is not None
    assert code.high is not None
    return (code.high - code.low) / (2**code.bits - 1)
