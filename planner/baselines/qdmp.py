"""DADS (Hu et al., INFOCOM 2019) and QDMP (Zhang et al., IMWUT 2020): the exact minimum cut, in float.

A node per layer, one per tensor and one for the frame; the source's side is the edge. An arc is paid when
its tail is on the edge and its head is not:

    source -> layer    cloud seconds          layer -> sink      edge seconds
    layer -> tensor    seconds to send it     tensor -> reader   unbounded: sent once however many read it
    source -> frame    round trip, header     frame -> layer     unbounded: sent when any layer is remote
    reader -> layer    unbounded: what a layer on the edge reads is made there

Seconds become whole picoseconds, so that the cut is exact.
"""

from __future__ import annotations

from evosplit.planner.baselines.float_costs import FloatTerms, float_terms
from evosplit.planner.baselines.min_cut import UNBOUNDED, FlowGraph
from evosplit.planner.baselines.uniform import uniform
from evosplit.planner.problem import Problem
from evosplit.planner.problem.assignment import Assignment
from evosplit.shared.plan import FLOAT_BITS


def qdmp(problem: Problem) -> Assignment:
    """The cut of least latency in float; of equal cuts the one with fewest layers. Knows no limits."""
    return uniform(problem, minimum_cut(float_terms(problem), problem.cuts == "prefix"), FLOAT_BITS)


def minimum_cut(terms: FloatTerms, prefix_only: bool = False, barred: int | None = None) -> frozenset[int]:
    """The layers on the edge.

    ``prefix_only``: they come first in the order of the graph. Layers from ``barred`` on stay in the cloud.
    """
    count = len(terms.edge_s)
    first_barred = count if barred is None else barred
    source, sink, frame = count, count + 1, count + 2
    flow = FlowGraph(count + 3 + len(terms.tensors))
    flow.arc(source, frame, _picoseconds(terms.frame_s))
    for layer in range(count):
        flow.arc(source, layer, _picoseconds(terms.cloud_s[layer]))
        flow.arc(layer, sink, _picoseconds(terms.edge_s[layer]) if layer < first_barred else UNBOUNDED)
        flow.arc(frame, layer, UNBOUNDED)
        if prefix_only and layer:
            flow.arc(layer, layer - 1, UNBOUNDED)
    for node, tensor in enumerate(terms.tensors, count + 3):
        maker = tensor.producer if tensor.producer >= 0 else source
        flow.arc(maker, node, _picoseconds(tensor.wire_s))
        for reader in tensor.readers:
            flow.arc(node, reader, UNBOUNDED)
            if tensor.producer >= 0:
                flow.arc(reader, maker, UNBOUNDED)
    return frozenset(node for node in flow.source_side(source, sink) if node < count)


def _picoseconds(seconds: float) -> int:
    return round(seconds * 1e12)
