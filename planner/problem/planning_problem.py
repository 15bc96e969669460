"""Planning problem: a network, two devices, a link, limits, and the bit-widths on offer."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Literal

from evosplit.kernels.errors.error_table import ErrorTable
from evosplit.planner.devices.device import Device
from evosplit.planner.devices.energy import Energy
from evosplit.planner.devices.layer_timing import INTEGER_BITS, LayerTiming
from evosplit.planner.encodings import CodecSpeed, InputEncoding
from evosplit.planner.problem.costs import Objective
from evosplit.planner.problem.device_pair import cloud_seconds, edge_timings, measured_profile
from evosplit.planner.problem.limits import Limits
from evosplit.planner.problem.one_step import OneStep
from evosplit.shared.errors import ProfileError, UsageError
from evosplit.shared.expectation import NOTHING_SPARED, Expectation
from evosplit.shared.graph import Graph
from evosplit.shared.link import Link
from evosplit.shared.plan import FLOAT_BITS
from evosplit.shared.profile import Profile


@dataclass(frozen=True)
class BitChoices:
    """Bit-widths on offer; 32 is float32 as it stands.

    A measured device runs activations in float32, so 32 is their only choice by default, unless it was
    measured in integers, too; simulated devices with integer units offer fewer bits.
    """

    weights: tuple[int, ...] = (2, 3, 4, 5, 6, 8, FLOAT_BITS)
    activations: tuple[int, ...] = (FLOAT_BITS,)
    wire: tuple[int, ...] = (2, 3, 4, 5, 6, 8, 16, FLOAT_BITS)


_UNSAID: Final = BitChoices((), (), ())


@dataclass(frozen=True)
class Problem:
    """All that the planner looks at.

    ``edge`` and ``cloud`` are measured (a profile) or simulated (a device, see docs/devices.md). ``bits``
    defaults to what the edge can run. ``cuts``: any downward-closed set of layers, or prefixes of their
    order alone. ``plain`` is how fast tensors are packed without the codec; with it the codec is a choice.
    ``coded`` is how fast they are entropy coded, at the steps of the error table, ``economical`` how fast
    with codes moved to save bits; without either it is not on offer. ``transform_s_per_mac`` is how fast the
    edge makes components of channels; without it none are. With ``one_step`` all tensors take that
    one or lose nothing, and its errors count in no limit: whoever asks judges the plans.
    ``encodings`` are ways to send a model's one input when nothing runs on the edge. ``expectation`` is what
    hooks and masks spare: seconds, joules and bytes are then means over frames, and so are limits on them.

    Raises ProfileError when a profile or the error table belongs to another model, UsageError for a link
    without bandwidth, a pinned layer that is not there, or joules of an edge that states none.
    """

    graph: Graph
    edge: Profile | Device
    cloud: Profile | Device
    errors: ErrorTable
    link: Link
    limits: Limits = field(default_factory=Limits)
    bits: BitChoices = field(default=_UNSAID)
    cuts: Literal["prefix", "any"] = "any"
    objective: Objective = "latency"
    plain: CodecSpeed | None = None
    coded: CodecSpeed | None = None
    economical: CodecSpeed | None = None
    transform_s_per_mac: float | None = None
    one_step: OneStep | None = None
    encodings: tuple[InputEncoding, ...] = ()
    expectation: Expectation = NOTHING_SPARED

    def __post_init__(self) -> None:
        if self.bits is _UNSAID:
            object.__setattr__(self, "bits", default_bits(self.edge))
        self._check_models()
        if not (math.isfinite(self.link.bandwidth_bps) and self.link.bandwidth_bps > 0):
            raise UsageError(f"the bandwidth must be above zero, not {self.link.bandwidth_bps} bit/s")
        if not (math.isfinite(self.link.rtt_s) and self.link.rtt_s >= 0):
            raise UsageError(f"the round-trip time must be zero or more, not {self.link.rtt_s} s")
        unknown = set(self.limits.pinned) - {layer.name for layer in self.graph.layers}
        if unknown:
            raise UsageError(f"{self.graph.name} has no layer {min(unknown)!r} to pin")
        wants_joules = self.objective == "energy" or self.limits.energy_j is not None
        if wants_joules and self.edge_energy is None:
            raise UsageError(
                "nothing is known about the energy of this edge: plan with a device that states it"
            )

    @property
    def edge_profile(self) -> Profile | None:
        """What was measured of the edge; None for a simulated device."""
        return measured_profile(self.edge)

    @property
    def cloud_profile(self) -> Profile | None:
        """What was measured of the cloud; None for a simulated device."""
        return measured_profile(self.cloud)

    @property
    def edge_energy(self) -> Energy | None:
        """Joules of the edge, where its device knows them."""
        return None if isinstance(self.edge, Profile) else self.edge.energy

    @cached_property
    def edge_timings(self) -> tuple[LayerTiming, ...]:
        """Seconds of every layer on the edge, as functions of the bits."""
        return edge_timings(self.edge, self.graph)

    @cached_property
    def cloud_s(self) -> tuple[float, ...]:
        """Seconds of every layer in the cloud, at the device's own width."""
        return cloud_seconds(self.cloud, self.graph)

    def _check_models(self) -> None:
        profiles = (("edge profile", self.edge_profile), ("cloud profile", self.cloud_profile))
        for what, profile in profiles:
            if profile is not None and len(profile.layer_s) != len(self.graph.layers):
                raise ProfileError(
                    f"the {what} has {len(profile.layer_s)} layers, not {len(self.graph.layers)}"
                )
        for what, known in (*profiles, ("error table", self.errors)):
            if known is not None and known.model_sha256 != self.graph.sha256:
                raise ProfileError(
                    f"the {what} is of model {known.model_sha256[:12]}, not {self.graph.sha256[:12]}"
                )


def default_bits(edge: Profile | Device) -> BitChoices:
    """What an edge can run: a simulated device its own widths, for weights and activations alike."""
    measured = measured_profile(edge)
    if measured is not None or isinstance(edge, Profile):
        has_integers = measured is not None and measured.integers is not None
        return BitChoices(activations=(INTEGER_BITS, FLOAT_BITS)) if has_integers else BitChoices()
    return BitChoices(edge.choices, edge.choices, (2, 3, 4, 5, 6, 8, 16))


def offered_bits(edge: Profile | Device) -> BitChoices:
    """What the edge can run, and float, which baselines use: no strategy may have what ours has not."""
    bits = default_bits(edge)
    return BitChoices(
        *(tuple(sorted({*widths, FLOAT_BITS})) for widths in (bits.weights, bits.activations, bits.wire))
    )
