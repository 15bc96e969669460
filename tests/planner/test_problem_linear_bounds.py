"""Which numbers make a program: seconds that are none are refused, rows that only look like it are not."""

import math

import pytest

from evosplit.planner.problem.costs import Choice, Costs, LayerCost, Linear, TensorCost
from evosplit.planner.problem.limits import Limits
from evosplit.planner.problem.linear_bounds import accepts

NOTHING = Linear(0.0)


def costs(*rows: Linear) -> Costs:
    layer = LayerCost("l", 1.0, (), rows, NOTHING)
    choices = (Choice(8, 10, 0.1), Choice(32, 40, 0.0))
    tensor = TensorCost("t", 0, (), 0, 1, choices, choices)
    return Costs((layer,), (tensor,), 10, Limits(), {}, False, "latency", None)


@pytest.mark.parametrize(
    ("row", "is_accepted"),
    [
        (Linear(1.0), True),
        (Linear(-1.0), False),
        (Linear(math.nan), False),
        (Linear(math.inf), False),
        (Linear(-1.0, 0.0, {"t": 0.5}), True),  # 3 seconds at 8 bits: a layer that gains more than fourfold
        (Linear(-5.0, 0.0, {"t": 0.5}), False),  # less than none at 8 bits
        (Linear(32.0, 0.0, {"t": -1.0}), True),  # a border, which vanishes at 32 bits
        (Linear(0.1 + 0.2, 0.0, {"t": -0.3 / 32}), True),  # the same, up to rounding
        (Linear(31.0, 0.0, {"t": -1.0}), False),
    ],
)
def test_seconds_are_looked_at_where_they_are_taken(row: Linear, is_accepted: bool) -> None:
    assert accepts(costs(row)) == is_accepted


def test_the_largest_row_counts() -> None:
    assert accepts(costs(Linear(-5.0, 0.0, {"t": 0.5}), Linear(0.5)))
