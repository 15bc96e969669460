"""Device pair of a problem, measured or simulated, as the planner reads it."""

from __future__ import annotations

from dataclasses import replace
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
    if packs is None or unpacks is None:
        return None
    return _speed(packs.plain_s_per_byte, unpacks.plain_s_per_byte)


def coded_speed(edge: Profile | Device, cloud: Profile | Device) -> CodecSpeed | None:
    """How fast tensors are entropy coded and decoded, where both sides can and know their part."""
    encodes, decodes = measured_profile(edge), measured_profile(cloud)
    if encodes is None or decodes is None:
        return None
    return _speed(encodes.coded_s_per_byte, decodes.coded_s_per_byte)


def economical_speed(edge: Profile | Device, cloud: Profile | Device) -> CodecSpeed | None:
    """The same where the edge moves codes to save bits; the cloud decodes both alike."""
    encodes, coded = measured_profile(edge), coded_speed(edge, cloud)
    if encodes is None or encodes.economical_s_per_byte is None or coded is None:
        return None
    return replace(coded, encode_s_per_byte=encodes.economical_s_per_byte)


def transform_speed(edge: Profile | Device) -> float | None:
    """Seconds of a multiply-accumulate of a channel transform, where the edge can and knows its part."""
    makes = measured_profile(edge)
    return None if makes is None else makes.transform_s_per_mac


def _speed(edge: tuple[float, float] | None, cloud: tuple[float, float] | None) -> CodecSpeed | None:
    return CodecSpeed(edge[0], cloud[1]) if edge and cloud else None


def edge_timings(side: Profile | Device, graph: Graph) -> tuple[LayerTiming, ...]:
    """Seconds of every layer on the edge, as functions of the bits."""
    device = MeasuredDevice(side, "edge") if isinstance(side, Profile) else side
    return device.timings(graph)


def cloud_seconds(side: Profile | Device, graph: Graph) -> tuple[float, ...]:
    """Seconds of every layer in the cloud, at the device's own width."""
    device = MeasuredDevice(side, "cloud") if isinstance(side, Profile) else side
    return tuple(timing.uniform_s(device.bits) for timing in device.timings(graph))
