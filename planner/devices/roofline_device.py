"""Roofline device: simulated by peak arithmetic and memory bandwidth.

    seconds = launch + max(macs / (peak x efficiency), bytes / (bandwidth x memory_efficiency))

Williams, Waterman and Patterson, CACM 2009. Caches are taken as ideal: each operand moves once.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from evosplit.planner.devices.energy import Energy
from evosplit.planner.devices.gemm import layer_gemms
from evosplit.planner.devices.layer_timing import LayerTiming
from evosplit.planner.devices.memory_traffic import OnChip, layer_traffic
from evosplit.shared.graph import Graph


@dataclass(frozen=True)
class RooflineDevice:
    """``peak_macs_per_s`` maps operand bits -> data-sheet rate (two operations to a multiply-accumulate).

    Fewer bits than the least of them run at its rate. The efficiencies are shares of the data sheet that
    kernels reach at batch one: assumptions, not measurements. ``launch_s`` is paid once a layer.
    """

    name: str
    peak_macs_per_s: Mapping[int, float]
    peak_bytes_per_s: float
    bits: int
    choices: tuple[int, ...]
    efficiency: float
    memory_efficiency: float
    launch_s: float
    energy: Energy | None
    source: str

    @property
    def macs_per_s(self) -> float:
        """Rate reached at ``bits``: of the narrowest unit that holds them."""
        width = min(width for width in self.peak_macs_per_s if width >= self.bits)
        return self.efficiency * self.peak_macs_per_s[width]

    def timings(self, graph: Graph) -> tuple[LayerTiming, ...]:
        """One timing per layer; a layer that moves nothing is not launched."""
        gemms = layer_gemms(graph)
        moves = layer_traffic(graph, gemms, OnChip(math.inf, self.bits))
        return tuple(
            LayerTiming(
                compute_s=sum(gemm.macs for gemm in products) / self.macs_per_s,
                weight_elements=moved.weight_elements,
                input_elements=moved.input_elements,
                output_elements=moved.output_elements,
                fixed_bytes=moved.fixed_bytes,
                bytes_per_s=self.memory_efficiency * self.peak_bytes_per_s,
                launch_s=self.launch_s if moved.output_elements or moved.fixed_bytes else 0.0,
                macs=sum(gemm.macs for gemm in products),
            )
            for products, moved in zip(gemms, moves, strict=True)
        )
