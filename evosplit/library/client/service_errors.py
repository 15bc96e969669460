"""Errors of tiers: one that answered with an error of its own, and one that did not answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from evosplit.shared.errors import (
    AuthError,
    EvoSplitError,
    ForbiddenError,
    InputError,
    NotFoundError,
    PeerError,
    UnknownBaseError,
    UnknownKindError,
)


class ServiceError(PeerError):
    """A tier that answered with an error of its own; ``frame_id`` names a recorded failure."""

    def __init__(self, message: str, status: int, frame_id: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.frame_id = frame_id


class ServiceUnavailableError(PeerError):
    """A tier that did not answer, or had no place for the request, however often it was asked."""

    http_status = 503


class WaitingError(PeerError):
    """A frame whose result is yet to come: it waits on an edge agent's disk for the cloud."""

    http_status = 202


_ERRORS: Final[Mapping[int, type[EvoSplitError]]] = {
    400: InputError,
    401: AuthError,
    403: ForbiddenError,
    404: NotFoundError,
    409: UnknownBaseError,
    415: UnknownKindError,
}


def refusal_error(url: str, status: int, data: Mapping[str, Any]) -> EvoSplitError:
    """The error for a status other than 200 and the JSON object of its body."""
    line = f"{url} answered {status}: {data.get('error', 'no reason given')}"
    kind = _ERRORS.get(status)
    return kind(line) if kind else ServiceError(line, status, data.get("frame_id"))
