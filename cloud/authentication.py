"""Bearer-token authentication (ASGI middleware) of everything but the health endpoints."""

from __future__ import annotations

from typing import Final

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from evosplit.shared.errors import AuthError
from evosplit.shared.token import check_bearer

OPEN_PATHS: Final = frozenset({"/v2/health/live", "/v2/health/ready"})


class BearerAuthentication:
    """ASGI middleware: 401 before anything of a request is read, unless it carries the token."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        refusal = self._refusal(scope) if scope["type"] == "http" else None
        await (refusal or self._app)(scope, receive, send)

    def _refusal(self, scope: Scope) -> JSONResponse | None:
        if scope["path"] in OPEN_PATHS:
            return None
        try:
            check_bearer(Headers(scope=scope).get("authorization"), self._token)
        except AuthError as problem:
            headers = {"WWW-Authenticate": 'Bearer realm="evosplit"'}
            return JSONResponse({"error": str(problem)}, problem.http_status, headers)
        return None
