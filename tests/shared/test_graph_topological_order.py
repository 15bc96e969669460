"""Topological order and components against slow oracles."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evosplit.shared.errors import ModelError
from evosplit.shared.graph.topological_order import components, topological_order

GRAPHS = st.integers(1, 8).flatmap(
    lambda size: st.lists(st.lists(st.integers(0, size - 1), max_size=4), min_size=size, max_size=size)
)


def _reach(follows: list[list[int]]) -> np.ndarray:
    """Who reaches whom, `(vertices, vertices)`, each itself: the closure by repeated squaring."""
    reach = np.eye(len(follows), dtype=bool)
    for vertex, later in enumerate(follows):
        reach[vertex, later] = True
    for _ in follows:
        reach = reach @ reach
    return reach


@given(GRAPHS)
def test_components_are_those_that_reach_each_other(follows: list[list[int]]) -> None:
    reach = _reach(follows)
    assert components(follows) == [int(np.argmax(row)) for row in reach & reach.T]


@given(GRAPHS)
def test_order_is_topological_or_there_is_a_cycle(follows: list[list[int]]) -> None:
    reach = _reach(follows)
    loops = (reach & reach.T).sum() > len(follows) or any(at in later for at, later in enumerate(follows))
    if loops:
        with pytest.raises(ModelError, match="circle"):
            topological_order(follows)
        return
    place = {vertex: at for at, vertex in enumerate(topological_order(follows))}
    assert len(place) == len(follows)
    assert all(place[vertex] < place[other] for vertex, later in enumerate(follows) for other in later)


def test_an_order_that_is_topological_stays() -> None:
    assert topological_order([[2], [3], [4], [4], []]) == [0, 1, 2, 3, 4]


def test_long_chains_need_no_deep_stack() -> None:
    chain = [[at + 1] for at in range(20_000)] + [[]]
    assert topological_order(chain) == list(range(20_001))
    assert components(chain) == list(range(20_001))
    assert set(components([*chain[:-1], [0]])) == {0}
