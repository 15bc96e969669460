"""`Server-Timing`_: the header by which a cloud says how long a request waits for its turn, and took in all.

.. _Server-Timing: https://www.w3.org/TR/server-timing/
"""

from __future__ import annotations

import math
import re
from typing import Final

SERVER_TIMING: Final = "Server-Timing"
"""The header; its value is metrics with durations in milliseconds."""
QUEUE: Final = "queue"
"""What a request that came now would wait for a turn."""
TOTAL: Final = "total"
"""What this request took, its wait included."""

_LONGEST_S: Final = 3600.0
_QUEUE_S: Final = re.compile(rf"(?:^|,)\s*{QUEUE}\s*;\s*dur=([0-9.eE+-]{{1,32}})\s*(?:[;,]|$)")


def server_timing_header(queue_s: float, total_s: float) -> dict[str, str]:
    """The header of an answer."""
    return {SERVER_TIMING: f"{QUEUE};dur={queue_s * 1e3:.3f}, {TOTAL};dur={total_s * 1e3:.3f}"}


def queue_wait_s(text: str | None) -> float | None:
    """The wait in a header's value; None where it says none, or nothing that can be believed."""
    said = None if text is None else _QUEUE_S.search(text)
    try:
        wait_s = math.nan if said is None else float(said.group(1)) / 1e3
    except ValueError:
        return None
    return wait_s if 0 <= wait_s <= _LONGEST_S else None
