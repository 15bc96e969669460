"""Group-sequential measurement of a plan's drop: it ends as soon as the inputs seen decide.

- **No, for certain**: what is lost already, shared among all inputs, exceeds the limit whatever follows.
- **No, most likely**: after some inputs, and twice as many each time, the lower bound exceeds the limit.
- **Yes**: at a quarter and at half of the inputs the promise may hold already. Three looks at one plan would
  let too much luck in, so that they share the 5 % (alpha spending, Haybittle and Peto): 0.25 % each for the
  early ones, the rest for the last.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from evosplit.planner.drop.estimate import Drop
from evosplit.shared.plan import Plan

Z_EARLY: Final = 2.807
"""One-sided 99.75 % of a normal distribution."""
Z_LAST: Final = 1.695
"""One-sided 95.5 %."""
_EARLY_PARTS: Final = (4, 2)
_LEAST_EARLY: Final = 16
"""Fewer inputs do not show how unlike each other inputs are."""
IN_FULL: Final = 1.0
"""As a limit: the drop on all inputs is wanted, whatever it is."""


class Look(Protocol):
    """One plan on inputs that come one after the other."""

    def observe(self, index: int) -> None:
        """Run the input of this index."""

    def drop(self, z: float) -> Drop:
        """By the inputs so far, with this quantile for the upper bound."""

    @property
    def certain(self) -> float:
        """The drop measured on all inputs is at least this share."""


def decided_drop(
    look: Look, total: int, max_drop: float, first: int, progress: Callable[[int, int], None] | None = None
) -> Drop:
    """The drop after as many of ``total`` inputs as decide whether it is within ``max_drop``.

    Never given up by its lower bound before ``first`` inputs. With `IN_FULL` after all of them.
    """
    early = {count for part in _EARLY_PARTS if (count := total // part) >= _LEAST_EARLY}
    check_at = first
    for done in range(1, total + 1):
        look.observe(done - 1)
        if progress is not None:
            progress(done, total)
        if max_drop >= IN_FULL or done == total:
            continue
        if done in early and (drop := look.drop(Z_EARLY)).holds(max_drop):
            return drop
        if look.certain > max_drop:
            break
        if done == check_at:
            check_at *= 2
            if look.drop(Z_LAST).lower > max_drop:
                break
    return look.drop(Z_LAST)


class DropMemo:
    """Drops by plan and promise, as ``measure`` finds them: equal plans are measured once."""

    def __init__(self, measure: Callable[[Plan, float], Drop]) -> None:
        self._measure = measure
        self._known: dict[tuple[str, float], Drop] = {}

    def __call__(self, plan: Plan, max_drop: float) -> Drop:
        """The drop of a plan, in full unless it cannot be within ``max_drop``."""
        key = (plan.without_cost, max_drop)
        if key not in self._known:
            self._known[key] = self._measure(plan, max_drop)
        return self._known[key]
