"""Client disconnect detection by polling: no task listens, nobody waits.

Ray Serve's own way is a task for each request, a queue that it fills, and a second task to race it.
"""

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
