"""Heartbeats of an agent to its cloud: small, jittered, within a metered link's share for measuring."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from typing import Final

from evosplit.edge.enrolment.planner_client import PlannerClient
from evosplit.edge.link.cloud_link import CloudLink
from evosplit.edge.link.uplink import HTTP_BYTES
from evosplit.shared.errors import EvoSplitError, NotFoundError
from evosplit.shared.fleet.heartbeat import INTERVAL_S, Heartbeat
from evosplit.shared.serial import to_json

FIRST_S: Final = 2.0
"""At most so long after its start an agent says that it is there."""
JITTER: Final = 0.2
"""Agents that started together do not stay together."""
SHORTEST_S: Final = 1.0
OLDER_CLOUD_S: Final = 600.0
"""A cloud that knows no fleet is asked again so much later."""

_DRAWS: Final = random.SystemRandom()
_log = logging.getLogger(__name__)


class Heartbeats:
    """Says how the agent is, and has plans renewed where the cloud says so. All of it is the event loop's.

    ``state`` gives the heartbeat of a number; ``renew`` is told why other plans are wanted, and in which
    bundle they would come. ``uniform`` draws between two numbers.
    """

    def __init__(
        self,
        planner: PlannerClient,
        cloud: CloudLink,
        state: Callable[[int], Heartbeat],
        renew: Callable[[str, str], None],
        uniform: Callable[[float, float], float] = _DRAWS.uniform,
    ) -> None:
        self._planner = planner
        self._cloud = cloud
        self._state = state
        self._renew = renew
        self._uniform = uniform
        self._beats = 0
        self.interval_s = INTERVAL_S
        self.name = ""

    async def run(self) -> None:
        """Beat for ever; what goes wrong is said by the frames that meet it."""
        await asyncio.sleep(self._uniform(0.0, FIRST_S))
        while True:
            wait_s = await self.beat()
            await asyncio.sleep(wait_s * self._uniform(1 - JITTER, 1 + JITTER))

    async def beat(self) -> float:
        """Say it now; the seconds until the next one."""
        if self._cloud.circuit.is_open:
            return self.interval_s
        self._beats += 1
        content = to_json(self._state(self._beats))
        size_bytes = len(content) + HTTP_BYTES
        self._cloud.meter.probed(size_bytes)
        try:
            answer = await self._planner.heartbeat(content)
        except NotFoundError:
            return OLDER_CLOUD_S
        except EvoSplitError as silence:
            _log.debug("no answer to a heartbeat: %s", silence)
            return self.interval_s
        self.name, self.interval_s = answer.name, max(answer.interval_s, SHORTEST_S)
        if answer.renew:
            self._renew(answer.renew, answer.bundle)
        return max(self.interval_s, self._cloud.meter.probe_wait_s(size_bytes))
