"""Rate control: quantiser steps of one frame coarse enough for a budget of bytes."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.link.payloads import boundary_frame
from evosplit.edge.link.size_search import finest_fit
from evosplit.kernels.encoded_sizes import is_affine
from evosplit.kernels.expected_bytes import coarser_counts, expected_bytes
from evosplit.kernels.nearer_codes import from_zero
from evosplit.kernels.quantise import value_range
from evosplit.kernels.unpacked_codes import to_codes
from evosplit.shared.errors import FrameBudgetError
from evosplit.shared.plan import FLOAT_BITS, Plan, TensorCode
from evosplit.shared.wire import frame_overhead_bytes, tensor_overhead_bytes

_FACTORS: Final = 2.0 ** (np.arange(37) / 4)
"""Times the plan's steps, four to an octave; at 512 times nothing is left of codes of 8 bits."""
_WIDEST_BITS: Final = 8
_MOST_OVER: Final = 1.2
"""No coder takes so many times the expected bytes; what is not compressed, or wider, says nothing."""

Tensors = Mapping[str, NDArray[Any]]


def budgeted_frame(frame_id: str, plan: Plan, tensors: Tensors, max_bytes: int) -> bytes:
    """A boundary's frame at the plan's steps, or else the finest coarser ones at which it fits.

    All tensors get coarser by one factor; their width stays, but wide ones and floats get 8 bits, and what is
    never compressed is. Raises FrameBudgetError where the coarsest does not fit, and InputError for NaN and
    plus infinity.
    """
    content = boundary_frame(frame_id, plan, tensors)
    if len(content) <= max_bytes:
        return content

    def coarser(number: int) -> bytes:
        return boundary_frame(frame_id, _coarser(plan, tensors, float(_FACTORS[number])), tensors)

    expected, heads = _expected(_coarser(plan, tensors, 1.0), tensors), _heads_bytes(frame_id, plan, tensors)
    factor = min((len(content) - heads) / max(float(expected[0]), 1.0), _MOST_OVER)
    fit = finest_fit(coarser, lambda made: len(made) - heads, expected, max_bytes - heads, factor)
    fitting = fit.made
    if fitting is None:
        raise FrameBudgetError(f"a frame of the plan takes more than {max_bytes} bytes at any step")
    return fitting


def _expected(plan: Plan, tensors: Tensors) -> NDArray[np.float64]:
    """Bytes by factor; what is not quantised stays as it is."""
    size = np.zeros(_FACTORS.size)
    for name, code in plan.wire.items():
        histogram = from_zero(to_codes(name, tensors[name], code))
        if histogram is None:
            size += tensors[name].nbytes
        else:
            size += expected_bytes(coarser_counts(histogram, _FACTORS))
    return size


def _heads_bytes(frame_id: str, plan: Plan, tensors: Tensors) -> int:
    """What a frame takes beside its payloads."""
    heads = (tensor_overhead_bytes(name, tensors[name].ndim, 1) for name in plan.boundary)
    return frame_overhead_bytes(plan.cut_key, len(frame_id.encode())) + sum(heads)


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
    ends = (low * factor, high * factor)
    return TensorCode(bits, *ends, codec, code.lagrange_multiplier, code.transform, code.transform)
