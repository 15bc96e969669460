"""An application behind the agent's own listening side, on a free port."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import web

from evosplit.edge.api.address import bound_socket
from evosplit.edge.api.listening import listening
from evosplit.shared.security.tls import ServerFiles


@contextlib.asynccontextmanager
async def served_app(
    app: web.Application, files: ServerFiles | None = None, host: str = "127.0.0.1", **bounds: Any
) -> AsyncIterator[str]:
    """Its address."""
    runner = web.AppRunner(app)
    await runner.setup()
    with bound_socket("127.0.0.1", 0) as listener:
        try:
            async with listening(runner, listener, files, **bounds):
                port = listener.getsockname()[1]
                yield f"{'http' if files is None else 'https'}://{host}:{port}"
        finally:
            await runner.cleanup()
