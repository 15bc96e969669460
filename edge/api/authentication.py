"""Bearer-token authentication (aiohttp middleware) and scopes beyond health and the dashboard's files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from evosplit.shared.errors import AuthError, ForbiddenError, RateLimitError
from evosplit.shared.security.audit_log import AuditLog
from evosplit.shared.security.scopes import ANY_SCOPE, Scope
from evosplit.shared.security.socket_token import offered_token
from evosplit.shared.security.token_verifier import TokenVerifier
from evosplit.shared.web.page_files import page_files

OPEN_PATHS: Final = frozenset({"/v2/health/live", "/v2/health/ready", *page_files()})
HandlerScopes: TypeAlias = Mapping[Handler, Scope | None]
"""The scope that each handler needs; None: any token. What is not in it is for ``admin``."""


def require_token(verifier: TokenVerifier, scopes: HandlerScopes, audit: AuditLog) -> Middleware:
    """Middleware: only holders of tokens of the right scope pass beyond the health pages.

    Refusals are recorded. It raises AuthError, RateLimitError, ForbiddenError.
    """

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path not in OPEN_PATHS:
            try:
                shown = request.headers.get("Authorization") or offered_token(request.headers)
                holder = verifier.holder(shown)
                if request.match_info.http_exception is None:  # a page that is not there needs no scope
                    needed = scopes.get(request.match_info.handler, "admin")
                    holder.check({needed} if needed else ANY_SCOPE)
            except (AuthError, RateLimitError, ForbiddenError) as refused:
                what = f"{request.method} {request.path}"
                audit.write(refused.holder, what, refused.http_status, request.remote or "")
                raise
        return await handler(request)

    return check
