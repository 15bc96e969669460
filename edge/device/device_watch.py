"""Device watch: reads heat, clock, load and power from time to time, outside the event loop."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Callable
from typing import Final

from evosplit.edge.device.load import load_share, stalled_share
from evosplit.edge.device.nvpmodel import power_mode
from evosplit.edge.device.sysfs import clock_share, heat, on_battery
from evosplit.shared.device_state import UNKNOWN_DEVICE, DeviceState

EVERY_S: Final = 5.0
MODE_LOOKS: Final = 12
"""The power mode is asked for at every so many looks: that starts a process."""

_log = logging.getLogger(__name__)


class DeviceWatch:
    """Hands each reading to ``see``, which says what it makes of it; ``read`` takes one."""

    def __init__(
        self,
        see: Callable[[DeviceState], DeviceState],
        read: Callable[[], DeviceState] | None = None,
        every_s: float = EVERY_S,
    ) -> None:
        self._see = see
        self._read = read_device if read is None else read
        self._every_s = every_s
        self._looks = 0
        self._mode: str | None = None
        self._before = UNKNOWN_DEVICE

    async def run(self) -> None:
        """Look for ever."""
        while True:
            await self.look()
            await asyncio.sleep(self._every_s)

    async def look(self) -> None:
        """Look now."""
        if self._looks % MODE_LOOKS == 0:
            self._mode = await asyncio.to_thread(power_mode)
        self._looks += 1
        reading = await asyncio.to_thread(self._read)
        before, self._before = self._before, self._see(dataclasses.replace(reading, power_mode=self._mode))
        _tell(before, self._before)


def read_device() -> DeviceState:
    """One reading of this machine, but for its power mode."""
    temperature_c, limit_c = heat()
    return DeviceState(
        temperature_c, limit_c, clock_share(), stalled_share(), load_share(), on_battery=on_battery()
    )


def _tell(before: DeviceState, now: DeviceState) -> None:
    """One line in the log for what changes the choice of plans."""
    if now.is_hot != before.is_hot:
        _log.warning("the device is %s: %s degrees", "hot" if now.is_hot else "cool again", now.temperature_c)
    if now.on_battery != before.on_battery:
        _log.info("the device runs on %s", "battery" if now.on_battery else "mains")
    if now.power_mode != before.power_mode and before is not UNKNOWN_DEVICE:
        _log.warning("power mode %s: what frames take corrects the predictions", now.power_mode)
