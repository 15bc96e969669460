"""What a plan is asked for: a network, two devices, a link, limits, and the bit-widths on offer."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

from planner.error_types import ErrorTable
from planner.limits import Limits
from shared.errors import ProfileError, UsageError
from shared.graph import Graph
from shared.link import Link
from shared.plan import FLOAT_BITS
from shared.profile import Profile


@dataclass(frozen=True)
class BitChoices:
    """Bit-widths on offer; 32 is float32 as it stands.

    A measured device runs activations in float32, so 32 is their only choice by default; simulated
    devices with integer units offer fewer bits.
    """

    weights: tuple[int, ...] = (2, 3, 4, 5, 6, 8, FLOAT_BITS)
    activations: tuple[int, ...] = (FLOAT_BITS,)
    wire: tuple[int, ...] = (2, 3, 4, 5, 6, 8, 16, FLOAT_BITS)


@dataclass(frozen=True)
class Problem:
    """All that the planner looks at. ``cuts``: prefixes of the layer order, or any downward-closed set.

    Raises ProfileError when a profile or the error table belongs to another model, UsageError for a link
    without bandwidth.
    """

    graph: Graph
    edge: Profile
    cloud: Profile
    errors: ErrorTable
    link: Link
    limits: Limits = field(default_factory=Limits)
    bits: BitChoices = field(default_factory=BitChoices)
    cuts: Literal["prefix", "any"] = "prefix"

    def __post_init__(self) -> None:
        for what, profile in (("edge profile", self.edge), ("cloud profile", self.cloud)):
            if len(profile.layer_s) != len(self.graph.layers):
                raise ProfileError(
                    f"the {what} has {len(profile.layer_s)} layers, not {len(self.graph.layers)}"
                )
        for what, sha256 in (
            ("edge profile", self.edge.model_sha256),
            ("cloud profile", self.cloud.model_sha256),
            ("error table", self.errors.model_sha256),
        ):
            if sha256 != self.graph.sha256:
                raise ProfileError(f"the {what} is of model {sha256[:12]}, not {self.graph.sha256[:12]}")
        if not (math.isfinite(self.link.bandwidth_bps) and self.link.bandwidth_bps > 0):
            raise UsageError(f"the bandwidth must be above zero, not {self.link.bandwidth_bps} bit/s")
        if not (math.isfinite(self.link.rtt_s) and self.link.rtt_s >= 0):
            raise UsageError(f"the round-trip time must be zero or more, not {self.link.rtt_s} s")
