"""Cost arrays: seconds, bytes, joules and errors per layer, tensor and bit-width.

Nothing here depends on the bandwidth, so one `Costs` serves a whole plan table. It is made by
`evosplit.planner.problem.cost_model`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from evosplit.planner.devices.energy import Energy
from evosplit.planner.problem.limits import Limits

Objective = Literal["latency", "throughput", "energy", "cloud"]
"""Seconds of a frame; seconds of the slowest of edge, link and cloud; the edge's joules; cloud seconds."""


@dataclass(frozen=True)
class Choice:
    """One bit-width of one thing: bytes, error; on the wire also its codec and the seconds of that.

    A picture goes in place of the model's input, before anything runs: see `Costs.prepare_s`.
    """

    bits: int
    size_bytes: int
    error: float
    codec: str = ""
    edge_s: float = 0.0
    cloud_s: float = 0.0
    is_picture: bool = False

    def is_exact(self, stored_bits: int) -> bool:
        """Whether a tensor kept at ``stored_bits`` travels without further loss: its codes fit."""
        lossy = self.codec.startswith(("jpeg", "rans"))  # a picture, or codes over a range of their own
        return self.error == 0 or (self.bits >= stored_bits and not lossy)


@dataclass(frozen=True)
class Linear:
    """fixed + per_weight_bit b_w + sum over tensors of per_bit[t] b_t."""

    fixed: float
    per_weight_bit: float = 0.0
    per_bit: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class LayerCost:
    """A layer on either side. ``weights`` is empty for a layer without weights.

    Its seconds on the edge are the largest of ``edge_s`` (arithmetic, traffic); its joules are ``energy_j``.
    """

    name: str
    cloud_s: float
    weights: tuple[Choice, ...]
    edge_s: tuple[Linear, ...]
    energy_j: Linear


@dataclass(frozen=True)
class TensorCost:
    """A tensor: made by layer ``producer`` (-1: an input of the model), read by ``consumers``.

    ``activation`` are its choices in edge memory, ``wire`` on the wire. It is alive from layer ``producer``
    to ``last_use``. ``depth`` is the least number of layers between the model's inputs and it.
    """

    name: str
    producer: int
    consumers: tuple[int, ...]
    last_use: int
    depth: int
    activation: tuple[Choice, ...]
    wire: tuple[Choice, ...]


@dataclass(frozen=True)
class Costs:
    """The numbers of one problem. ``overhead_bytes`` is that of a frame without tensors.

    ``pinned`` maps layers to whether they run on the edge; ``energy`` prices the radio. Every frame takes
    ``frame_s`` on the edge, ``prepare_s`` to make the network's input of it, and ``pack_s`` where tensors are
    sent, whatever their size; the last two are spared where a picture is sent.
    """

    layers: tuple[LayerCost, ...]
    tensors: tuple[TensorCost, ...]
    overhead_bytes: int
    limits: Limits
    pinned: Mapping[int, bool]
    prefix_only: bool
    objective: Objective
    energy: Energy | None
    frame_s: float = 0.0
    prepare_s: float = 0.0
    pack_s: float = 0.0

    @property
    def always_s(self) -> float:
        """The edge's seconds for a frame whose input is prepared."""
        return self.frame_s + self.prepare_s

    def sending_s(self, choice: Choice) -> float:
        """The edge's seconds that it adds to `always_s` and `pack_s`: a picture may take less than none."""
        return choice.edge_s - (self.prepare_s + self.pack_s if choice.is_picture else 0.0)

    def may_cross(self, tensor: TensorCost) -> bool:
        """Whether the minimum depth lets a tensor leave the device."""
        return tensor.depth >= self.limits.min_depth
