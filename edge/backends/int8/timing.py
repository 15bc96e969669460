"""Integer models for profiling: a network's parts at 8 bits, with the ranges of one random input."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
import onnx
from onnx import numpy_helper

from evosplit.edge.backends.int8.integer_codes import INTEGER_BITS
from evosplit.edge.backends.int8.qdq_model import qdq_model
from evosplit.kernels.weights import pack_weights
from evosplit.shared.graph import Graph
from evosplit.shared.graph.value_moves import passed_on
from evosplit.shared.onnx_parts import remodel
from evosplit.shared.plan import TensorCode
from evosplit.shared.session import Runner, random_feeds
from evosplit.shared.weights import STRIPPED_ELEMENTS
from evosplit.shared.wire import EncodedTensor

_FEWEST_DIMS: Final = 2


def timed_integers(graph: Graph) -> Callable[[onnx.ModelProto], onnx.ModelProto]:
    """From a part of the model to that part with all weights and activations of 8 bits, but for its inputs.

    ``graph`` has all its weights. Raises ModelError, also for a part that cannot be brought to integers.
    """
    codes = {name: _code(array) for name, array in _values(graph).items()}
    codes |= {name: codes[source] for name, source in passed_on(graph).items() if source in codes}
    weights = {packed.name: packed for packed in _packed(graph)}
    return lambda part: qdq_model(part, weights, codes)


def _values(graph: Graph) -> dict[str, np.ndarray]:
    """Every float tensor of one random run."""
    names = [name for layer in graph.layers for name in layer.outputs if graph.tensors[name].is_float]
    whole = graph.model.graph
    known = {value.name: value for value in (*whole.value_info, *whole.output)}
    return Runner(remodel(graph.model, outputs=[known[name] for name in names])).run(
        random_feeds(graph.model)
    )


def _code(array: np.ndarray) -> TensorCode:
    finite = np.nan_to_num(array, posinf=0.0, neginf=0.0)
    return TensorCode(INTEGER_BITS, float(finite.min(initial=0.0)), float(finite.max(initial=0.0)))


def _packed(graph: Graph) -> Iterator[EncodedTensor]:
    """The weights that a plan may quantise."""
    used = {name for layer in graph.layers for name in layer.weights}
    for tensor in graph.model.graph.initializer:
        is_big = len(tensor.dims) >= _FEWEST_DIMS and math.prod(tensor.dims) >= STRIPPED_ELEMENTS
        if tensor.name in used and is_big:
            yield pack_weights(tensor.name, numpy_helper.to_array(tensor), INTEGER_BITS)
