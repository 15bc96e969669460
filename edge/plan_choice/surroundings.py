"""Surroundings of an agent: what its links, its traffic and its device are like now, as one situation."""

from __future__ import annotations

import math
from collections.abc import Sequence

from evosplit.edge.link.link_state import LinkState
from evosplit.edge.plan_choice.kept_pin import KeptPin
from evosplit.shared.device_state import UNKNOWN_DEVICE, DeviceState, Power, after
from evosplit.shared.situation import CloudNow, Situation


class Surroundings:
    """Reads link states, the first cloud's first, and remembers the last reading of the device and the pin.

    All that is sent is counted by one meter, that of the first state.
    """

    def __init__(
        self,
        states: Sequence[LinkState],
        power: Power = "auto",
        max_latency_s: float | None = None,
        kept: KeptPin | None = None,
    ) -> None:
        self._states = tuple(states)
        self._power = power
        self._max_latency_s = max_latency_s
        self.device = UNKNOWN_DEVICE
        self.kept = kept or KeptPin()

    def see(self, reading: DeviceState) -> DeviceState:
        """Take note of the device; what it is like now."""
        self.device = after(self.device, reading)
        return self.device

    def now(self) -> Situation:
        """The situation as it is."""
        frame_bytes = self._states[0].meter.frame_bytes()
        return Situation(
            tuple(
                CloudNow(state.cloud, state.link, state.queue, state.circuit.is_open)
                for state in self._states
            ),
            None if math.isinf(frame_bytes) else frame_bytes,
            self.device,
            self._is_frugal(),
            self._max_latency_s,
            self.kept.pin,
        )

    def _is_frugal(self) -> bool:
        on_battery = self.device.on_battery if self._power == "auto" else self._power == "battery"
        return on_battery or self.device.is_hot
