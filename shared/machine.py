"""Machine description (processor, memory, runtimes) that goes with every measured figure."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import onnxruntime

from evosplit.shared.profile import Machine


def this_machine() -> Machine:
    """Processor, usable cores, memory, system and runtime; nothing that names the host or its user."""
    return Machine(
        processor=_processor(),
        cores=len(os.sched_getaffinity(0)),
        memory_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        system=f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        runtime=f"ONNX Runtime {onnxruntime.__version__}",
    )


def _processor() -> str:
    """The model as Linux tells it; Arm boards name themselves in the device tree."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
        board = Path("/proc/device-tree/model")
        if not names and board.exists():
            names = [board.read_text(encoding="utf-8", errors="replace").strip("\0\n ")]
    except OSError:
        names = []
    return names[0] if names else platform.machine()
