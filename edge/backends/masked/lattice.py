"""Translation lattice of a network: the shifts of its input by which kept activations can be moved along.

An activation of stride s stands for its shifted self where the input moved by a multiple of s. Where a
window touches padding, now or before the move, it does not: those positions are computed anew. They are
reached from strips along the input's borders, by the dilation that masks go through anyway.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.backends.masked.mask_groups import (
    Dilated,
    InputChanged,
    MaskGroups,
    MaskRule,
    Strided,
    Union,
    Upsampled,
)
from evosplit.edge.backends.masked.ops import Conv, Network, Op, Pool, Slice, SpaceToDepth, Upsample, Zeros
from evosplit.kernels.masked.window import Pair, Window

COARSEST: Final = 16
"""Positions of the input: to move by a multiple of more, too much of a picture is cut off."""

Strides: TypeAlias = Mapping[str, tuple[Fraction, Fraction]]
Line: TypeAlias = NDArray[np.bool_]
"""Positions along one axis."""


@dataclass(frozen=True)
class Lattice:
    """Shifts by multiples of ``spacing`` (rows, columns) can be followed.

    ``strides`` of each tensor, in positions of the input; strips of ``margins`` (rows, columns) along the
    input's borders reach, through all layers, whatever touches padding.
    """

    spacing: Pair
    strides: Strides
    margins: Pair

    def takes(self, shift: Pair) -> bool:
        """Whether kept arrays can be moved by so many rows and columns of the input."""
        return all(by % apart == 0 for by, apart in zip(shift, self.spacing, strict=True))

    def at(self, tensor: str, shift: Pair) -> Pair:
        """A shift of the input in positions of a tensor."""
        rows, columns = (int(by / stride) for by, stride in zip(shift, self.strides[tensor], strict=True))
        return rows, columns


def find_lattice(network: Network, groups: MaskGroups) -> Lattice | None:
    """None where nothing can be followed: several inputs, parts that are cut out, or too coarse a stride."""
    strides = _strides(network)
    if strides is None or not all(map(_spans_all, _slices(groups))):
        return None
    spacing = [math.lcm(*(stride[axis].numerator for stride in strides.values())) for axis in (0, 1)]
    margins = [_margin(groups.rules, axis, spacing[axis]) for axis in (0, 1)]
    if max(spacing) > COARSEST or None in margins:
        return None
    return Lattice((spacing[0], spacing[1]), strides, (margins[0] or 0, margins[1] or 0))


def _strides(network: Network) -> Strides | None:
    """None where operands of different strides meet."""
    if len(network.inputs) != 1:
        return None
    strides = {network.inputs[0]: (Fraction(1), Fraction(1))}
    for op in network.ops:
        read = {strides[name] for name in op.reads if name in strides}
        if len(read) > 1:
            return None
        if read:
            rows, columns = read.pop()
            down, across = _coarser(op)
            strides[op.out] = (rows * down, columns * across)
        elif not isinstance(op, Zeros):
            return None
    constant = {op.out for op in network.ops if isinstance(op, Zeros)}
    return {**dict.fromkeys(constant, (Fraction(1), Fraction(1))), **strides}


def _coarser(op: Op) -> tuple[Fraction, Fraction]:
    """By how much, in rows and columns."""
    if isinstance(op, Conv | Pool):
        return Fraction(op.window.stride[0]), Fraction(op.window.stride[1])
    if isinstance(op, SpaceToDepth):
        return Fraction(op.step), Fraction(op.step)
    if isinstance(op, Slice):
        return Fraction(op.rows[2]), Fraction(op.columns[2])
    if isinstance(op, Upsample):
        return Fraction(1, op.factor[0]), Fraction(1, op.factor[1])
    return Fraction(1), Fraction(1)


def _slices(groups: MaskGroups) -> list[tuple[range, int]]:
    """What is taken of which length."""
    return [
        (range(*span), groups.rules[rule.group].size[axis])
        for rule in groups.rules
        if isinstance(rule, Strided)
        for axis, span in enumerate((rule.rows, rule.columns))
    ]


def _spans_all(taken: tuple[range, int]) -> bool:
    """Whether a slice leaves nothing out at its ends but what its step skips."""
    positions, length = taken
    return positions.start < positions.step and positions[-1] + positions.step >= length


def _margin(rules: Sequence[MaskRule], axis: int, spacing: int) -> int | None:
    """The least multiple of ``spacing`` that reaches, in every group, what touches padding."""
    padded = _lines(rules, axis, 0, is_padded=True)
    length = max(line.size for line in padded)
    for margin in range(spacing, length + spacing, spacing):
        reached = _lines(rules, axis, margin, is_padded=False)
        if all((there | ~wanted).all() for there, wanted in zip(reached, padded, strict=True)):
            return margin
    return None


def _lines(rules: Sequence[MaskRule], axis: int, margin: int, is_padded: bool) -> list[Line]:
    """By group, what strips of ``margin`` reach; with ``is_padded``, padding reaches as well."""
    lines: list[Line] = []
    for rule in rules:
        lines.append(_line(rule, lines, axis, margin, is_padded))
    return lines


def _line(rule: MaskRule, lines: Sequence[Line], axis: int, margin: int, is_padded: bool) -> Line:
    if isinstance(rule, InputChanged):
        places = np.arange(rule.size[axis])
        return np.asarray((places < margin) | (places >= rule.size[axis] - margin))
    if isinstance(rule, Union):
        lines = [np.zeros(rule.size[axis], bool), *(lines[group] for group in rule.groups)]
        return np.asarray(np.logical_or.reduce(lines))
    before = lines[rule.group]
    if isinstance(rule, Dilated):
        return _through(before, rule.window, axis, rule.size[axis], is_padded)
    if isinstance(rule, Strided):
        return before[slice(*(rule.rows, rule.columns)[axis])]
    return before.repeat(rule.factor[axis]) if isinstance(rule, Upsampled) else before


def _through(line: Line, window: Window, axis: int, size: int, is_padded: bool) -> Line:
    stride, pads = window.stride[axis], (window.pads[axis], window.pads[axis + 2])
    padded = np.pad(line, pads, constant_values=is_padded)
    starts = [tap * window.dilation[axis] for tap in range(window.kernel[axis])]
    taps = [padded[start : start + stride * (size - 1) + 1 : stride] for start in starts]
    return np.asarray(np.logical_or.reduce(taps))
