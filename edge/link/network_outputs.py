"""Output check of the cloud's answers: all of the network's outputs, of its shapes and types."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from numpy.typing import NDArray

from evosplit.shared.answer_rows import whole_outputs
from evosplit.shared.errors import CloudRefusedError
from evosplit.shared.graph import Graph

Outputs = Mapping[str, NDArray[Any]]
NO_OUTPUTS: Final[Outputs] = MappingProxyType({})


def network_outputs(graph: Graph, answer: Outputs, more: Outputs = NO_OUTPUTS) -> Outputs:
    """An answer's outputs, rows where they belong, with ``more`` that the head made.

    Raises CloudRefusedError where one is missing or is another tensor.
    """
    outputs = {**whole_outputs(graph, answer), **more}
    for name in graph.outputs:
        wanted, got = graph.tensors[name], outputs.get(name)
        if got is None or got.shape != wanted.shape or got.dtype != wanted.dtype:
            raise CloudRefusedError(f"the cloud's answer has no proper output {name}", 200)
    return outputs
