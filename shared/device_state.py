"""Device state: heat, clock, load and power of the machine that an agent runs on, as a value. Pure.

Absent readings are usual: a container shows no thermal zone, a server no battery.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Power: TypeAlias = Literal["auto", "mains", "battery"]
"""What the device runs on; ``auto`` asks it."""

HOT_K: Final = 2.0
"""A device is hot from so many kelvin below its limit on ..."""
COOL_K: Final = 8.0
"""... until it is so many below."""
SLOWEST: Final = 4.0
"""What readings may at most say of how much slower the device is."""
_BUSY: Final = 0.1
"""A smaller share of stalled time, or load beyond the processors, is the agent's own."""


@dataclass(frozen=True)
class DeviceState:
    """``limit_c`` is where the firmware throttles, ``clock_share`` the clock that it allows over the maximum.

    ``stalled_share`` is the share of the last ten seconds in which some task waited for a processor (PSI);
    where the kernel does not say, ``load`` is the load average over the number of processors. ``power_mode``
    is the name of a Jetson's. ``is_hot`` holds until the device is `COOL_K` below its limit.
    """

    temperature_c: float | None = None
    limit_c: float | None = None
    clock_share: float = 1.0
    stalled_share: float | None = None
    load: float | None = None
    on_battery: bool = False
    power_mode: str | None = None
    is_hot: bool = False

    @property
    def slowdown(self) -> float:
        """How many times longer the same work takes than with the full clock and nothing beside it."""
        clock = 1.0 / max(self.clock_share, 1 / SLOWEST)
        return min(clock * self._crowding, SLOWEST)

    @property
    def _crowding(self) -> float:
        if self.stalled_share is not None:
            beyond = max(self.stalled_share - _BUSY, 0.0)
            return 1.0 / max(1.0 - beyond, 1 / SLOWEST)
        return max(1.0, (self.load or 0.0) - _BUSY)


UNKNOWN_DEVICE: Final = DeviceState()


def after(before: DeviceState, now: DeviceState) -> DeviceState:
    """What is read ``now``; whether it is hot depends on what was ``before``."""
    if now.temperature_c is None or now.limit_c is None:
        return dataclasses.replace(now, is_hot=False)
    margin_k = COOL_K if before.is_hot else HOT_K
    return dataclasses.replace(now, is_hot=now.temperature_c >= now.limit_c - margin_k)
