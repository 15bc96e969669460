"""Trusted plans: those of a table that remain once some are distrusted. Pure."""

from __future__ import annotations

from collections.abc import Collection
from math import prod
from typing import Final

from evosplit.shared.graph import Graph, prefix_cut
from evosplit.shared.picture_codes import is_picture
from evosplit.shared.plan import FLOAT_BITS, Latency, Plan, PlanTable, TensorCode
from evosplit.shared.replan import choices, narrowed

_VALUE_BYTES: Final = FLOAT_BITS // 8


def is_exact(plan: Plan) -> bool:
    """Whether its answers are the float network's: no weight, activation or boundary tensor is rounded."""
    bits = (*plan.weight_bits.values(), *plan.activation_bits.values())
    sent = plan.wire.values()
    is_float = all(code.bits >= FLOAT_BITS and not is_picture(code.codec) for code in sent)
    return is_float and all(each >= FLOAT_BITS for each in bits) and not plan.activation_ranges


def less_safe(table: PlanTable, plan: Plan) -> frozenset[str]:
    """Digests of a plan that broke its promise and of those with a greater predicted error."""
    worse = (other for other in choices(table) if other.error > plan.error and not is_exact(other))
    return frozenset({plan.digest, *(other.digest for other in worse)})


def whole_in_cloud(table: PlanTable, graph: Graph) -> Plan:
    """The plan that sends the network's inputs as they are: the float network, whatever the others do."""
    cut, like = prefix_cut(graph, 0), max(choices(table), key=lambda other: other.latency.cloud_s)
    size = sum(prod(graph.tensors[name].shape) for name in cut.boundary) * _VALUE_BYTES
    return Plan(
        model=table.model,
        model_sha256=table.model_sha256,
        cut_key=cut.key,
        boundary=cut.boundary,
        weight_bits={},
        activation_bits={},
        wire={name: TensorCode(FLOAT_BITS) for name in cut.boundary},
        latency=Latency(0.0, like.link.uplink_s(size), like.latency.cloud_s),
        link=like.link,
        wire_bytes=size,
        edge_memory_bytes=0,
        error=0.0,
    )


def trusted(table: PlanTable, distrusted: Collection[str], safe: Plan | None) -> PlanTable:
    """The table without the plans whose digests are ``distrusted``, and with the ``safe`` plan among them.

    Where nothing would remain, the plan of the least predicted error remains.
    """
    if not distrusted:
        return table
    kept = [plan for plan in choices(table) if plan.digest not in distrusted]
    if safe is not None:
        kept.append(safe)
    if not kept:
        kept = [min(choices(table), key=lambda plan: plan.error)]
    return narrowed(table, kept)
