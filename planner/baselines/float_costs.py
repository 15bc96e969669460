"""Float costs of the baselines: seconds per layer, and per tensor that might be sent.

They are the planner's own figures, so that baselines differ by what they choose and not by what they know.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from evosplit.planner.problem import Problem
from evosplit.shared.graph import Graph, Tensor
from evosplit.shared.plan import FLOAT_BITS
from evosplit.shared.wire import frame_overhead_bytes

RAW_INPUT_BITS: Final = 8
"""Bits of an input element on the wire: a camera's picture, as in the published evaluations (T_0)."""


@dataclass(frozen=True)
class SentTensor:
    """A tensor that may cross a cut: made by layer ``producer`` (-1: an input), read by ``readers``."""

    name: str
    producer: int
    readers: tuple[int, ...]
    wire_s: float


@dataclass(frozen=True)
class FloatTerms:
    """Seconds in float: per layer on either side, per tensor sent, and of a frame without tensors."""

    edge_s: tuple[float, ...]
    cloud_s: tuple[float, ...]
    tensors: tuple[SentTensor, ...]
    frame_s: float


def float_terms(problem: Problem) -> FloatTerms:
    """The terms of a problem in float; inputs of the model travel at `RAW_INPUT_BITS`."""
    link = problem.link
    codec_s_per_byte = _codec_s_per_byte(problem)

    def wire_s(tensor: Tensor) -> float:
        sent_bytes = raw_wire_bytes(problem.graph, tensor.name)
        return codec_s_per_byte * tensor.size_bytes + 8 * sent_bytes / link.bandwidth_bps

    return FloatTerms(
        edge_s=tuple(timing.uniform_s(FLOAT_BITS) for timing in problem.edge_timings),
        cloud_s=problem.cloud_s,
        tensors=tuple(
            SentTensor(name, problem.graph.producer[name], readers, wire_s(problem.graph.tensors[name]))
            for name, readers in problem.graph.consumers.items()
            if readers
        ),
        frame_s=link.uplink_s(frame_overhead_bytes(str(len(problem.graph.layers)))),
    )


def raw_wire_bytes(graph: Graph, tensor: str) -> float:
    """Bytes of a tensor as it stands; of an input of the model, as an 8-bit picture."""
    described = graph.tensors[tensor]
    is_picture = described.is_float and tensor in graph.inputs
    return described.elements * RAW_INPUT_BITS / 8 if is_picture else described.size_bytes


def _codec_s_per_byte(problem: Problem) -> float:
    edge, cloud = problem.edge_profile, problem.cloud_profile
    return (edge.encode_s_per_byte if edge else 0.0) + (cloud.decode_s_per_byte if cloud else 0.0)
