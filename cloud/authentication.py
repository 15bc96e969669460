"""Bearer-token authentication (ASGI middleware) and scopes of everything but the health endpoints."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from typing import Final

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from evosplit.shared.errors import AuthError, PeerError, RateLimitError
from evosplit.shared.security.scopes import Holder
from evosplit.shared.security.scopes import Scope as TokenScope
from evosplit.shared.security.token_verifier import TokenVerifier

OPEN_PATHS: Final = frozenset({"/v2/health/live", "/v2/health/ready"})
HOLDER: Final = "evosplit.holder"
"""Key of the token's holder in the ASGI scope."""


class BearerAuthentication:
    """ASGI middleware: 401 or 429 before anything of a request is read, unless it carries a token."""

    def __init__(self, app: ASGIApp, verifier: TokenVerifier) -> None:
        self._app = app
        self._verifier = verifier

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with its holder, or refuse it."""
        if scope["type"] != "http" or scope["path"] in OPEN_PATHS:
            await self._app(scope, receive, send)
            return
        try:
            scope[HOLDER] = self._verifier.holder(Headers(scope=scope).get("authorization"))
        except (AuthError, RateLimitError) as problem:
            await _refusal(problem)(scope, receive, send)
            return
        await self._app(scope, receive, send)


def allowed(
    endpoint: Callable[[Request], Awaitable[Response]], *scopes: TokenScope
) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint for holders of one of the scopes; of any, where none is named. Raises ForbiddenError."""

    async def checked(request: Request) -> Response:
        holder: Holder = request.scope[HOLDER]
        if scopes:
            holder.check(scopes)
        return await endpoint(request)

    return checked


def _refusal(problem: PeerError) -> JSONResponse:
    headers = {}
    if isinstance(problem, AuthError):
        headers["WWW-Authenticate"] = 'Bearer realm="evosplit"'
    if isinstance(problem, RateLimitError):
        headers["Retry-After"] = str(max(math.ceil(problem.wait_s), 1))
    return JSONResponse({"error": str(problem)}, problem.http_status, headers)
