"""Result pages of an agent or a cloud, one after the other, as plain rows."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from evosplit.library.client.connection import Connection
from evosplit.library.client.transport import Call, Transport

_PAGE: Final = 1000


@dataclass(frozen=True)
class ResultPages:
    """Asks one tier. Methods raise as those of `evosplit.library.client.synchronous.Client`."""

    transport: Transport

    def page(self, filters: Mapping[str, str], limit: int, cursor: str | None = None) -> dict[str, Any]:
        """``results`` and ``next_cursor``."""
        more = {} if cursor is None else {"cursor": cursor}
        return self._asked("/v1/results", {**filters, "limit": str(limit), **more})

    def rows(self, filters: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        """All that fit, the oldest first, so that what comes meanwhile is among them."""
        cursor: str | None = None
        while True:
            page = self.page({**filters, "order": "asc"}, _PAGE, cursor)
            yield from page["results"]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def counts(self, filters: Mapping[str, str], by: str, split: str | None) -> dict[str, Any]:
        """``counts`` of each period, the newest first."""
        more = {} if split is None else {"split": split}
        return self._asked("/v1/results/counts", {**filters, "by": by, **more})

    def _asked(self, path: str, query: Mapping[str, str]) -> dict[str, Any]:
        return asyncio.run(self._ask(Call("GET", path, query)))

    async def _ask(self, call: Call) -> dict[str, Any]:
        connection = Connection(self.transport)
        try:
            return (await connection.call(call)).json()
        finally:
            await connection.close()
