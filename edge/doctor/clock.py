"""Checks of the clock: a plausible time, kept by a time server (adjtimex)."""

from __future__ import annotations

import ctypes
import ctypes.util
import datetime as dt
from typing import Final

from evosplit.edge.doctor.finding import Finding, ok, problem, warning

EARLIEST_S: Final = dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc).timestamp()
"""Clocks without a battery begin at 1970 or at the day of an image."""
_UNSYNCHRONISED: Final = 5  # TIME_ERROR, linux/timex.h
_NTP: Final = "timedatectl set-ntp true"
_TIMEX_BYTES: Final = 512
"""More than the structure has."""


def clock_state() -> int | None:
    """What ``adjtimex`` returns; None where there is none."""
    try:
        return int(ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES)))
    except (OSError, AttributeError):
        return None


def check_clock(now_s: float, state: int | None) -> Finding:
    """By the Unix time and the state of the clock."""
    moment = dt.datetime.fromtimestamp(now_s, dt.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    if now_s < EARLIEST_S:
        return problem("clock", moment, f"set it: certificates and results go by it ({_NTP})")
    if state == _UNSYNCHRONISED:
        return warning("clock", f"{moment}, not synchronised", f"let a time server keep it: {_NTP}")
    return ok("clock", moment)
