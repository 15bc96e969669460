"""Link probe: measures the link when no frame does, and looks for a cloud that is away."""

from __future__ import annotations

import asyncio
import time
from typing import Final

from evosplit.edge.link.cloud_link import CloudLink
from evosplit.edge.link.uplink import HTTP_BYTES
from evosplit.shared.errors import CloudRefusedError, CloudUnavailableError, NotOurCloudError

PROBE_S: Final = 0.05
"""A probe should take the link for about so long ..."""
SMALLEST_PROBE_BYTES: Final = 4_096
"""... but is large enough to tell bandwidth from jitter ..."""
LARGEST_PROBE_BYTES: Final = 262_144
"""... and no larger than this."""

_IMPATIENT_S: Final = 0.25
_BUSY_S: Final = 0.02
_UNCLEAR_LOOKS: Final = 5
_NO_SUCH_PATH: Final = (404, 405)


class LinkWatch:
    """Every ``interval_s`` an empty request shows the round trip, and that the cloud is there.

    A payload follows it when no frame taught anything of the bandwidth since the last look, when none taught
    it clearly for `_UNCLEAR_LOOKS` looks, or when the last sample was off and wants to be confirmed; then,
    and while the circuit is open, looks are frequent. On a metered link they keep to a share of its bytes.
    """

    def __init__(self, cloud: CloudLink, interval_s: float) -> None:
        self._cloud = cloud
        self._interval_s = interval_s
        self._seen = cloud.estimate
        self._unclear_looks = 0

    async def run(self) -> None:
        """Look for ever."""
        while True:
            looked = await self.look()
            pause_s = _BUSY_S if not looked else _IMPATIENT_S if self._is_unsettled else self._interval_s
            afford_s = self._cloud.meter.probe_wait_s(HTTP_BYTES)
            await asyncio.sleep(max(min(self._interval_s, pause_s), afford_s))

    async def look(self) -> bool:
        """Look now; False where frames were under way, which the look would disturb."""
        circuit = self._cloud.circuit
        if circuit.is_open and not circuit.probe_due(time.monotonic()):
            return True
        if self._cloud.is_busy:
            return False
        try:
            await self._cloud.probe(0)
        except CloudUnavailableError as silence:
            self._cloud.failed(silence)
        except CloudRefusedError as refusal:
            self._refused(refusal)
        else:
            self._cloud.answered()
            await self._measure()
        return True

    async def _measure(self) -> None:
        size_bytes = self._probe_bytes()
        if (self._is_unsettled or self._is_untold()) and not self._cloud.meter.probe_wait_s(size_bytes):
            try:
                await self._cloud.probe(size_bytes)
            except NotOurCloudError as stranger:
                self._cloud.failed(stranger)
            except CloudUnavailableError:
                self._cloud.answered()  # the empty request went through: the link is slow, not away
            except CloudRefusedError as refusal:
                self._refused(refusal)
        self._seen = self._cloud.estimate

    def _is_untold(self) -> bool:
        """Whether frames said too little of the bandwidth since the last look."""
        now = self._cloud.estimate
        is_clear = now.clear_samples != self._seen.clear_samples
        self._unclear_looks = 0 if is_clear else (self._unclear_looks + 1) % _UNCLEAR_LOOKS
        return now.samples == self._seen.samples or (not is_clear and self._unclear_looks == 0)

    def _refused(self, refusal: CloudRefusedError) -> None:
        if refusal.status in _NO_SUCH_PATH:  # an older cloud: it is there, and frames must do for probes
            self._cloud.answered()
        else:
            self._cloud.refused(refusal)

    @property
    def _is_unsettled(self) -> bool:
        estimate = self._cloud.estimate
        return self._cloud.circuit.is_open or estimate.deviant_bps is not None or estimate.samples == 0

    def _probe_bytes(self) -> int:
        if self._cloud.estimate.samples == 0:
            return SMALLEST_PROBE_BYTES
        wanted = int(self._cloud.link.bandwidth_bps * PROBE_S / 8)
        return min(max(wanted, SMALLEST_PROBE_BYTES), LARGEST_PROBE_BYTES)
