"""Ladders of a boundary's tensors: bytes and errors at the outputs for each step, from calibration alone.

Errors are those of a plan's table: noise to signal at the outputs with one tensor quantised, at a few
bit-widths, and in proportion to the noise between.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from evosplit.kernels.codec import decode_tensor, encode_tensor
from evosplit.kernels.errors.coded_sizes import coded_sizes, with_sizes
from evosplit.kernels.errors.coded_steps import CodedStep, with_errors
from evosplit.kernels.errors.output_error import noise_to_signal
from evosplit.kernels.errors.tensor_statistics import Watch, observed, relative, wire_codes
from evosplit.shared.plan import TensorCode

Tensors = Mapping[str, np.ndarray]
Tail = Callable[[Tensors], Mapping[str, np.ndarray]]
_PROBED_BITS: Final = (8, 6, 4, 3)
_PROBED_INPUTS: Final = 6


@dataclass(frozen=True)
class Ladder:
    """One tensor: ``codes`` of the present wire by bits, ``steps`` of the entropy coder with their errors."""

    codes: Mapping[int, TensorCode]
    steps: Sequence[CodedStep]


def ladders_of(calibration: Sequence[Tensors], boundary: Sequence[str], tail: Tail) -> dict[str, Ladder]:
    """The ladders of all tensors of a ``boundary``; ``calibration`` holds whatever ``tail`` reads."""
    return {name: _ladder(name, calibration, tail) for name in boundary}


def _ladder(name: str, calibration: Sequence[Tensors], tail: Tail) -> Ladder:
    watch = Watch()
    for tensors in calibration:
        watch.add(observed(tensors[name], len(calibration)))
    codes = wire_codes(watch.ranges())
    probed = calibration[:: max(len(calibration) // _PROBED_INPUTS, 1)][:_PROBED_INPUTS]
    sizes = [coded_sizes(name, tensors[name], watch.steps()) for tensors in probed]
    steps = with_sizes(watch.steps(), sizes, float(np.var(watch.values(), dtype=np.float64)))
    probed_codes = {bits: codes[bits] for bits in _PROBED_BITS}
    noises = relative(watch.mean_squared_errors(probed_codes), watch.values())
    errors = {bits: _error(name, code, probed, tail) for bits, code in probed_codes.items()}
    return Ladder(codes, with_errors(steps, noises, errors))


def _error(name: str, code: TensorCode, probed: Sequence[Tensors], tail: Tail) -> float:
    exact = [tail(tensors) for tensors in probed]
    changed = [
        tail({**tensors, name: decode_tensor(encode_tensor(name, tensors[name], code))}) for tensors in probed
    ]
    return noise_to_signal(exact, changed)
