"""Systolic array with an on-chip buffer, in the manner of SCALE-Sim (arXiv 1811.02883).

A product of (rows x depth) @ (depth x columns) is laid on an R x C array in folds; per dataflow:

    output stationary   Sr = rows,  Sc = columns, T = depth     fold = T + R + C - 2 cycles
    weight stationary   Sr = depth, Sc = columns, T = rows      fold = T + 2R + C - 2
    input stationary    Sr = depth, Sc = rows,    T = columns   fold = T + 2R + C - 2
    cycles = ceil(Sr / R) ceil(Sc / C) x fold

T streams, the rest is filling and draining; stationary operands take R cycles to load. A group of a
convolution is a product of its own, so depthwise layers use one column of the array.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from evosplit.planner.devices.energy import Energy
from evosplit.planner.devices.gemm import Gemm, layer_gemms
from evosplit.planner.devices.layer_timing import LayerTiming
from evosplit.planner.devices.memory_traffic import OnChip, layer_traffic
from evosplit.shared.graph import Graph

Dataflow = Literal["output", "weight", "input"]


@dataclass(frozen=True)
class SystolicArray:
    """An array of ``rows`` x ``columns`` multiply-accumulators of ``mac_bits``, at ``clock_hz``.

    Operands of ``bits`` above ``mac_bits`` take ceil(bits / mac_bits) passes, as in the published
    evaluation of Auto-Split; below it, arithmetic takes no less time, only traffic does.
    """

    name: str
    rows: int
    columns: int
    clock_hz: float
    bytes_per_s: float
    buffer_bytes: int
    dataflow: Dataflow
    bits: int
    choices: tuple[int, ...]
    energy: Energy | None
    source: str
    mac_bits: int = 8
    keeps_activations: bool = False
    overlap: bool = True

    def timings(self, graph: Graph) -> tuple[LayerTiming, ...]:
        """One timing per layer; layers without products are bound by memory alone."""
        gemms = layer_gemms(graph)
        chip = OnChip(self.buffer_bytes, self.bits, self.keeps_activations)
        return tuple(
            LayerTiming(
                compute_s=self.compute_s(products),
                weight_elements=moved.weight_elements,
                input_elements=moved.input_elements,
                output_elements=moved.output_elements,
                fixed_bytes=moved.fixed_bytes,
                bytes_per_s=self.bytes_per_s,
                overlap=self.overlap,
                macs=sum(gemm.macs for gemm in products),
            )
            for products, moved in zip(gemms, layer_traffic(graph, gemms, chip), strict=True)
        )

    def compute_s(self, gemms: tuple[Gemm, ...]) -> float:
        """Seconds of arithmetic of products that run one after another."""
        passes = math.ceil(self.bits / self.mac_bits)
        return passes * sum(self.cycles(gemm) for gemm in gemms) / self.clock_hz

    def cycles(self, gemm: Gemm) -> int:
        """Cycles of all products of a layer, without stalls for memory."""
        across, down, stream = _mapped(gemm, self.dataflow)
        preload = 0 if self.dataflow == "output" else self.rows
        fold = stream + preload + self.rows + self.columns - 2
        return gemm.count * math.ceil(across / self.rows) * math.ceil(down / self.columns) * fold


def _mapped(gemm: Gemm, dataflow: Dataflow) -> tuple[int, int, int]:
    """(Sr, Sc, T): what lies along the array's rows, its columns, and time."""
    if dataflow == "output":
        return gemm.rows, gemm.columns, gemm.depth
    if dataflow == "weight":
        return gemm.depth, gemm.columns, gemm.rows
    return gemm.depth, gemm.rows, gemm.columns
