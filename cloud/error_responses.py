"""Every failure as ``{"error": one line}`` with the right status; nothing of our insides goes out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from evosplit.shared.errors import EvoSplitError

_UNAVAILABLE: Final = 503
_RETRY_S: Final = "1"


async def _ours(_request: Request, problem: Exception) -> JSONResponse:
    status = problem.http_status if isinstance(problem, EvoSplitError) else 500
    return _answer(str(problem), status)


async def _http(_request: Request, problem: Exception) -> JSONResponse:
    if not isinstance(problem, HTTPException):
        return await _unexpected(_request, problem)
    return _answer(problem.detail, problem.status_code, problem.headers)


async def _unexpected(_request: Request, _problem: Exception) -> JSONResponse:
    """A bug. Starlette raises it again after the answer has gone, so that it reaches the server's log."""
    return JSONResponse({"error": "internal error; the cloud's log has it"}, 500)


def unavailable(error: str) -> JSONResponse:
    """A 503 that says when to come again."""
    return _answer(error, _UNAVAILABLE)


def _answer(error: str, status: int, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Every 503 carries ``Retry-After`` (RFC 9110, section 10.2.3), in seconds."""
    retry = {"Retry-After": _RETRY_S} if status == _UNAVAILABLE else {}
    return JSONResponse({"error": error}, status, {**retry, **(headers or {})})


HANDLERS: Final[Mapping[Any, Callable[[Request, Exception], Any]]] = {
    EvoSplitError: _ours,
    HTTPException: _http,
    Exception: _unexpected,
}
