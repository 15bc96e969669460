"""Progress callbacks of long measurements; nothing is printed here."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TypeAlias

Progress: TypeAlias = Callable[[str, int, int], None]
"""Called with what is measured, how many steps are done, and how many there are."""


def counting(progress: Progress | None, what: str) -> Callable[[int, int], None] | None:
    """A counter of (done, total) for one measurement; None where nobody listens."""
    return None if progress is None else functools.partial(progress, what)
