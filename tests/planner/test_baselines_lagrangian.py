import itertools

import numpy as np

from evosplit.planner.baselines.lagrangian import assignments_by_price

BITS = np.array([2, 4, 6, 8])


def test_every_assignment_is_the_best_of_its_size_and_no_price_is_left_out() -> None:
    for seed in range(40):
        rng = np.random.default_rng(seed)
        elements = rng.integers(1, 50, 3).astype(float)
        errors = rng.uniform(0.5, 2, (3, 1)) * 4.0**-BITS * rng.uniform(0.3, 3, (3, 4))
        found = {tuple(row) for row in assignments_by_price(errors, elements, BITS).tolist()}
        every = list(itertools.product(range(4), repeat=3))
        sizes = np.array([sum(elements * BITS[list(one)]) for one in every])
        lost = np.array([errors[range(3), list(one)].sum() for one in every])
        for row in found:
            at = every.index(tuple(int(np.flatnonzero(bits == BITS)[0]) for bits in row))
            assert lost[at] <= lost[sizes <= sizes[at]].min() + 1e-15
        for price in 10 ** rng.uniform(-9, 1, 60):
            cheapest = every[int(np.argmin(lost + price * sizes))]
            assert tuple(BITS[list(cheapest)].tolist()) in found


def test_fewer_bits_for_higher_prices() -> None:
    found = assignments_by_price(np.array([[1.0, 0.1, 0.01, 0.001]] * 2), np.array([1.0, 9.0]), BITS)
    assert (np.diff(found.sum(axis=1)) < 0).all()
    assert found[0].tolist() == [8, 8]
    assert found[-1].tolist() == [2, 2]


def test_nothing_to_assign() -> None:
    assert assignments_by_price(np.zeros((0, 4)), np.zeros(0), BITS).shape == (1, 0)
