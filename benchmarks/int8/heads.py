"""Timing of heads in float32 and in integers."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from onnx import numpy_helper

from evosplit.edge.backends.int8 import int8_segment
from evosplit.edge.backends.segment import FrameContext, Segment
from evosplit.kernels.errors.error_table import ErrorTable
from evosplit.kernels.weights import pack_weights
from evosplit.shared.graph import Graph, prefix_cut
from evosplit.shared.plan import FLOAT_BITS, TensorCode
from evosplit.shared.session import Runner
from evosplit.shared.split import head_model
from evosplit.shared.weight_sizes import initialisers, quantised_weights
from evosplit.shared.wire import EncodedTensor

THREADS: Final = 1
_TURNS: Final = 40
_BUDGET_S: Final = 2.0
_FRAME: Final = FrameContext()

Values = Mapping[str, NDArray[Any]]


def float_head(graph: Graph, length: int) -> Runner:
    """The head of a prefix cut."""
    return Runner(head_model(graph, prefix_cut(graph, length)), THREADS)


def integer_head(
    graph: Graph, length: int, weight_bits: Mapping[str, int], codes: Mapping[str, TensorCode]
) -> Segment:
    """The same with weights packed at ``weight_bits`` (by layer) and activations at their codes."""
    model = head_model(graph, prefix_cut(graph, length))
    return int8_segment(model, _packed(graph, weight_bits), codes, THREADS)


def eight_bits(graph: Graph, errors: ErrorTable) -> tuple[dict[str, int], dict[str, TensorCode]]:
    """All weights and activations at 8 bits; the input stays float32."""
    weights = dict.fromkeys(quantised_weights(graph), 8)
    known = {name: entry.ranges[8] for name, entry in errors.activations.items() if name not in graph.inputs}
    return weights, {name: TensorCode(8, low, high) for name, (low, high) in known.items()}


def timed(floats: Runner, integers: Segment, feeds: Values) -> dict[str, float]:
    """Medians of runs in turns, milliseconds, and the speed-up."""
    given = {name: feeds[name] for name in floats.input_names}
    runs: list[tuple[float, float]] = []
    end_s = time.perf_counter() + _BUDGET_S
    while len(runs) < _TURNS and (len(runs) < 5 or time.perf_counter() < end_s):
        start_s = time.perf_counter()
        floats.run(given)
        middle_s = time.perf_counter()
        integers.run(given, _FRAME)
        runs.append((middle_s - start_s, time.perf_counter() - middle_s))
    float_s, integer_s = (statistics.median(times_s) for times_s in zip(*runs[1:], strict=True))
    return {"float_ms": 1e3 * float_s, "int8_ms": 1e3 * integer_s, "speed_up": float_s / integer_s}


def answer(integers: Segment, feeds: Values) -> Mapping[str, np.ndarray]:
    """What a whole network in integers says."""
    return integers.run(feeds, _FRAME)


def _packed(graph: Graph, weight_bits: Mapping[str, int]) -> dict[str, EncodedTensor]:
    stored = initialisers(graph)
    return {
        name: pack_weights(name, numpy_helper.to_array(stored[name]), weight_bits[layer])
        for layer, names in quantised_weights(graph).items()
        if weight_bits.get(layer, FLOAT_BITS) != FLOAT_BITS
        for name in names
    }
