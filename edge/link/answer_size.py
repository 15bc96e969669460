"""Size limit of the cloud's answers: what a network's outputs can take, so that a lie costs no memory."""

from __future__ import annotations

from typing import Final

from evosplit.shared.graph import Graph, Tensor

HEAD_BYTES: Final = 1 << 18
"""The head of an answer, or a refusal with its reason."""
UNKNOWN_BYTES: Final = 64 << 20
"""Where nothing is known of the outputs: texts, or another network."""
_JSON_GROWTH: Final = 8
"""How much longer a tensor may be as JSON, which older clouds answer."""


def most_answer_bytes(graph: Graph) -> int:
    """No inference of this network has a longer answer."""
    return HEAD_BYTES + sum(_tensor_bytes(graph.tensors[name]) for name in graph.outputs)


def _tensor_bytes(tensor: Tensor) -> int:
    """Strings have no size of their own."""
    if tensor.dtype == "object":
        return UNKNOWN_BYTES
    return _JSON_GROWTH * tensor.size_bytes
