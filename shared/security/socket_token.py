"""Bearer token of a WebSocket request, as one of its subprotocols: browsers cannot send other headers."""

from __future__ import annotations

import base64
import binascii
import contextlib
from collections.abc import Mapping
from typing import Final

EVENTS_PROTOCOL: Final = "evosplit.events.v1"
"""The subprotocol of events, of the agent and of the cloud."""
BEARER: Final = "evosplit.bearer."
"""Begins the subprotocol that has the token, in base64url without padding."""


def offered_token(headers: Mapping[str, str]) -> str | None:
    """An ``Authorization`` header made of the subprotocols of a WebSocket request.

    None where no subprotocol has a token that can be read: then there is none, as without the header.
    """
    for offered in headers.get("Sec-WebSocket-Protocol", "").split(","):
        name = offered.strip()
        if name.startswith(BEARER):
            coded = name.removeprefix(BEARER)
            with contextlib.suppress(binascii.Error, UnicodeDecodeError):
                return f"Bearer {base64.urlsafe_b64decode(coded + '=' * (-len(coded) % 4)).decode()}"
    return None
