"""Heat, clock and power supply by sysfs; what is not shown is None, or limits nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Final

SYS: Final = Path("/sys")
_THROTTLES: Final = ("passive", "hot")
"""Trip points at which the kernel or the firmware slows the device; at the critical one it switches off."""


def heat(sys: Path = SYS) -> tuple[float | None, float | None]:
    """Temperature and limit (degrees Celsius) of the thermal zone that is nearest to its limit.

    Zones without a limit, and those that are switched off (which read nonsense), do not count.
    """
    zones = []
    for zone in sorted((sys / "class/thermal").glob("thermal_zone*")):
        temperature, limit = _number(zone / "temp"), _limit(zone)
        if temperature is not None and limit is not None and -40e3 < temperature < 200e3:
            zones.append((temperature / 1e3, limit / 1e3))
    return max(zones, key=lambda zone: zone[0] - zone[1], default=(None, None))


def clock_share(sys: Path = SYS) -> float:
    """The clock that processors may run at, over their maximum; the least of all policies.

    What a processor that idles runs at says nothing; the limit does, which cooling and power modes lower.
    """
    shares = [1.0]
    for policy in sorted((sys / "devices/system/cpu/cpufreq").glob("policy*")):
        allowed, most = _number(policy / "scaling_max_freq"), _number(policy / "cpuinfo_max_freq")
        if allowed and most and 0 < allowed <= most:
            shares.append(allowed / most)
    return min(shares)


def on_battery(sys: Path = SYS) -> bool:
    """Whether a battery of the device itself is being emptied, and no other supply is there."""
    supplies = sorted((sys / "class/power_supply").glob("*"))
    own = [supply for supply in supplies if _text(supply / "scope").lower() != "device"]
    batteries = [supply for supply in own if _text(supply / "type").lower() == "battery"]
    others = [supply for supply in own if supply not in batteries]
    is_fed = any(_text(supply / "online") not in ("", "0") for supply in others)
    return not is_fed and any(_text(supply / "status").lower() == "discharging" for supply in batteries)


def _limit(zone: Path) -> float | None:
    """The lowest trip point that slows the device."""
    points = (zone / f"trip_point_{index}" for index in range(16))
    limits = [
        _number(Path(f"{point}_temp")) for point in points if _text(Path(f"{point}_type")) in _THROTTLES
    ]
    return min((limit for limit in limits if limit is not None and limit > 0), default=None)


def _number(path: Path) -> float | None:
    try:
        return float(_text(path))
    except ValueError:
        return None


def _text(path: Path) -> str:
    """The line of a file; "" where it is not there or the device does not answer just now."""
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""
