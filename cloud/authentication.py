"""Bearer-token authentication (ASGI middleware) and scopes beyond health and the dashboard's files."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from evosplit.cloud.front.haproxy_config import PEER_HEADER
from evosplit.shared.errors import AuthError, ForbiddenError, PeerError, RateLimitError
from evosplit.shared.security.audit_log import AuditLog
from evosplit.shared.security.scopes import Holder
from evosplit.shared.security.scopes import Scope as TokenScope
from evosplit.shared.security.socket_token import offered_token
from evosplit.shared.security.token_verifier import TokenVerifier
from evosplit.shared.web.page_files import page_files

OPEN_PATHS: Final = frozenset({"/v2/health/live", "/v2/health/ready", *page_files()})
HOLDER: Final = "evosplit.holder"
"""Key of the token's holder in the ASGI scope."""
_AUDITED: Final = "evosplit.audited"

Connection = TypeVar("Connection", bound=HTTPConnection)
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Access:
    """Who may what, and the record of it: one for all protocols of a replica, which share the rates."""

    verifier: TokenVerifier
    audit: AuditLog


class BearerAuthentication:
    """ASGI middleware: 401 or 429 before anything of a request is read, unless it carries a token.

    Refusals, and what `allowed` names for the audit log, are recorded there.
    """

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._verifier = access.verifier
        self._audit = access.audit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with its holder, or refuse it."""
        if scope["type"] not in ("http", "websocket") or scope["path"] in OPEN_PATHS:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        try:
            scope[HOLDER] = self._verifier.holder(_shown(scope, headers))
        except (AuthError, RateLimitError) as problem:
            self._record(scope, headers, problem.holder, problem.http_status)
            await _refusal(problem)(scope, receive, send)
            return
        await self._recorded(scope, headers, receive, send)

    async def _recorded(self, scope: Scope, headers: Headers, receive: Receive, send: Send) -> None:
        status = 0

        async def noting(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            if scope.get(_AUDITED) or status == ForbiddenError.http_status:
                self._record(scope, headers, scope[HOLDER].name, status)

    def _record(self, scope: Scope, headers: Headers, who: str, status: int) -> None:
        peer = headers.get(PEER_HEADER) or (scope.get("client") or ("",))[0]
        self._audit.write(who, f"{scope.get('method', 'GET')} {scope['path']}", status, peer)


def _shown(scope: Scope, headers: Headers) -> str | None:
    """The token of a request; of a WebSocket's also as a subprotocol."""
    shown = headers.get("authorization")
    if shown is None and scope["type"] == "websocket":
        return offered_token(headers)
    return shown


def allowed(
    endpoint: Callable[[Connection], Awaitable[Answer]], *scopes: TokenScope
) -> Callable[[Connection], Awaitable[Answer]]:
    """The endpoint for holders of one of the scopes; of any, where none is named. Raises ForbiddenError.

    What needs ``plan`` or ``admin`` alone goes into the audit log.
    """

    async def checked(request: Connection) -> Answer:
        holder: Holder = request.scope[HOLDER]
        if scopes:
            holder.check(scopes)
        request.scope[_AUDITED] = scopes in (("plan",), ("admin",))
        return await endpoint(request)

    return checked


def _refusal(problem: PeerError) -> JSONResponse:
    headers = {}
    if isinstance(problem, AuthError):
        headers["WWW-Authenticate"] = 'Bearer realm="evosplit"'
    if isinstance(problem, RateLimitError):
        headers["Retry-After"] = str(max(math.ceil(problem.wait_s), 1))
    return JSONResponse({"error": str(problem)}, problem.http_status, headers)
