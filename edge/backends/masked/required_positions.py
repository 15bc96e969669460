"""Backwards through the areas: which positions are needed to get the wanted ones right."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.backends.masked.mask_groups import Areas, Enlarged, Rule, Spread, Strided, sources
from evosplit.kernels.masked import mask as masks
from evosplit.kernels.masked.window import Pair

Mask = NDArray[np.bool_]


def wanted_areas(areas: Areas, outputs: Mapping[int, Mask]) -> list[Mask]:
    """For every area the positions, bool (h, w), that the ``outputs`` (area: positions) depend on."""
    found = [np.zeros(rule.size, bool) for rule in areas.rules]
    for number, positions in outputs.items():
        found[number] |= positions
    for number in reversed(range(len(areas.rules))):
        rule = areas.rules[number]
        for source in sources(rule):
            found[source] |= _behind(rule, found[number], areas.rules[source].size)
    return found


def _behind(rule: Rule, wanted: Mask, size: Pair) -> Mask:
    """Positions of the area before, of ``size``, that ``wanted`` ones of ``rule`` read."""
    if isinstance(rule, Spread):
        return masks.needed(wanted, rule.window, size)
    if isinstance(rule, Enlarged):
        rows, columns = rule.factor
        return np.asarray(wanted.reshape(size[0], rows, size[1], columns).any(axis=(1, 3)))
    if isinstance(rule, Strided):
        read = np.zeros(size, bool)
        read[slice(*rule.rows), slice(*rule.columns)] = wanted
        return read
    return wanted


def projected(mask: Mask, size: Pair) -> Mask:
    """``mask`` at another resolution: set where a position's own rectangle of ``mask`` holds a set one."""
    for axis in (0, 1):
        here, there = mask.shape[axis], size[axis]
        cells = np.arange(there)
        first = cells * here // there
        last = np.maximum((cells + 1) * here + there - 1, 0) // there
        total = np.concatenate([np.zeros_like(mask.take([0], axis), int), mask.cumsum(axis)], axis)
        mask = (total.take(np.minimum(last, here), axis) - total.take(first, axis)) > 0
    return mask
