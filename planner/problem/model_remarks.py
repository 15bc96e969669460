"""Remarks on models that a plan can only serve in part, in one clear line each."""

from __future__ import annotations

from collections import Counter
from typing import Final

from evosplit.shared.graph import Graph
from evosplit.shared.model_summary import file_remarks

CONTROL_FLOW: Final = frozenset(("If", "Loop", "Scan"))
QUANTISED: Final = frozenset(("ConvInteger", "MatMulInteger", "QLinearConv", "QLinearMatMul"))
PAIRS: Final = frozenset(("DequantizeLinear", "QuantizeLinear"))


def statements(graph: Graph) -> tuple[str, ...]:
    """Lines to show beside a plan; none for most models. What `file_remarks` says comes first.

    Control flow (`If`, `Loop`, `Scan`) is one layer each: cuts go around it, its weights stay as they are.
    What is quantised already keeps its bits: integer weights and integer tensors are never requantised, in
    pairs that quantise and dequantise (QDQ) as little as in integer operators.
    """
    counts: Counter[str] = Counter(
        op
        for layer in graph.layers
        for op in (layer.op, *layer.fused)
        if op in CONTROL_FLOW | QUANTISED | PAIRS
    )
    lines = list(file_remarks(graph))
    if counts.keys() & CONTROL_FLOW:
        names = ", ".join(f"{counts[op]} {op}" for op in sorted(counts.keys() & CONTROL_FLOW))
        lines.append(
            f"{graph.name} has control flow ({names}): each runs whole on one side, cuts go around it"
        )
    if counts.keys() & QUANTISED:
        names = ", ".join(sorted(counts.keys() & QUANTISED))
        lines.append(
            f"{graph.name} is quantised already ({names}): integer weights and tensors keep their bits"
        )
    elif counts.keys() & PAIRS:
        lines.append(f"{graph.name} is quantised already (QDQ): integer weights and tensors keep their bits")
    return tuple(lines)
