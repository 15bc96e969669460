"""The two devices of a problem, measured or simulated, as the planner looks at them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evosplit.planner.devices.layer_timing import LayerTiming
from evosplit.planner.devices.measured_device import MeasuredDevice
from evosplit.planner.encodings import CodecSpeed
from evosplit.shared.graph import Graph
from evosplit.shared.profile import Profile

if TYPE_CHECKING:
    from evosplit.planner.devices.device import Device


def measured_profile(side: Profile | Device) -> Profile | None:
    """The profile behind a side; None for a simulated device."""
    if isinstance(side, MeasuredDevice):
        return side.profile
    return side if isinstance(side, Profile) else None


def plain_speed(edge: Profile | Device, cloud: Profile | Device) -> CodecSpeed | None:
    """How fast tensors are packed and unpacked without compressing, where both sides know their part."""
    packs, unpacks = measured_profile(edge), measured_profile(cloud)
    if packs is None or unpacks is None or not (packs.plain_s_per_byte and unpacks.plain_s_per_byte):
        return None
    return CodecSpeed(packs.plain_s_per_byte[0], unpacks.plain_s_per_byte[1])


def edge_timings(side: Profile | Device, graph: Graph) -> tuple[LayerTiming, ...]:
    """Seconds of every layer on the edge, as functions of the bits."""
    device = MeasuredDevice(side, "edge") if isinstance(side, Profile) else side
    return device.timings(graph)


def cloud_seconds(side: Profile | Device, graph: Graph) -> tuple[float, ...]:
    """Seconds of every layer in the cloud, at the device's own width."""
    device = MeasuredDevice(side, "cloud") if isinstance(side, Profile) else side
    return tuple(timing.uniform_s(device.bits) for timing in device.timings(graph))
