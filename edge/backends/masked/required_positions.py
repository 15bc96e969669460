"""Required positions (receptive fields, backwards): what the required outputs depend on, by mask group."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.backends.masked.mask_groups import (
    Dilated,
    MaskGroups,
    MaskRule,
    Strided,
    Upsampled,
    sources,
)
from evosplit.kernels.masked import mask as masks
from evosplit.kernels.masked.window import Pair

Mask = NDArray[np.bool_]


def required_positions(groups: MaskGroups, outputs: Mapping[int, Mask]) -> list[Mask]:
    """For every group the positions, bool (h, w), that the ``outputs`` (group: positions) depend on."""
    masks_by_group = [np.zeros(rule.size, bool) for rule in groups.rules]
    for number, positions in outputs.items():
        masks_by_group[number] |= positions
    for number in reversed(range(len(groups.rules))):
        rule = groups.rules[number]
        for source in sources(rule):
            masks_by_group[source] |= _behind(rule, masks_by_group[number], groups.rules[source].size)
    return masks_by_group


def _behind(rule: MaskRule, required: Mask, size: Pair) -> Mask:
    """Positions of the group before, of ``size``, that ``required`` ones of ``rule`` read."""
    if isinstance(rule, Dilated):
        return masks.needed(required, rule.window, size)
    if isinstance(rule, Upsampled):
        rows, columns = rule.factor
        return np.asarray(required.reshape(size[0], rows, size[1], columns).any(axis=(1, 3)))
    if isinstance(rule, Strided):
        read = np.zeros(size, bool)
        read[slice(*rule.rows), slice(*rule.columns)] = required
        return read
    return required


def resampled(mask: Mask, size: Pair) -> Mask:
    """``mask`` at another resolution: set where a position's own rectangle of ``mask`` holds a set one."""
    for axis in (0, 1):
        here, there = mask.shape[axis], size[axis]
        cells = np.arange(there)
        first = cells * here // there
        last = np.maximum((cells + 1) * here + there - 1, 0) // there
        total = np.concatenate([np.zeros_like(mask.take([0], axis), int), mask.cumsum(axis)], axis)
        mask = (total.take(np.minimum(last, here), axis) - total.take(first, axis)) > 0
    return mask
