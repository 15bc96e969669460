"""Load of the processors: pressure stall information (PSI), or the load average."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

PROC: Final = Path("/proc")
_SOME: Final = re.compile(r"^some\s+avg10=(\d+(?:\.\d+)?)", re.MULTILINE)


def stalled_share(proc: Path = PROC) -> float | None:
    """The share of the last ten seconds in which some task waited for a processor; None without PSI."""
    said = _SOME.search(_text(proc / "pressure/cpu"))
    return None if said is None else min(float(said.group(1)) / 100, 1.0)


def load_share(proc: Path = PROC, processors: int | None = None) -> float | None:
    """The load average of the last minute over the number of processors; None where it cannot be read."""
    count = processors or len(os.sched_getaffinity(0))
    try:
        return float(_text(proc / "loadavg").split()[0]) / count
    except (IndexError, ValueError):
        return None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
