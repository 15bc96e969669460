"""A queue that many edges see: sixteen of them settle before one cloud, leave a busy one, and come back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from queue_play import Play

from evosplit.shared import cloud_queue
from evosplit.shared.cloud_queue import FEWEST, JOINING, CloudQueue

EDGES = 16
SETTLED_S = 15.0
END_S = 35.0


def test_sixteen_edges_settle_near_the_best_split_of_the_cloud_among_them() -> None:
    best_s = min(Play(EDGES, 1, sending=count).run(8.0).mean_s(2.0) for count in range(0, EDGES + 1, 2))
    play = Play(EDGES, 1).run(END_S)
    assert play.mean_s(SETTLED_S) <= 1.05 * best_s
    assert play.changes(SETTLED_S) <= EDGES  # at most about three changes of an edge in a minute
    assert 0 < play.senders < EDGES


def test_without_these_rules_they_swing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TAKEN_UP", "NEWEST", "JOINING"):
        monkeypatch.setattr(cloud_queue, name, 1.0)
    assert Play(EDGES, 1).run(12.0).changes(4.0) > 3 * EDGES


def test_a_busy_cloud_is_left_and_an_idle_one_is_used_again() -> None:
    def slow(now_s: float) -> float:
        return 6.0 if 10 <= now_s < 30 else 1.0

    few = Play(4, 3, slow)
    few.run(9.0)
    assert few.senders == 4
    few.run(29.0)
    assert few.senders <= 2
    few.run(75.0)
    assert few.senders >= 3


@given(st.lists(st.floats(0, 10), max_size=50), st.integers(0, 2**31))
def test_a_mean_of_readings_lies_between_them(readings: list[float], seed: int) -> None:
    queue = CloudQueue(seed)
    for wait_s in readings:
        queue = queue.seen(wait_s)
    assert queue.readings == len(readings)
    assert 0 <= queue.wait_s <= max(readings, default=0.0) + 1e-12
    assert queue.counted_s(is_there=False) == JOINING * queue.counted_s(is_there=True)


def test_edges_take_up_readings_at_turns_of_their_own() -> None:
    taken = []
    for seed in range(2):
        queue, turns = CloudQueue(seed), []
        for count in range(400):
            before, queue = queue, queue.seen(float(count + 1))
            turns.append(queue.wait_s != before.wait_s)
        taken.append(turns)
    assert taken[0][:FEWEST] == [True] * FEWEST
    assert taken[0] != taken[1]
    assert all(60 < sum(turns) < 140 for turns in taken)


def test_waits_that_end_are_forgotten() -> None:
    queue = CloudQueue(5)
    for _ in range(20):
        queue = queue.seen(0.5)
    assert queue.wait_s > 0.2
    for _ in range(200):
        queue = queue.seen(0.0)
    assert queue.wait_s == 0.0
