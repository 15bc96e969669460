"""Interleaved profiling of a model in integers and in float32."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import numpy as np
import onnx

from evosplit.shared.graph import Graph, prefix_cut
from evosplit.shared.integer_border import border_s_per_element
from evosplit.shared.integer_times import IntegerTimes
from evosplit.shared.isotonic import isotonic
from evosplit.shared.profile import Profile
from evosplit.shared.profiler import quiet_median
from evosplit.shared.session import Runner, random_feeds
from evosplit.shared.split import head_model, layer_model

Quantised = Callable[[onnx.ModelProto], onnx.ModelProto]
"""From a part of the model to the same part with 8-bit weights and activations."""
Clock = Callable[[], float]

METHOD = "integers, borders, pooled floats"
"""How integer times are measured; those that were kept and measured otherwise are measured again."""
_FEWEST_RUNS = 9
_LAYER_BUDGET_S = 0.03
_HEAD_BUDGET_S = 0.4


def measure_integers(graph: Graph, profile: Profile, quantised: Quantised) -> IntegerTimes:
    """Integer times of every layer, and of the heads whose float32 times ``profile`` holds.

    A time is the profile's own float32 time times the ratio of both, taken in turns. ``graph`` has all its
    weights; random ones take as long. Raises ModelError.
    """
    values = random_feeds(graph.model)
    layer_s = []
    for layer, float_s in zip(graph.layers, profile.layer_s, strict=True):
        pair = _Pair(layer_model(graph, layer.index), quantised, profile.threads)
        layer_s.append(float_s * pair.ratio(values, _LAYER_BUDGET_S))
        values |= pair.outputs(values)
    heads_s = _heads_s(graph, profile, quantised, values)
    return IntegerTimes(tuple(layer_s), heads_s, profile.slowdown * border_s_per_element(profile.threads))


def integer_gain(graph: Graph, quantised: Quantised) -> float:
    """How many times as fast the whole network is in integers as in float32. Raises ModelError.

    By the seconds of the processor: on a busy machine the longer of two runs is interrupted more often.
    """
    pair = _Pair(_whole(graph), quantised)
    return 1 / pair.ratio(random_feeds(graph.model), _HEAD_BUDGET_S, time.thread_time)


def float_s(graph: Graph) -> float:
    """Seconds of the processor for the whole network in float32. Raises ModelError."""
    runner = Runner(_whole(graph))
    values = random_feeds(graph.model)
    feeds = {name: values[name] for name in runner.input_names}
    runner.run(feeds)
    runs: list[float] = []
    end_s = time.perf_counter() + _HEAD_BUDGET_S
    while len(runs) < _FEWEST_RUNS or time.perf_counter() < end_s:
        runs.append(_seconds(runner, feeds, time.thread_time))
    return quiet_median(runs)


def _whole(graph: Graph) -> onnx.ModelProto:
    return head_model(graph, prefix_cut(graph, len(graph.layers)))


def _heads_s(
    graph: Graph, profile: Profile, quantised: Quantised, values: Mapping[str, np.ndarray]
) -> dict[int, float]:
    """By the length of the prefix; each holds the one before it, so that it cannot take less time."""
    lengths = sorted(profile.head_s)
    heads = []
    for length in lengths:
        pair = _Pair(head_model(graph, prefix_cut(graph, length)), quantised, profile.threads)
        heads.append(profile.head_s[length] * pair.ratio(values, _HEAD_BUDGET_S) if pair.has_nodes else 0.0)
    return dict(zip(lengths, isotonic(heads), strict=True))


class _Pair:
    """A part of the model in float32 and in integers."""

    def __init__(self, model: onnx.ModelProto, quantised: Quantised, threads: int = 1) -> None:
        self._floats = Runner(model, threads)
        self._integers = Runner(quantised(model), threads)
        self.has_nodes = self._floats.has_nodes

    def outputs(self, values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        return self._floats.run(self._feeds(values))

    def ratio(
        self, values: Mapping[str, np.ndarray], budget_s: float, clock: Clock = time.perf_counter
    ) -> float:
        """Integer seconds over float32 seconds."""
        feeds = self._feeds(values)
        both = (self._integers, self._floats)
        for runner in both:
            runner.run(feeds)
        runs: list[tuple[float, float]] = []
        end_s = time.perf_counter() + budget_s
        while len(runs) < _FEWEST_RUNS or time.perf_counter() < end_s:
            integer_s, float_s = (_seconds(runner, feeds, clock) for runner in both)
            runs.append((integer_s, float_s))
        integer_runs, float_runs = zip(*runs, strict=True)
        return quiet_median(integer_runs) / quiet_median(float_runs)

    def _feeds(self, values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {name: values[name] for name in self._floats.input_names}


def _seconds(runner: Runner, feeds: Mapping[str, np.ndarray], clock: Clock) -> float:
    start_s = clock()
    runner.run(feeds)
    return clock() - start_s
