"""Rate control: quantiser steps of one frame coarse enough for a budget of bytes."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Final

from numpy.typing import NDArray

from evosplit.edge.link.payloads import boundary_frame
from evosplit.kernels.encoded_sizes import is_affine
from evosplit.kernels.quantise import value_range
from evosplit.shared.errors import FrameBudgetError
from evosplit.shared.plan import FLOAT_BITS, Plan, TensorCode

_PER_OCTAVE: Final = 4
"""Steps on offer from one to twice its size."""
_OCTAVES: Final = 9
"""The coarsest step is so many octaves coarser: 512 times, which leaves nothing of codes of 8 bits."""
_WIDEST_BITS: Final = 8

Tensors = Mapping[str, NDArray[Any]]


def budgeted_frame(frame_id: str, plan: Plan, tensors: Tensors, max_bytes: int) -> bytes:
    """A boundary's frame at the plan's steps, or else the finest coarser ones at which it fits.

    All tensors get coarser by one factor; their width stays, but wide ones and floats get 8 bits, and what is
    never compressed is. Frames get shorter with the step but for ripples, so this is a bisection. Raises
    FrameBudgetError where the coarsest does not fit, and InputError for NaN and plus infinity.
    """
    content = boundary_frame(frame_id, plan, tensors)
    if len(content) <= max_bytes:
        return content
    fitting: bytes | None = None
    low, high = 0, _PER_OCTAVE * _OCTAVES
    while low <= high:
        middle = (low + high) // 2
        content = boundary_frame(frame_id, _coarser(plan, tensors, 2.0 ** (middle / _PER_OCTAVE)), tensors)
        if len(content) <= max_bytes:
            fitting, high = content, middle - 1
        else:
            low = middle + 1
    if fitting is None:
        raise FrameBudgetError(f"a frame of the plan takes more than {max_bytes} bytes at any step")
    return fitting


def _coarser(plan: Plan, tensors: Tensors, factor: float) -> Plan:
    codes = {name: plan.wire.get(name, TensorCode(FLOAT_BITS)) for name in plan.boundary}
    wire = {name: _coarser_code(tensors[name], code, factor) for name, code in codes.items()}
    return dataclasses.replace(plan, wire=wire)


def _coarser_code(array: NDArray[Any], code: TensorCode, factor: float) -> TensorCode:
    bits = min(code.bits, _WIDEST_BITS)
    if not is_affine(array.dtype.name, bits):
        return code
    low, high = code.low, code.high
    if low is None or high is None or bits != code.bits:
        low, high = (float(end[0]) for end in value_range(array))
    codec = None if code.codec == "none" else code.codec
    return TensorCode(bits, low * factor, high * factor, codec, code.lagrange_multiplier)
