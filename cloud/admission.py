"""Admission control (load shedding): 503 with ``Retry-After`` at once, instead of a long queue.

Ray Serve sheds load as well, at a higher limit, but with a line of plain text.
"""

from __future__ import annotations

from typing import Final

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from evosplit.cloud.authentication import OPEN_PATHS
from evosplit.cloud.error_responses import unavailable
from evosplit.cloud.telemetry.metrics import ReplicaMetrics

MAX_ONGOING_REQUESTS: Final = 64
"""Requests that one replica holds at a time."""


class AdmissionControl:
    """ASGI middleware; health checks are always answered. For one event loop."""

    def __init__(
        self, app: ASGIApp, limit: int = MAX_ONGOING_REQUESTS, metrics: ReplicaMetrics | None = None
    ) -> None:
        self._metrics = ReplicaMetrics() if metrics is None else metrics
        self._app = app
        self._limit = limit
        self._ongoing = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or turn it away before anything of its body is read."""
        if scope["type"] != "http" or scope["path"] in OPEN_PATHS:
            await self._app(scope, receive, send)
        elif self._ongoing >= self._limit:
            self._metrics.shed()
            await self._refusal()(scope, receive, send)
        else:
            await self._counted(scope, receive, send)

    async def _counted(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._ongoing += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._ongoing -= 1

    def _refusal(self) -> JSONResponse:
        return unavailable(f"{self._limit} requests are under way already; try again")
