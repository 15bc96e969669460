"""Dashboard of the cloud: starlette routes of the page's files, which need no token."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from evosplit.shared.web.page_files import PageFile, page_files


def page_routes() -> list[Route]:
    """The page at ``/``, what it loads below ``/ui/``."""
    return [Route(path, _endpoint(item)) for path, item in page_files().items()]


def _endpoint(item: PageFile) -> Callable[[Request], Awaitable[Response]]:
    async def get_file(request: Request) -> Response:
        status, content, headers = item.answer(request.headers.get("If-None-Match"))
        return Response(content, status, headers)

    return get_file
