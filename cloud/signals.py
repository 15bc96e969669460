"""Signal handling: SIGINT, SIGTERM and SIGHUP end a command in order, whenever they come."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Final

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequested(BaseException):
    """The user asked the command to end."""


def stop_on_signals() -> None:
    """From now on the first signal raises `StopRequested` in the main thread; later ones do nothing."""
    for number in _SIGNALS:
        signal.signal(number, _stop)


def ignore_signals() -> None:
    """From now on neither signal does anything: the command is ending already."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def wait_for_signal(look: Callable[[], None], every_s: float) -> None:
    """Look every so often until `StopRequested` is raised."""
    while True:
        threading.Event().wait(every_s)
        look()


def _stop(_number: int, _frame: FrameType | None) -> None:
    ignore_signals()
    raise StopRequested
