"""Client of an edge agent's controls: what an operator sets while it runs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from evosplit.library.client.retries import Retries
from evosplit.library.client.transport import Call, Transport
from evosplit.shared.security.tls import client_files
from evosplit.shared.token import given_token


@dataclass(frozen=True)
class ControlClient:
    """Each method is one request, and raises as those of `evosplit.library.client.synchronous.Client`."""

    transport: Transport

    def plan_choice(self) -> dict[str, Any]:
        """Which plan the agent is held to, or that plans change by themselves."""
        return self._send(Call("GET", "/v1/plan/choice"))

    def pin_plan(self, digits: str) -> dict[str, Any]:
        """Hold it to the plan whose digest begins so."""
        return self._choose({"plan": digits})

    def pin_cut(self, key: str) -> dict[str, Any]:
        """Hold it to the plans of a cut, of which it uses the fastest."""
        return self._choose({"cut": key})

    def unpin(self) -> dict[str, Any]:
        """Let plans change by themselves."""
        return self._choose({"automatic": True})

    def region(self) -> dict[str, Any]:
        """The part of the pictures that the agent computes."""
        return self._send(Call("GET", "/v1/region"))

    def set_region(self, region: tuple[float, ...] | None) -> dict[str, Any]:
        """Left, top, right, bottom as shares of the network's input, or None for all of it."""
        return self._send(Call("PUT", "/v1/region", body=json.dumps({"region": region}).encode()))

    def change_source(self, name: str, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Change some settings of a frame source, as in ``{"rate": 5}``; the others stay."""
        path = f"/v1/sources/{quote(name, safe='')}"
        return self._send(Call("PATCH", path, body=json.dumps(dict(changes)).encode()))

    def _choose(self, choice: Mapping[str, Any]) -> dict[str, Any]:
        return self._send(Call("PUT", "/v1/plan/choice", body=json.dumps(dict(choice)).encode()))

    def _send(self, call: Call) -> dict[str, Any]:
        async def once() -> dict[str, Any]:
            async with self.transport.session() as session:
                return (await self.transport.send(session, call)).json()

        return asyncio.run(once())


def control_client(url: str, token: str | None, ca_file: Path | None) -> ControlClient:
    """A client of the agent at a URL. Raises UsageError."""
    shown = token or given_token(None)
    return ControlClient(Transport(url, shown, 60.0, Retries(0), client_files(ca_file, None)))
