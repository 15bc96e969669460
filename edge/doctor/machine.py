"""Checks of the machine: heat, load, power, memory, and the provider that is to compute."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

from evosplit.edge.doctor.finding import Finding, ok, problem, warning
from evosplit.shared.device_state import DeviceState
from evosplit.shared.providers import PROVIDERS, ProviderName

LEAST_MEMORY_BYTES: Final = 400 * 10**6
"""An agent with a small network takes 300 MB."""
_BUSY: Final = 0.8
_CLOSE_C: Final = 5.0


def check_machine(state: DeviceState) -> Iterator[Finding]:
    """By one reading of the device."""
    temperature_c, limit_c = state.temperature_c, state.limit_c
    if temperature_c is not None:
        seen = f"{temperature_c:.0f} °C" + ("" if limit_c is None else f" of {limit_c:.0f} °C")
        is_hot = limit_c is not None and temperature_c > limit_c - _CLOSE_C
        yield warning("heat", seen, "cool it: it throttles soon") if is_hot else ok("heat", seen)
    if state.clock_share < 1:
        seen = f"the processor may run at {state.clock_share:.0%} of its clock"
        yield warning(
            "power mode", seen, "choose a faster mode: nvpmodel -m 0, or the governor 'performance'"
        )
    elif state.power_mode is not None:
        yield ok("power mode", state.power_mode)
    if state.load is not None:
        seen = f"{state.load:.0%} of the processors wanted"
        is_busy = state.load > _BUSY
        yield (
            warning("load", seen, "measure when it is calm: plans go by it") if is_busy else ok("load", seen)
        )
    if state.on_battery:
        yield warning("power", "on battery", "plans take the least energy then; else say --power mains")


def free_memory_bytes(meminfo: Path = Path("/proc/meminfo")) -> int | None:
    """What programs can have without swapping; None where the system does not say."""
    try:
        lines = meminfo.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    free = [line.split()[1] for line in lines if line.startswith("MemAvailable:")]
    return int(free[0]) * 1024 if free else None


def check_memory(free_bytes: int | None) -> Finding:
    """By what is free."""
    if free_bytes is None:
        return ok("memory", "not known")
    seen = f"{free_bytes / 1e6:.0f} MB are free"
    if free_bytes < LEAST_MEMORY_BYTES:
        advice = f"an agent takes {LEAST_MEMORY_BYTES / 1e6:.0f} MB and more: end other programs"
        return problem("memory", seen, advice)
    return ok("memory", seen)


def check_provider(wanted: ProviderName, installed: Collection[str]) -> Finding:
    """Whether the ONNX Runtime that is installed has what was asked for."""
    first = PROVIDERS[wanted][0]
    if first in installed:
        return ok("provider", first)
    seen = f"{first} is not among {', '.join(installed)}"
    return warning(
        "provider", seen, "the processor computes instead: install a runtime with it (docs/jetson.md)"
    )
