"""Upload of calibration inputs to the plan service: in small pieces, between frames, within a budget."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final

from evosplit.edge.background.pause import BackgroundPause
from evosplit.edge.calibration.sample import Kept
from evosplit.edge.enrolment.planner_client import PlannerClient
from evosplit.shared.errors import CloudRefusedError
from evosplit.shared.oip import InferRequest, blob_tensor, build_request

BUDGET_BYTES: Final = 64 * 10**6
"""Of one calibration."""
PIECE_BYTES: Final = 16 * 1024
LINK_SHARE: Final = 0.2
"""While frames flow, so much of the link at most ..."""
LONGEST_S: Final = 60.0
"""... unless one input took longer than this by it, which the cloud would not wait for."""
FLOWING_S: Final = 1.0
"""Frames flow as long as the last one is not older."""
PATIENCE_S: Final = 0.5


class Upload:
    """Sends the inputs of one set, each once. What breaks off goes on where it was.

    ``bandwidth_bps`` tells the link's as it is estimated now.
    """

    def __init__(
        self, cloud: PlannerClient, name: str, pause: BackgroundPause, bandwidth_bps: Callable[[], float]
    ) -> None:
        self._cloud = cloud
        self.name = name
        self._pause = pause
        self._bandwidth_bps = bandwidth_bps
        self._there: dict[int, Kept] = {}
        self.sent_bytes = 0

    async def send(self, kept: Sequence[Kept]) -> int:
        """Send what is not there yet, within the budget; how many inputs the set has then.

        Raises CloudUnavailableError, CloudRefusedError, AuthError, NotFoundError.
        """
        budget = BUDGET_BYTES
        for index, item in enumerate(kept):
            if self._there.get(index) is item:
                continue
            body, length = build_request(
                InferRequest((blob_tensor(item.name, item.content),), binary_default=True)
            )
            budget -= len(body)
            if budget < 0:
                break
            await self._cloud.put_input(self.name, index, self._pieces(body), len(body), length)
            self._there[index] = item
            self.sent_bytes += len(body)
        if not self._there:
            raise CloudRefusedError("no calibration input fits the budget", 200)
        return len(self._there)

    async def _pieces(self, body: bytes) -> AsyncIterator[bytes]:
        for start in range(0, len(body), PIECE_BYTES):
            piece = body[start : start + PIECE_BYTES]
            if self._pause.quiet_s < FLOWING_S:
                await self._pause.lull(PATIENCE_S)
                share_s = 8 * len(piece) / (LINK_SHARE * self._bandwidth_bps())
                await asyncio.sleep(min(share_s, LONGEST_S * len(piece) / len(body)))
            yield piece
