"""Exception handlers: every failure as ``{"error": one line}`` with its HTTP status, without internals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from evosplit.shared.errors import EvoSplitError

_UNAVAILABLE: Final = 503
_RETRY_S: Final = "1"


async def _typed_error(_request: Request, problem: Exception) -> JSONResponse:
    status = problem.http_status if isinstance(problem, EvoSplitError) else 500
    return _error_response(str(problem), status)


async def _http_error(_request: Request, problem: Exception) -> JSONResponse:
    if not isinstance(problem, HTTPException):
        return await _internal_error(_request, problem)
    return _error_response(problem.detail, problem.status_code, problem.headers)


async def _internal_error(_request: Request, _problem: Exception) -> JSONResponse:
    """A defect. Starlette raises it again after the answer has gone, so that it reaches the server's log."""
    return JSONResponse({"error": "internal error; the cloud's log has it"}, 500)


def unavailable(error: str) -> JSONResponse:
    """A 503 that says when to try again."""
    return _error_response(error, _UNAVAILABLE)


def _error_response(error: str, status: int, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Every 503 carries ``Retry-After`` (RFC 9110, section 10.2.3), in seconds."""
    retry = {"Retry-After": _RETRY_S} if status == _UNAVAILABLE else {}
    return JSONResponse({"error": error}, status, {**retry, **(headers or {})})


HANDLERS: Final[Mapping[Any, Callable[[Request, Exception], Any]]] = {
    EvoSplitError: _typed_error,
    HTTPException: _http_error,
    Exception: _internal_error,
}
