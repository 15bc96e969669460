"""Lower bounds by Lagrangian relaxation: choose one option per item, two sums limited.

    minimise   sum of value,   sum of memory <= M,   sum of error <= E
    bound      max over p, q >= 0 of
               sum over items of min over options (value + p memory + q error) - p M - q E

Any p and q give a bound; the best ones are found by nested bisection, since the bound is concave in both.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_STEPS = 14
_SPAN = 1e7
"""Prices are sought over this factor below the price at which one item's step outweighs all values."""


@dataclass(frozen=True)
class Items:
    """(items, options) each."""

    value: Floats
    memory: Floats
    error: Floats


@dataclass(frozen=True)
class Point:
    """What the options chosen at prices ``p`` and ``q`` add up to, and the bound that this proves."""

    p: float
    q: float
    bound: float
    value: float
    memory: float
    error: float
    picks: tuple[NDArray[np.int64], ...]


@dataclass(frozen=True)
class Relaxation:
    """Items in blocks of equal width, what is spent anyway, and the limits that remain."""

    blocks: tuple[Items, ...]
    fixed: float
    memory_left: float
    error_left: float

    def at(self, p: float, q: float) -> Point:
        """The cheapest options at prices ``p`` of a byte and ``q`` of error."""
        value, memory, error = self.fixed, 0.0, 0.0
        picks = []
        for items in self.blocks:
            price = items.value + p * items.memory + q * items.error
            pick = price.argmin(axis=1)
            rows = np.arange(len(pick))
            value += float(items.value[rows, pick].sum())
            memory += float(items.memory[rows, pick].sum())
            error += float(items.error[rows, pick].sum())
            picks.append(pick)
        bound = value
        bound += p * (memory - self.memory_left) if p else 0.0
        bound += q * (error - self.error_left) if q else 0.0
        return Point(p, q, bound, value, memory, error, tuple(picks))

    def regrets(self, p: float, q: float) -> tuple[Floats, ...]:
        """Per block (items, options): by how much the bound rises if an item takes that option."""
        raised = []
        for items in self.blocks:
            price = items.value + p * items.memory + q * items.error
            raised.append(price - price.min(axis=1, keepdims=True))
        return tuple(raised)

    def swapped(self, most: float) -> Relaxation:
        """The same choices, for the least error at a value of at most ``most``."""
        blocks = tuple(Items(items.error, items.memory, items.value) for items in self.blocks)
        return Relaxation(blocks, 0.0, self.memory_left, most - self.fixed)

    def is_hopeless(self) -> bool:
        """Whether even the smallest options exceed a limit."""
        memory = sum(float(items.memory.min(axis=1).sum()) for items in self.blocks)
        error = sum(float(items.error.min(axis=1).sum()) for items in self.blocks)
        return memory > self.memory_left or error > self.error_left * (1 + 1e-9) + 1e-15

    def is_met(self, point: Point) -> bool:
        """Whether a point's options keep both limits."""
        return point.memory <= self.memory_left and point.error <= self.error_left


def best_bound(relaxation: Relaxation, enough: float, seen: Callable[[Point], None], scale: float) -> Point:
    """The point of the best bound found, or the first whose bound reaches ``enough``.

    ``seen`` gets every point that keeps the limits: a solution. ``scale`` is a value that is large for the
    whole problem, from which the range of prices is derived.
    """
    search = _Search(relaxation, enough, seen, scale)
    if relaxation.is_hopeless():
        return replace(search.best, bound=math.inf)
    search.over_p()
    return search.best


class _Search:
    def __init__(
        self, relaxation: Relaxation, enough: float, seen: Callable[[Point], None], scale: float
    ) -> None:
        self.relaxation, self.enough, self.seen, self.scale = relaxation, enough, seen, scale
        self.best = self.look(0.0, 0.0)

    def look(self, p: float, q: float) -> Point:
        point = self.relaxation.at(p, q)
        if self.relaxation.is_met(point):
            self.seen(point)
        if not hasattr(self, "best") or point.bound > self.best.bound:
            self.best = point
        return point

    def is_done(self) -> bool:
        return self.best.bound >= self.enough

    def over_p(self) -> None:
        """Bisect the price of memory, and below it that of error."""
        left = self.relaxation.memory_left
        point = self.over_q(0.0)
        if self.is_done() or point.memory <= left:
            return
        high = self.scale / max(1.0, left * 1e-3)
        low = high / _SPAN
        for _ in range(_STEPS):
            middle = math.sqrt(low * high)
            point = self.over_q(middle)
            if self.is_done():
                return
            low, high = (middle, high) if point.memory > left else (low, middle)

    def over_q(self, p: float) -> Point:
        """The price of error at which the limit is just kept, given that of memory."""
        left = self.relaxation.error_left
        latest = self.look(p, 0.0)
        if self.is_done() or latest.error <= left:
            return latest
        high = self.scale / max(left * 1e-3, 1e-12)
        low = high / _SPAN
        for _ in range(_STEPS):
            middle = math.sqrt(low * high)
            point = self.look(p, middle)
            if self.is_done():
                return point
            if point.error > left:
                low = middle
            else:
                high, latest = middle, point
        return latest
