"""Exponential back-off."""

from __future__ import annotations

from evosplit.edge.background.retries import BackOff


def test_pauses_double_up_to_the_longest_and_begin_anew() -> None:
    back_off = BackOff((0.5, 3.0))
    assert [back_off.next_s() for _ in range(5)] == [0.5, 1.0, 2.0, 3.0, 3.0]
    back_off.reset()
    assert back_off.next_s() == 0.5
