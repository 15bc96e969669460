"""Back-off counted in frames."""

from __future__ import annotations

from evosplit.edge.streams.back_off import NO_FAILURE, SUCCESSES, BackOff


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


def test_so_many_successes_in_a_row_make_up_for_one_failure() -> None:
    now = NO_FAILURE.failed().failed()
    for _ in range(SUCCESSES):
        now = now.succeeded()
    assert (now.failures, now.wait) == (1, 2), "what waits goes on waiting"
    for _ in range(SUCCESSES - 1):
        now = now.succeeded()
    assert now.failed().failures == 2
    assert NO_FAILURE.succeeded() == NO_FAILURE


def test_a_cloud_that_works_again_is_trusted_after_a_bounded_time() -> None:
    now = NO_FAILURE
    for _ in range(100):
        now = now.failed()
    for _ in range(7 * SUCCESSES):
        now = now.succeeded()
    assert now.failures == 0
