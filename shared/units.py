"""Parsing and formatting of quantities with units: ``5mbit``, ``64MB``, ``20ms``.

Decimal prefixes are powers of 1000 (``MB``), binary ones powers of 1024 (``MiB``).
"""

from __future__ import annotations

import math
import re
from typing import Final

from evosplit.shared.errors import UsageError

_PREFIX: Final = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "ki": 2**10, "mi": 2**20, "gi": 2**30}
_BANDWIDTH: Final = re.compile(
    r"(?P<number>[0-9.eE+-]+?)\s*(?P<prefix>[kmg]?)(?:bit(?:/s|ps)?|bps)", re.IGNORECASE
)
_SIZE: Final = re.compile(r"(?P<number>[0-9.eE+-]+?)\s*(?P<prefix>(?:[kmg]i?)?)B", re.IGNORECASE)
_TIME: Final = re.compile(r"(?P<number>[0-9.eE+-]+?)\s*(?P<prefix>us|ms|s|min|h|d)")
_TIME_SCALE: Final = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_ENERGY: Final = re.compile(r"(?P<number>[0-9.eE+-]+?)\s*(?P<prefix>[um]?)J")
_ENERGY_SCALE: Final = {"u": 1e-6, "m": 1e-3, "": 1.0}


def parse_bandwidth(text: str) -> float:
    """Bits per second from ``5mbit``, ``200kbit``, ``1.5Gbit/s``; positive. Raises UsageError."""
    match = _BANDWIDTH.fullmatch(text.strip())
    value = _scaled(match, _PREFIX) if match else math.nan
    if not (math.isfinite(value) and value > 0):
        raise UsageError(f"not a bandwidth above zero: {text!r} (write it like 5mbit or 200kbit)")
    return value


def parse_size(text: str) -> int:
    """Bytes from ``64MB``, ``512KiB``, ``100B``; not negative. Raises UsageError."""
    match = _SIZE.fullmatch(text.strip())
    value = _scaled(match, _PREFIX) if match else math.nan
    if not (math.isfinite(value) and value >= 0):
        raise UsageError(f"not a size: {text!r} (write it like 64MB or 512KiB)")
    return round(value)


def parse_duration(text: str) -> float:
    """Seconds from ``20ms``, ``1.5s``, ``300us``, ``2h``, ``90d``; not negative. Raises UsageError."""
    match = _TIME.fullmatch(text.strip())
    value = _scaled(match, _TIME_SCALE) if match else math.nan
    if not (math.isfinite(value) and value >= 0):
        raise UsageError(f"not a duration: {text!r} (write it like 20ms or 1.5s)")
    return value


def parse_energy(text: str) -> float:
    """Joules from ``30mJ``, ``2J``, ``500uJ``; not negative. Raises UsageError."""
    match = _ENERGY.fullmatch(text.strip())
    value = _scaled(match, _ENERGY_SCALE) if match else math.nan
    if not (math.isfinite(value) and value >= 0):
        raise UsageError(f"not an energy: {text!r} (write it like 30mJ or 2J)")
    return value


def parse_region(text: str, example: str) -> tuple[float, float, float, float]:
    """Left, top, right and bottom with commas between them, as in the ``example``. Raises UsageError."""
    try:
        left, top, right, bottom = map(float, text.split(","))
    except ValueError:
        raise UsageError(f"not a region: {text!r} ({example})") from None
    return left, top, right, bottom


def _scaled(match: re.Match[str], scales: dict[str, int] | dict[str, float]) -> float:
    try:
        return float(match["number"]) * scales[match["prefix"].lower()]
    except ValueError:
        return math.nan


def format_bandwidth(bandwidth_bps: float) -> str:
    """``5 Mbit/s``: three significant digits."""
    return _format(bandwidth_bps, "bit/s")


def format_size(size_bytes: float) -> str:
    """``1.2 MB``: three significant digits."""
    return _format(size_bytes, "B")


def format_duration(duration_s: float) -> str:
    """``12.3 ms``: three significant digits."""
    for scale, unit in ((1.0, "s"), (1e-3, "ms")):
        if abs(duration_s) >= scale:
            return f"{duration_s / scale:.3g} {unit}"
    return f"{duration_s * 1e6:.3g} us"


def _format(value: float, unit: str) -> str:
    for scale, prefix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= scale:
            return f"{value / scale:.3g} {prefix}{unit}"
    return f"{value:.3g} {unit}"
