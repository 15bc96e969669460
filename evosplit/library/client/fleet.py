"""Client of a cloud tier's fleet: edges, bundles from outside, and roll-outs."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evosplit.library.client.retries import Retries
from evosplit.library.client.transport import Call, Transport
from evosplit.shared.security.tls import client_files
from evosplit.shared.token import given_token


@dataclass(frozen=True)
class FleetClient:
    """Each method is one request, and raises as those of `evosplit.library.client.synchronous.Client`."""

    transport: Transport

    def fleet(self) -> dict[str, Any]:
        """Edges and roll-outs, as ``GET /v1/fleet`` answers."""
        return self._send(Call("GET", "/v1/fleet"))

    def models(self) -> tuple[str, ...]:
        """The names of what the tier serves."""
        return tuple(self._send(Call("GET", "/v1/models"))["models"])

    def add_bundle(self, model: str, content: bytes) -> str:
        """Hand over a bundle, or a plan table as JSON; the digest of the bundle."""
        path = f"/v1/models/{model}/bundles"
        return str(self._send(Call("POST", path, body=content))["bundle"])

    def roll_out(
        self, model: str, bundle: str, share: float, least_agreement: float | None = None
    ) -> dict[str, Any]:
        """Give a bundle that the tier has to a share of the edges; the state of the roll-out."""
        asked = {"bundle": bundle, "share": share, "least_agreement": least_agreement}
        return self._post(model, "", asked)

    def promote(self, model: str) -> dict[str, Any]:
        """Give the candidate to every edge."""
        return self._post(model, "/promote", {})

    def roll_back(self, model: str, reason: str) -> dict[str, Any]:
        """Take back the candidate, or what was promoted."""
        return self._post(model, "/rollback", {"reason": reason})

    def _post(self, model: str, step: str, asked: dict[str, Any]) -> dict[str, Any]:
        body = json.dumps(asked).encode()
        return self._send(Call("POST", f"/v1/models/{model}/rollout{step}", body=body, is_repeatable=False))

    def _send(self, call: Call) -> dict[str, Any]:
        async def once() -> dict[str, Any]:
            async with self.transport.session() as session:
                return (await self.transport.send(session, call)).json()

        return asyncio.run(once())


def fleet_client(url: str, token: str | None, ca_file: Path | None) -> FleetClient:
    """A client of the tier at a URL. Raises UsageError."""
    shown = token or given_token(None)
    return FleetClient(Transport(url, shown, 60.0, Retries(0), client_files(ca_file, None)))
