"""HTTP/1.1 request handler of aiohttp whose own refusals are one line of JSON, as those of the routes are.

What is no HTTP, or longer than the limits, is refused before any route is found (RFC 9110, section 15.5.15;
RFC 6585, section 5). Nothing of that is a fault of the agent's, so the log has it at level DEBUG alone.
"""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Final

from aiohttp import web
from aiohttp.http import HttpProcessingError
from aiohttp.http_exceptions import LineTooLong

from evosplit.edge.api.http_errors import FAILED, error_page, http_error_page

LINE_BYTES: Final = 8190
"""A longer request line is refused ..."""
FIELD_BYTES: Final = 8192
"""... and so is a longer header. The two differ, because the exception says nothing else of which it was."""
_MOST_CHARACTERS: Final = 200

_log = logging.getLogger(__name__)


class JsonRequestHandler(web.RequestHandler):
    """One for each connection."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The answer to what no handler has answered; the connection ends behind it."""
        del status, message  # they are of the exception
        if request.writer.output_size > 0:
            raise ConnectionError("the answer has begun: no other can be sent")
        if isinstance(exc, HttpProcessingError):
            _log.debug("refused a request from %s: %r", request.remote, exc)
            page = error_page(_status(exc), _line(exc))
        else:
            _log.error("a request failed before its route was found", exc_info=exc)
            page = error_page(500, FAILED)
        page.force_close()
        return page

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send an answer; one that was raised outside of the middlewares (``Expect``) becomes a page, too."""
        page = http_error_page(resp) if isinstance(resp, web.HTTPException) else resp
        return await super().finish_response(request, page, start_time)


def _status(refused: HttpProcessingError) -> int:
    if not isinstance(refused, LineTooLong):
        return HTTPStatus.BAD_REQUEST
    is_line = refused.args[1] == LINE_BYTES
    return HTTPStatus.REQUEST_URI_TOO_LONG if is_line else HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE


def _line(refused: HttpProcessingError) -> str:
    """What is wrong, without the bytes that the parser shows beneath it."""
    if isinstance(refused, LineTooLong):
        return f"the request line or a header is longer than {refused.args[1]} bytes"
    said = refused.message.split(":\n\n", 1)[0]
    return f"the request is no HTTP: {' '.join(said.split())}"[:_MOST_CHARACTERS]
