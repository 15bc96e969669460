"""Device protocol: what every device offers to the planner, measured or simulated."""

from __future__ import annotations

from typing import Protocol

from evosplit.planner.devices.energy import Energy
from evosplit.planner.devices.layer_timing import LayerTiming
from evosplit.shared.graph import Graph


class Device(Protocol):
    """A place where layers run.

    ``bits`` is the operand width that its timings are made for (8 on an integer edge, 16 in the published
    cloud, 32 for float32): arithmetic at that width or below takes ``compute_s``, and a cloud side costs
    ``LayerTiming.uniform_s(bits)``. ``choices`` are the widths a plan may give weights and activations here.
    ``energy`` is None where nothing is known; ``source`` says where the figures come from.
    """

    @property
    def name(self) -> str:
        """Short name, lower case."""
        ...

    @property
    def bits(self) -> int:
        """Operand width of its timings."""
        ...

    @property
    def choices(self) -> tuple[int, ...]:
        """Widths on offer to a plan."""
        ...

    @property
    def energy(self) -> Energy | None:
        """Joules, where known."""
        ...

    @property
    def source(self) -> str:
        """Where the figures come from."""
        ...

    def timings(self, graph: Graph) -> tuple[LayerTiming, ...]:
        """One timing per layer of the graph."""
        ...
