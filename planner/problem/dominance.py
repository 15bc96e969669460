"""Bit-widths that no plan needs: another one beats or equals them in all that counts."""

from __future__ import annotations

import operator
from collections.abc import Iterable
from typing import Final

from evosplit.planner.problem.costs import Choice
from evosplit.planner.problem.linear_bounds import Ways

_NEITHER: Final = Ways(False, False)


def undominated(
    choices: Iterable[Choice],
    size_matters: bool,
    stored_bits: tuple[int, ...] = (),
    cheaper: Ways = _NEITHER,
) -> tuple[Choice, ...]:
    """Choices that no other one beats or equals in size, error and time at once, most bits first.

    Leaving the others out does not change the optimum: each has a replacement that is no worse in
    anything. Where size does not matter (no memory limit), it is not compared. ``stored_bits`` are the
    widths at which a tensor to be sent may be stored: the error on the wire depends on them. ``cheaper`` says
    whether fewer bits, or more, are worth something in themselves (time, joules); where both are, only equal
    bits compare.
    """
    kept: list[tuple[Choice, tuple[float, ...]]] = []
    for choice in sorted(choices, key=lambda choice: -choice.bits):
        mine = _merits(choice, size_matters, stored_bits, cheaper)
        if not any(all(map(operator.le, other, mine)) for _, other in kept):
            kept = [pair for pair in kept if not all(map(operator.le, mine, pair[1]))]
            kept.append((choice, mine))
    return tuple(choice for choice, _ in kept)


def _merits(
    choice: Choice, size_matters: bool, stored_bits: tuple[int, ...], cheaper: Ways
) -> tuple[float, ...]:
    errors = [0.0 if choice.is_exact(bits) else choice.error for bits in stored_bits] or [choice.error]
    size = choice.size_bytes if size_matters else 0
    bits = (choice.bits if cheaper.fewer else 0, -choice.bits if cheaper.more else 0)
    return (size, *bits, choice.edge_s, choice.cloud_s, *errors)
