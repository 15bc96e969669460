"""Device presets: the paper's two, and machines known from their data sheets.

Efficiencies and launch times are assumptions, stated here and in docs/devices.md; the rest is quoted.
"""

from __future__ import annotations

from typing import Final

from evosplit.planner.devices import energy
from evosplit.planner.devices.device import Device
from evosplit.planner.devices.published_costs import PublishedArray
from evosplit.planner.devices.roofline_device import RooflineDevice
from evosplit.planner.devices.systolic_array import SystolicArray

INTEGER_BITS: Final = (2, 3, 4, 5, 6, 8)

EYERISS: Final = SystolicArray(
    name="eyeriss",
    rows=12,
    columns=14,
    clock_hz=202.380952e6,
    bytes_per_s=1.0e9,
    buffer_bytes=108 * 1024,
    dataflow="output",
    bits=8,
    choices=INTEGER_BITS,
    energy=energy.EYERISS,
    source="array, clock and bandwidth: Auto-Split (arXiv 2108.13041); 108 kB global buffer: Chen et al.,"
    " JSSC 2017; output stationary stands in for row stationary",
)

TPU: Final = SystolicArray(
    name="tpu",
    rows=256,
    columns=256,
    clock_hz=1464.84375e6,
    bytes_per_s=13.0e9,
    buffer_bytes=24 * 2**20,
    dataflow="weight",
    bits=16,
    choices=(16,),
    energy=energy.TPU,
    source="array, clock and bandwidth: Auto-Split (arXiv 2108.13041); 24 MiB unified buffer that holds"
    " activations, weights held in the array: Jouppi et al., ISCA 2017",
    keeps_activations=True,
)

EYERISS_PUBLISHED: Final = PublishedArray(
    name="eyeriss-published",
    block_height=7,
    block_width=4,
    block_channels=12,
    block_filters=7,
    adders=4,
    clock_hz=EYERISS.clock_hz,
    bytes_per_s=1.0e9,
    bits=8,
    choices=INTEGER_BITS,
    energy=energy.EYERISS,
    source="blocks, clock and cycles a byte: the published code of Auto-Split, its edge configuration",
)

TPU_PUBLISHED: Final = PublishedArray(
    name="tpu-published",
    block_height=7,
    block_width=6,
    block_channels=128,
    block_filters=128,
    adders=256,
    clock_hz=TPU.clock_hz,
    bytes_per_s=13.0e9,
    bits=16,
    choices=(16,),
    energy=energy.TPU,
    source="blocks, clock and cycles a byte: the published code of Auto-Split, its cloud configuration",
)

JETSON_NANO: Final = RooflineDevice(
    name="jetson-nano",
    peak_macs_per_s={16: 236e9, 32: 118e9},
    peak_bytes_per_s=25.6e9,
    bits=16,
    choices=(16,),
    efficiency=0.5,
    memory_efficiency=0.75,
    launch_s=20e-6,
    energy=energy.from_power(10, 236e9, "lpddr", radio=True),
    source="NVIDIA Jetson Nano module data sheet: 472 GFLOPS at 16 bit, 25.6 GB/s, 10 W",
)

JETSON_ORIN_NANO: Final = RooflineDevice(
    name="jetson-orin-nano",
    peak_macs_per_s={8: 10e12, 16: 5e12, 32: 640e9},
    peak_bytes_per_s=68e9,
    bits=8,
    choices=INTEGER_BITS,
    efficiency=0.3,
    memory_efficiency=0.75,
    launch_s=10e-6,
    energy=energy.from_power(15, 10e12, "lpddr", radio=True),
    source="NVIDIA Jetson Orin Nano series data sheet, 8 GB module: 40 sparse = 20 dense INT8 TOPS,"
    " 1024 CUDA cores at 625 MHz, 68 GB/s, 15 W",
)

RASPBERRY_PI_5: Final = RooflineDevice(
    name="raspberry-pi-5",
    peak_macs_per_s={8: 4 * 2.4e9 * 32, 32: 4 * 2.4e9 * 8},
    peak_bytes_per_s=17.1e9,
    bits=8,
    choices=INTEGER_BITS,
    efficiency=0.5,
    memory_efficiency=0.6,
    launch_s=5e-6,
    energy=energy.from_power(12, 4 * 2.4e9 * 32, "lpddr", radio=True),
    source="Raspberry Pi 5 product brief: 4 Cortex-A76 at 2.4 GHz, 32-bit LPDDR4X-4267; two 128-bit pipes a"
    " core, 16 int8 dot-product MACs each (Arm Cortex-A76 optimisation guide); 12 W assumed",
)

T4: Final = RooflineDevice(
    name="t4",
    peak_macs_per_s={8: 65e12, 16: 32.5e12, 32: 4.05e12},
    peak_bytes_per_s=320e9,
    bits=16,
    choices=(16,),
    efficiency=0.3,
    memory_efficiency=0.75,
    launch_s=5e-6,
    energy=energy.from_power(70, 32.5e12, "gddr", radio=False),
    source="NVIDIA T4 product brief: 130 INT8 TOPS, 65 FP16 and 8.1 FP32 TFLOPS, 320 GB/s, 70 W",
)

H100: Final = RooflineDevice(
    name="h100",
    peak_macs_per_s={8: 989.5e12, 16: 494.7e12, 32: 33.5e12},
    peak_bytes_per_s=3.35e12,
    bits=16,
    choices=(16,),
    efficiency=0.3,
    memory_efficiency=0.75,
    launch_s=5e-6,
    energy=energy.from_power(700, 494.7e12, "hbm", radio=False),
    source="NVIDIA H100 SXM data sheet: 1979 INT8 TOPS and 989 FP16 TFLOPS dense, 67 FP32, 3.35 TB/s, 700 W",
)

DEVICES: Final[tuple[Device, ...]] = (
    *(EYERISS, TPU, EYERISS_PUBLISHED, TPU_PUBLISHED),
    *(JETSON_NANO, JETSON_ORIN_NANO, RASPBERRY_PI_5, T4, H100),
)
