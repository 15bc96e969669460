"""One plan on as many inputs as decide, against all of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evosplit.planner.drop.estimate import Drop
from evosplit.planner.drop.sequential_look import IN_FULL, Z_LAST, decided_drop
from evosplit.planner.drop.shares import mean_drop

FIRST = 8


class Shares:
    """Made-up answers: what each input keeps."""

    def __init__(self, rooms: list[float]) -> None:
        self.rooms, self.seen = rooms, 0

    def observe(self, at: int) -> None:
        assert at == self.seen
        self.seen += 1

    def drop(self, z: float) -> Drop:
        return mean_drop(self.rooms[: self.seen], z=z)

    @property
    def certain(self) -> float:
        return sum(1 - room for room in self.rooms[: self.seen]) / len(self.rooms)


def judged(rooms: list[float], max_drop: float) -> tuple[Drop, int]:
    look = Shares(rooms)
    return decided_drop(look, len(rooms), max_drop, FIRST), look.seen


def test_what_is_lost_already_ends_a_look_at_once() -> None:
    found, seen = judged([0.0] * 200, 0.01)
    assert seen == 3, "three of two hundred answers are more than a hundredth"
    assert not found.holds(0.01)


def test_what_is_far_within_the_promise_ends_a_look_early() -> None:
    found, seen = judged([float("inf")] * 200, 0.01)
    assert (found.inputs, seen) == (50, 50)
    assert found.holds(0.01)


def test_what_is_near_it_takes_all_inputs() -> None:
    """Boxes that were all found: the one more that is supposed costs 1.2 / n points at least."""
    found, seen = judged([1.0] * 260, 0.01)
    assert seen == 260
    assert found == mean_drop([1.0] * 260, z=Z_LAST)
    assert found.holds(0.01)
    assert not judged([1.0] * 230, 0.01)[0].holds(0.01)


def test_a_few_inputs_never_say_yes_early() -> None:
    assert judged([float("inf")] * 31, 0.01)[1] == 31
    assert judged([float("inf")] * 32, 0.01)[1] == 16


@pytest.mark.parametrize("rooms", [[0.0] * 40, [1.0] * 40])
def test_in_full_nothing_is_left_out(rooms: list[float]) -> None:
    found, seen = judged(rooms, IN_FULL)
    assert seen == 40
    assert found == mean_drop(rooms, z=Z_LAST)


@given(st.lists(st.floats(0.9, 1.0), min_size=1, max_size=80), st.floats(0.0, 0.2))
def test_a_certain_no_is_no_on_all_inputs(rooms: list[float], max_drop: float) -> None:
    look = Shares(rooms)
    for at in range(len(rooms)):
        look.observe(at)
        if look.certain > max_drop:
            assert mean_drop(rooms).measured > max_drop * (1 - 1e-9)
            return


def test_early_looks_let_hardly_more_luck_in_than_one() -> None:
    """Plans that lose 1.3 points of all inputs are admitted no oftener than one in twenty."""
    rng = np.random.default_rng(5)
    admitted = {"early": 0, "all": 0}
    for _ in range(400):
        rooms = (1 - rng.binomial(1, 0.013, 240)).astype(float).tolist()
        admitted["early"] += judged(rooms, 0.01)[0].holds(0.01)
        admitted["all"] += mean_drop(rooms, z=Z_LAST).holds(0.01)
    assert admitted["early"] <= 20
    assert admitted["early"] <= admitted["all"] + 4
