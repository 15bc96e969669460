"""Whether the client of a request is still there, asked without waiting and without a task that listens."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, cast

from starlette.types import Message, Receive


def is_there(receive: Receive) -> bool:
    """Whether the client has not gone, once the body of its request was read: ASGI's next message says so.

    It is asked for and given up again at once where there is none yet.
    """
    asked = cast(Coroutine[Any, Any, Message], receive())
    try:
        asked.send(None)
    except StopIteration as said:
        message: Message = said.value
        return bool(message["type"] != "http.disconnect")
    asked.close()
    return True
