"""Exponential back-off: pauses between tries, each twice as long as the last up to a limit."""

from __future__ import annotations


class BackOff:
    """Pauses from ``pauses_s[0]`` to ``pauses_s[1]`` seconds."""

    def __init__(self, pauses_s: tuple[float, float]) -> None:
        self._first_s, self._longest_s = pauses_s
        self._next_s = self._first_s

    def next_s(self) -> float:
        """The pause after one more failure."""
        pause_s, self._next_s = self._next_s, min(2 * self._next_s, self._longest_s)
        return pause_s

    def reset(self) -> None:
        """Something went well: begin with the first pause again."""
        self._next_s = self._first_s
