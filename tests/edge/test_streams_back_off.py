"""Back-off counted in frames."""

from __future__ import annotations

from evosplit.edge.streams.back_off import NO_FAILURE, BackOff


def test_twice_as_many_frames_wait_after_each_failure_up_to_sixty_four() -> None:
    waits, now = [], NO_FAILURE
    for _ in range(9):
        now = now.failed()
        waits.append(now.wait)
    assert waits == [1, 2, 4, 8, 16, 32, 64, 64, 64]


def test_frames_that_went_out_count_and_failures_stay() -> None:
    now = BackOff().failed().failed()
    waits = []
    for _ in range(4):
        waits.append(now.wait)
        now = now.sent()
    assert waits == [2, 1, 0, 0]
    assert now.failed().wait == 4
