"""Bit assignment by a Lagrange multiplier (Shoham and Gersho 1988), as Auto-Split's search uses it.

For a price lambda per bit every item chooses on its own:  b_i(lambda) = argmin_b D_i(b) + lambda s_i b
A higher price gives fewer bits; assignments change at finitely many prices, and all of them are returned.
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bits = NDArray[np.int64]


def assignments_by_price(errors: Floats, elements: Floats, bits: Bits) -> Bits:
    """Every assignment that some price gives, from free to dear: (prices, items) bits.

    ``errors`` (items, widths) at ``bits`` (widths,), ascending; ``elements`` (items,) above zero.
    """
    if not len(elements):
        return np.zeros((1, 0), np.int64)
    rows = np.stack([_cheapest(errors, elements, bits, price) for price in _prices(errors, elements, bits)])
    changes = (rows[1:] != rows[:-1]).any(axis=1)
    distinct: Bits = rows[np.concatenate([[True], changes])]
    return distinct


def _cheapest(errors: Floats, elements: Floats, bits: Bits, price: float) -> Bits:
    chosen: Bits = bits[np.argmin(errors + price * elements[:, None] * bits, axis=1)]
    return chosen


def _prices(errors: Floats, elements: Floats, bits: Bits) -> list[float]:
    """One price within each range over which no item changes its mind."""
    steps = [
        (errors[:, few] - errors[:, many]) / (elements * (bits[many] - bits[few]))
        for few, many in itertools.combinations(range(len(bits)), 2)
    ]
    changes = np.unique([price for step in steps for price in step if price > 0])
    if not len(changes):
        return [0.0]
    between = np.sqrt(changes[:-1] * changes[1:])
    return [float(changes[0]) / 2, *between.tolist(), float(changes[-1]) * 2]
