"""Error middleware: every error as ``{"error": one line}`` with its HTTP status, without stack traces.

A 429 or 503 says in ``Retry-After`` (RFC 9110, section 10.2.3) when to come again.
"""

from __future__ import annotations

import logging
import math
import time
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

from evosplit.edge.api.pages import AGENT, json_page
from evosplit.edge.pipeline.finished import FrameFailedError
from evosplit.shared.errors import AuthError, EvoSplitError, RateLimitError

_WAIT: Final = (429, 503)
"""Statuses that say when to come again."""
_TELLING: Final = ("Allow",)
"""Headers of aiohttp's own errors that say what would have been right."""
FAILED: Final = "the agent failed; its log says how"
"""What a client hears of a fault."""

_log = logging.getLogger(__name__)


@web.middleware
async def errors_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The outermost layer of the application."""
    try:
        return await handler(request)
    except FrameFailedError as failed:
        wait_s = request.app[AGENT].agent.clouds.wait_s(time.monotonic())
        return error_page(failed.http_status, str(failed), wait_s, frame_id=failed.frame_id)
    except RateLimitError as error:
        return error_page(error.http_status, str(error), error.wait_s)
    except AuthError as error:
        answer = error_page(error.http_status, str(error))
        answer.headers["WWW-Authenticate"] = "Bearer"
        return answer
    except EvoSplitError as error:
        return error_page(error.http_status, str(error))
    except web.HTTPException as error:
        return http_error_page(error)
    except (web.RequestPayloadError, ConnectionError) as cut:
        return error_page(400, f"the body cannot be read: {' '.join(str(cut).split())}")
    except Exception:  # noqa: BLE001 - the last line of defence: the trace goes to the log, not to the client
        _log.exception("%s %s failed", request.method, request.path)
        return error_page(500, FAILED)


def http_error_page(error: web.HTTPException) -> web.Response:
    """The answer to one of aiohttp's own errors."""
    page = error_page(error.status, error.reason.lower())
    page.headers.extend({name: error.headers[name] for name in _TELLING if name in error.headers})
    return page


def error_page(status: int, error: str, wait_s: float = 0.0, **more: str) -> web.Response:
    """An answer that says what is wrong, and, to those who are to wait, how long."""
    headers = {"Retry-After": str(max(math.ceil(wait_s), 1))} if status in _WAIT else None
    return json_page({"error": error, **more}, status=status, headers=headers)
