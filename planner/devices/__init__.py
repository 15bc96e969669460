"""Devices, measured and simulated: how long each layer takes at given bits, and what it costs in joules."""

from evosplit.planner.devices.device import Device
from evosplit.planner.devices.device_profiles import device_timings, named_device, simulated_profile
from evosplit.planner.devices.energy import Energy
from evosplit.planner.devices.layer_timing import LayerTiming
from evosplit.planner.devices.measured_device import MeasuredDevice
from evosplit.planner.devices.roofline_device import RooflineDevice
from evosplit.planner.devices.systolic_array import SystolicArray

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
