"""Reading: the interpreted outputs of one frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Reading:
    """``outcome`` is plain JSON, shaped by the card's output kind; ``confidence`` is 0 to 1, or None."""

    outcome: Any
    confidence: float | None
