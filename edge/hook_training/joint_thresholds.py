"""Joint thresholds of all exits of a head: the least arithmetic for a stated agreement of all frames.

An exit near the input saves much, a late one little, so to ask the same agreement of each wastes what the
early ones could save. Here all thresholds start at "never" and are lowered one at a time, always the one
that saves most per frame that it answers wrongly, as long as the agreement of all held-out frames, by its
lower confidence bound, keeps the target (a greedy knapsack).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.hook_training.binomial_bounds import at_least

NEVER: Final = 2.0
"""A threshold above every confidence."""

_LEVELS: Final = 100
"""Thresholds to try per exit: as many shares of the frames."""


@dataclass(frozen=True, eq=False)
class ExitRow:
    """One exit, on held-out frames: ``confidence`` `(n,)`, whether its answer ``agrees`` `(n,)`.

    A confidence of 0 is no answer. ``cost`` is what a frame has cost when it leaves here, in any unit: layers
    and hooks up to this one.
    """

    confidence: NDArray[np.floating]
    agrees: NDArray[np.bool_]
    cost: float


@dataclass(frozen=True)
class Outcome:
    """Thresholds, one per exit; mean cost of a frame, share of frames whose answer agrees, share per exit."""

    thresholds: tuple[float, ...]
    cost: float
    agreement: float
    shares: tuple[float, ...]


def joint_thresholds(rows: Sequence[ExitRow], rest: ExitRow, target: float, sure: float = 0.95) -> Outcome:
    """Thresholds for exits in the order of the head; ``rest`` is for frames that no exit answers.

    ``target`` is the share of *all* frames whose answer is the network's, kept by a lower confidence bound.
    ``rest`` may disagree, too, where blocks are skipped; its confidence does not matter. The rows must be of
    samples that nothing was trained on.
    """
    best = outcome(rows, [NEVER] * len(rows), rest)
    count = len(rest.agrees)
    levels = [_levels(row.confidence) if count else row.confidence for row in rows]
    while True:
        tried = (outcome(rows, thresholds, rest) for thresholds in _lower(best.thresholds, levels))
        kept = [
            candidate
            for candidate in tried
            if at_least(round(candidate.agreement * count), count, target, sure)
        ]
        better = [candidate for candidate in kept if candidate.cost < best.cost]
        if not better:
            return best
        before = best
        best = max(better, key=lambda candidate: _worth(before, candidate, count))


def worthwhile(
    rows: Sequence[ExitRow], rest: ExitRow, target: float, hook_cost: float, sure: float = 0.95
) -> Outcome:
    """As `joint_thresholds`; exits that save less than they cost the frames that pass them never answer.

    ``hook_cost`` is what it costs to ask an exit and to cut the head there, in the rows' unit. What an exit
    answers would cost as much as at the next one.
    """
    kept = list(range(len(rows)))
    while True:
        joint = joint_thresholds([rows[index] for index in kept], rest, target, sure)
        costs = [*(rows[index].cost for index in kept), rest.cost]
        reach = 1 - np.cumsum([0.0, *joint.shares])
        gains = [
            share * (costs[index + 1] - costs[index]) - hook_cost * reach[index]
            for index, share in enumerate(joint.shares)
        ]
        if not gains or min(gains) >= 0:
            limits = dict(zip(kept, joint.thresholds, strict=True))
            return outcome(rows, [limits.get(index, NEVER) for index in range(len(rows))], rest)
        del kept[int(np.argmin(gains))]


def outcome(rows: Sequence[ExitRow], thresholds: Sequence[float], rest: ExitRow) -> Outcome:
    """What given thresholds come to."""
    count = len(rest.agrees)
    alive, cost, wrong = np.ones(count, bool), 0.0, 0
    shares = []
    for row, threshold in zip(rows, thresholds, strict=True):
        leaves = alive & (row.confidence >= threshold)
        left = int(leaves.sum())
        cost += left * row.cost
        wrong += int((leaves & ~row.agrees).sum())
        shares.append(left / max(count, 1))
        alive &= ~leaves
    mean = (cost + int(alive.sum()) * rest.cost) / max(count, 1)
    wrong += int((alive & ~rest.agrees).sum())
    return Outcome(tuple(thresholds), mean, 1 - wrong / max(count, 1), tuple(shares))


def reached(rows: Sequence[ExitRow], thresholds: Sequence[float]) -> list[tuple[float, float]]:
    """Per exit: the share that it answers of the frames that reach it, and the agreement of its answers."""
    alive, rates = np.ones(len(rows[0].agrees) if rows else 0, bool), []
    for row, threshold in zip(rows, thresholds, strict=True):
        leaves = alive & (row.confidence >= threshold)
        left = int(leaves.sum())
        agreed = float(row.agrees[leaves].mean()) if left else 0.0
        rates.append((left / max(int(alive.sum()), 1), agreed))
        alive &= ~leaves
    return rates


def _worth(before: Outcome, after: Outcome, count: int) -> float:
    """What a step saves per frame that it gets wrong; half a frame more, as it may be none."""
    wrong = max(0.0, (before.agreement - after.agreement) * count)
    return (before.cost - after.cost) / (wrong + 0.5)


def _lower(
    thresholds: tuple[float, ...], levels: Sequence[NDArray[np.floating]]
) -> Iterator[tuple[float, ...]]:
    """Every way to lower one of the thresholds."""
    for index, choices in enumerate(levels):
        for level in choices[choices < thresholds[index]]:
            yield (*thresholds[:index], float(level), *thresholds[index + 1 :])


def _levels(confidence: NDArray[np.floating]) -> NDArray[np.floating]:
    levels = np.unique(np.quantile(confidence, np.linspace(0, 1, _LEVELS, endpoint=False)))
    return levels[levels > 0]
