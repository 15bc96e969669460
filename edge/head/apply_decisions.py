"""Applies decisions on channels and codes to the tensors that are sent. Pure functions."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.backends.segment import Tensors
from evosplit.shared.plan import ENTROPY_CODED, FLOAT_BITS, Plan, TensorCode


def with_codes(plan: Plan, codes: Mapping[str, TensorCode]) -> Plan:
    """The plan with these codes for one frame where they are coarser.

    What a hook has learned under a plan of finer codes must not make another plan's frames longer.
    """
    if not codes:
        return plan
    wire = {name: plan.wire.get(name, TensorCode(FLOAT_BITS)) for name in plan.boundary}
    coarser = {name: _coarser(wire[name], code) for name, code in codes.items() if name in wire}
    return dataclasses.replace(plan, wire={**wire, **coarser})


def _coarser(planned: TensorCode, code: TensorCode) -> TensorCode:
    if not code.is_coarser(planned):
        return planned
    return code if code.codec == ENTROPY_CODED else dataclasses.replace(planned, bits=code.bits)


def kept_channels(plan: Plan, tensors: Tensors, keep: Mapping[str, NDArray[np.bool_]]) -> Tensors:
    """The tensors `(1, C, ...)` with zeros in the channels that are not kept; zstd makes little of those.

    A tensor that has another number of channels than its mask stays whole, and one whose components are sent:
    they have no zeros where its channels have.
    """
    whole = {name for name, code in plan.wire.items() if code.transform is not None}
    fitting = {
        name: mask
        for name, mask in keep.items()
        if tensors[name].shape[1:2] == mask.shape and name not in whole
    }
    return {**tensors, **{name: _zeroed(tensors[name], mask) for name, mask in fitting.items()}}


def _zeroed(tensor: NDArray[Any], mask: NDArray[np.bool_]) -> NDArray[Any]:
    kept = tensor.copy()
    kept[:, ~mask] = 0
    return kept
