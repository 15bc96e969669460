"""Devices, measured and simulated: how long each layer takes at given bits, and what it costs in joules."""

from planner.devices.device import Device
from planner.devices.energy import Energy
from planner.devices.measured import MeasuredDevice
from planner.devices.profiles import device_timings, named_device, simulated_profile
from planner.devices.roofline_device import RooflineDevice
from planner.devices.systolic import SystolicArray
from planner.devices.timing import LayerTiming

__all__ = [
    "Device",
    "Energy",
    "LayerTiming",
    "MeasuredDevice",
    "RooflineDevice",
    "SystolicArray",
    "device_timings",
    "named_device",
    "simulated_profile",
]
