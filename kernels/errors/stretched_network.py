"""Runner of a network in stretches, with its large weights outside the models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

import numpy as np
import onnx
from onnx import numpy_helper

from evosplit.shared.graph import Graph
from evosplit.shared.session import Runner
from evosplit.shared.weight_sizes import initialisers, quantised_weights
from evosplit.shared.weights import strip_weights

_NONE: Final[Mapping[str, np.ndarray]] = MappingProxyType({})


@dataclass(frozen=True)
class Network:
    """``graph``, whose model only declares what ``weights`` holds by name.

    ``packed`` are the names of those that each layer has to quantise; ``threads`` 0: all cores. Sessions
    read weights where they lie, so that many of them cost neither copies nor memory.
    """

    graph: Graph
    weights: Mapping[str, np.ndarray]
    packed: Mapping[str, tuple[str, ...]]
    threads: int

    def runner(
        self, model: onnx.ModelProto, optimise: bool = True, changed: Mapping[str, np.ndarray] = _NONE
    ) -> Runner:
        """A part of the network ready to run, with some weights ``changed``. Raises ModelError."""
        return Runner(model, self.threads, optimise=optimise, weights={**self.weights, **changed})


def network_of(graph: Graph, threads: int) -> Network:
    """The network of a graph whose model holds all of its weights."""
    skeleton, stripped = strip_weights(graph.model)
    stored, packed = initialisers(graph), quantised_weights(graph)
    rest = {name for names in packed.values() for name in names} - stripped.keys()
    weights = stripped | {name: numpy_helper.to_array(stored[name]) for name in sorted(rest)}
    return Network(replace(graph, model=skeleton), weights, packed, threads)
