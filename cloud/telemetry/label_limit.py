"""Cardinality limit of labels: the first so many label sets are themselves, all others are one.

Whoever may send frames may name any cut of a model; without a limit each would stay a time series for ever.
"""

from __future__ import annotations

import threading
from typing import Final

OTHER: Final = "other"


class LabelLimit:
    """Pairs of model and cut that metrics tell apart; safe to call from several threads."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._known: set[tuple[str, str]] = set()
        self._lock = threading.Lock()

    def pair(self, model: str, cut: str) -> tuple[str, str]:
        """The pair itself while there is room, then ``other`` for both."""
        with self._lock:
            if len(self._known) < self._limit:
                self._known.add((model, cut))
            return (model, cut) if (model, cut) in self._known else (OTHER, OTHER)
