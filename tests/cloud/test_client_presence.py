"""Clients that are still there, or not: told without waiting, by the messages of a server."""

from __future__ import annotations

import asyncio

from starlette.types import Message

from evosplit.cloud.client_presence import is_there


async def test_a_client_is_there_until_the_server_says_otherwise() -> None:
    messages: asyncio.Queue[Message] = asyncio.Queue()
    assert is_there(messages.get)
    assert is_there(messages.get)
    messages.put_nowait({"type": "http.disconnect"})
    assert not is_there(messages.get)
