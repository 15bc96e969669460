import itertools
import random

from evosplit.planner.baselines.min_cut import FlowGraph


def test_the_source_side_is_a_minimum_cut_and_the_smallest_of_those() -> None:
    for seed in range(150):
        rng = random.Random(seed)  # noqa: S311
        count = rng.randint(2, 7)
        pairs = itertools.permutations(range(count), 2)
        arcs = [(tail, head, rng.randint(0, 6)) for tail, head in pairs if rng.random() < 0.5]
        flow = FlowGraph(count)
        for arc in arcs:
            flow.arc(*arc)
        found = flow.source_side(0, count - 1)
        sides = [
            frozenset({0, *inner})
            for size in range(count - 1)
            for inner in itertools.combinations(range(1, count - 1), size)
        ]
        best = min((price(arcs, side), len(side)) for side in sides)
        assert (price(arcs, found), len(found)) == best, seed


def price(arcs: list[tuple[int, int, int]], side: frozenset[int]) -> int:
    return sum(size for tail, head, size in arcs if tail in side and head not in side)


def test_a_deep_chain_needs_no_recursion() -> None:
    flow = FlowGraph(5000)
    for node in range(4999):
        flow.arc(node, node + 1, 5 if node != 3000 else 1)
    assert flow.source_side(0, 4999) == frozenset(range(3001))
