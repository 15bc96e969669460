"""Profiles of devices for the planner, from a device and a graph."""

from __future__ import annotations

from evosplit.planner.devices.device import Device
from evosplit.planner.devices.layer_timing import LayerTiming
from evosplit.planner.devices.presets import DEVICES
from evosplit.shared.errors import UsageError
from evosplit.shared.graph import Graph
from evosplit.shared.profile import Machine, Profile


def named_device(name: str) -> Device:
    """A preset by its name, in any case. Raises UsageError that lists the names."""
    for device in DEVICES:
        if device.name == name.strip().lower():
            return device
    raise UsageError(f"no device {name!r}: there are {', '.join(device.name for device in DEVICES)}")


def device_timings(device: Device, graph: Graph) -> tuple[LayerTiming, ...]:
    """One timing per layer, in the graph's order. Raises ProfileError when the device knows another model."""
    return device.timings(graph)


def simulated_profile(device: Device, graph: Graph, bits: int | None = None) -> Profile:
    """A device at one width for everything (``device.bits`` unless given), in the shape of a measurement.

    There is nothing to correct, so no whole heads and tails; encoding and decoding are free, as they are in
    the published evaluation.
    """
    width = device.bits if bits is None else bits
    return Profile(
        model=graph.name,
        model_sha256=graph.sha256,
        machine=Machine(device.name, 1, 0, "simulated", device.source),
        threads=1,
        slowdown=1.0,
        layer_s=tuple(timing.uniform_s(width) for timing in device_timings(device, graph)),
        head_s={},
        tail_s={},
        encode_s_per_byte=0.0,
        decode_s_per_byte=0.0,
    )
