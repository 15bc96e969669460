"""A device that was measured: its times as they are, whatever the bits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from planner.devices.energy import Energy
from planner.devices.timing import LayerTiming
from shared.errors import ProfileError
from shared.graph import Graph
from shared.plan import FLOAT_BITS
from shared.profile import Profile


@dataclass(frozen=True)
class MeasuredDevice:
    """ONNX Runtime on some machine: float32 arithmetic, so traffic is part of what was measured.

    ``side`` says whether its layers run in heads (edge) or tails (cloud): those sums were corrected apart.
    """

    profile: Profile
    side: Literal["edge", "cloud"] = "edge"
    energy: Energy | None = None
    bits: int = FLOAT_BITS
    choices: tuple[int, ...] = (FLOAT_BITS,)

    @property
    def name(self) -> str:
        """The processor."""
        return self.profile.machine.processor

    @property
    def source(self) -> str:
        """What measured it."""
        return f"measured with {self.profile.machine.runtime}, {self.profile.threads} threads"

    def timings(self, graph: Graph) -> tuple[LayerTiming, ...]:
        """Corrected seconds per layer, without traffic. Raises ProfileError for another model's profile."""
        if self.profile.model_sha256 != graph.sha256 or len(self.profile.layer_s) != len(graph.layers):
            raise ProfileError(f"the profile is of {self.profile.model}, not of this {graph.name}")
        seconds = self.profile.head_layer_s() if self.side == "edge" else self.profile.tail_layer_s()
        return tuple(
            LayerTiming(layer_s, macs=layer.macs)
            for layer_s, layer in zip(seconds, graph.layers, strict=True)
        )
