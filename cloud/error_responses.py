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


def error_response(problem: Exception) -> JSONResponse:
    """What the client is told; of a defect nothing but that there is one."""
    if isinstance(problem, EvoSplitError):
        return _error_response(str(problem), problem.http_status)
    if isinstance(problem, HTTPException):
        return _error_response(problem.detail, problem.status_code, problem.headers)
    return JSONResponse({"error": "internal error; the cloud's log has it"}, 500)


async def _handled(_request: Request, problem: Exception) -> JSONResponse:
    """For Starlette, which raises a defect again after the answer has gone: it reaches the server's log."""
    return error_response(problem)


def unavailable(error: str) -> JSONResponse:
    """A 503 that says when to try again."""
    return _error_response(error, _UNAVAILABLE)


def _error_response(error: str, status: int, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Every 503 carries ``Retry-After`` (RFC 9110, section 10.2.3), in seconds."""
    retry = {"Retry-After": _RETRY_S} if status == _UNAVAILABLE else {}
    return JSONResponse({"error": error}, status, {**retry, **(headers or {})})


HANDLERS: Final[Mapping[Any, Callable[[Request, Exception], Any]]] = {
    EvoSplitError: _handled,
    HTTPException: _handled,
    Exception: _handled,
}
