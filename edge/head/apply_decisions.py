"""Applies channel and bit decisions to the tensors that are sent. Pure functions."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.backends.segment import Tensors
from evosplit.shared.plan import FLOAT_BITS, Plan, TensorCode


def with_bits(plan: Plan, bits: Mapping[str, int]) -> Plan:
    """The plan with these wire bits for one frame where they are fewer; ranges and codecs stay.

    What a hook has learned under a plan of more bits must not make another plan's frames longer.
    """
    if not bits:
        return plan
    codes = {name: plan.wire.get(name, TensorCode(FLOAT_BITS)) for name in plan.boundary}
    wire = {
        name: dataclasses.replace(code, bits=min(bits.get(name, code.bits), code.bits))
        for name, code in codes.items()
    }
    return dataclasses.replace(plan, wire=wire)


def kept_channels(tensors: Tensors, keep: Mapping[str, NDArray[np.bool_]]) -> Tensors:
    """The tensors `(1, C, ...)` with zeros in the channels that are not kept; zstd makes little of those.

    A tensor that has another number of channels than its mask stays whole.
    """
    fitting = {name: mask for name, mask in keep.items() if tensors[name].shape[1:2] == mask.shape}
    return {**tensors, **{name: _zeroed(tensors[name], mask) for name, mask in fitting.items()}}


def _zeroed(tensor: NDArray[Any], mask: NDArray[np.bool_]) -> NDArray[Any]:
    kept = tensor.copy()
    kept[:, ~mask] = 0
    return kept
