"""Direct dispatch of inference requests: past the middleware and the routes that all others go through.

Most requests are inferences. Starlette's layers for one, its list of routes among them, cost as much as
decoding a frame; this compares one pattern, and calls the endpoint.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from evosplit.cloud.error_responses import error_response
from evosplit.shared.errors import EvoSplitError

_INFER: Final = re.compile(r"/v2/models/(?P<model>[^/]+)(?:/versions/(?P<version>[^/]+))?/infer")


class DirectRoute:
    """ASGI application: ``infer`` for inference requests, Starlette for everything else."""

    def __init__(self, infer: Callable[[Request], Awaitable[Response]], others: Starlette) -> None:
        self._infer = infer
        self._others = others

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on."""
        is_post = scope["type"] == "http" and scope["method"] == "POST"
        match = _INFER.fullmatch(scope["path"]) if is_post else None
        if match is None:
            await self._others(scope, receive, send)
            return
        scope["path_params"], scope["app"] = match.groupdict(), self._others
        try:
            response = await self._infer(Request(scope, receive))
        except (EvoSplitError, HTTPException) as problem:
            response = error_response(problem)
        except Exception as defect:
            await error_response(defect)(scope, receive, send)
            raise
        await response(scope, receive, send)


class GuardedApp:
    """ASGI application with what guards it around it; routes are those of what is inside.

    Ray Serve names requests in its metrics by them.
    """

    def __init__(self, guarded: ASGIApp, inside: Starlette) -> None:
        self._guarded = guarded
        self.routes = inside.routes
        self.router = inside.router

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or take part in the lifespan."""
        await self._guarded(scope, receive, send)
