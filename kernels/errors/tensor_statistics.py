"""Calibration statistics of a float tensor: range, samples, clip ranges, errors, bytes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evosplit.kernels.clipping import METHODS, Clip
from evosplit.kernels.codec import encode_tensor
from evosplit.kernels.errors.coded_steps import CodedStep, coded_steps
from evosplit.kernels.quantise import fake_quantise, value_range
from evosplit.shared.plan import FLOAT_BITS, TensorCode

ACTIVATION_BITS: Final = (2, 3, 4, 5, 6, 8, 16)
OWN_RANGE_BITS: Final = 8
SAMPLES: Final = 32_768
"""Elements of a tensor that its errors are taken over, evenly spread over all inputs."""

Ranges = dict[int, tuple[float, float]]


@dataclass(frozen=True)
class Observed:
    """One input's values of a tensor: their ends, and evenly spread samples where all are finite."""

    low: float
    high: float
    samples: NDArray[np.float32] | None


def observed(array: np.ndarray, inputs: int) -> Observed:
    """What one of so many ``inputs`` adds to a `Watch`."""
    low, high = (float(end[0]) for end in value_range(array))
    if not (math.isfinite(low) and math.isfinite(high)):
        return Observed(low, high, None)
    flat = array.reshape(-1)
    step = max(1, flat.size // math.ceil(SAMPLES / inputs))
    return Observed(low, high, flat[::step].astype(np.float32))


class Watch:
    """Gathers the range of a tensor over all inputs, and evenly spread samples of its values.

    A tensor that is not finite on some input (an additive attention mask holds minus infinity) has no codes:
    it stays float.
    """

    def __init__(self, clip: Clip = "mse") -> None:
        self._range = METHODS[clip]
        self._low = self._high = 0.0
        self._samples: list[NDArray[np.float32]] = []
        self._seen = 0
        self.first_not_finite: int | None = None
        """Which input, from 0, was the first with NaN or infinity in this tensor."""
        self.has_nan = False

    def add(self, observation: Observed) -> None:
        """Take the next input's values into account."""
        self._seen += 1
        if observation.samples is None:
            if self.first_not_finite is None:
                self.first_not_finite = self._seen - 1
            self.has_nan |= math.isnan(observation.low) or math.isnan(observation.high)
            return
        self._low, self._high = min(self._low, observation.low), max(self._high, observation.high)
        self._samples.append(observation.samples)

    def values(self) -> NDArray[np.float32]:
        """The samples of all inputs, (samples,)."""
        return np.concatenate(self._samples)

    def ranges(self) -> Ranges:
        """Per bit-width up to 8, the clip range of codes that are computed with."""
        values = self.values()
        widths = (bits for bits in ACTIVATION_BITS if bits <= OWN_RANGE_BITS)
        return {bits: self._range(values, self._low, self._high, bits) for bits in widths}

    def steps(self) -> tuple[CodedStep, ...]:
        """The steps at which the tensor may travel entropy coded."""
        return coded_steps(self.values(), self._low, self._high)

    def mean_squared_errors(self, codes: Mapping[int, TensorCode]) -> dict[int, float]:
        """MSE of the samples per bit-width; over the range of all inputs where each frame spans its own."""
        values = self.values()
        errors = {}
        for bits, code in codes.items():
            low, high = (self._low, self._high) if code.low is None else (code.low, code.high)
            noise = fake_quantise(values, bits, low, high).astype(np.float64) - values
            errors[bits] = float(np.mean(np.square(noise)))
        return errors


def wire_codes(ranges: Mapping[int, tuple[float, float]]) -> dict[int, TensorCode]:
    """Per bit-width, the code over its clip range; from 8 bits on, each frame spans its own.

    So many codes need no clipping, and an input with larger values than any calibration input is then
    served right: clipped logits change answers.
    """
    clipped = {bits: ends for bits, ends in ranges.items() if bits < OWN_RANGE_BITS}
    return {bits: TensorCode(bits, *clipped.get(bits, (None, None))) for bits in ACTIVATION_BITS}


def relative(mse: Mapping[int, float], values: NDArray[np.float32]) -> dict[int, float]:
    """MSE / variance, per bit-width; MSE / mean square for a tensor that never varies."""
    power = float(np.var(values, dtype=np.float64)) or float(np.mean(np.square(values, dtype=np.float64)))
    return {bits: error / power if power else 0.0 for bits, error in mse.items()}


def payload_bytes(name: str, array: np.ndarray, codes: Mapping[int, TensorCode]) -> dict[int, int]:
    """Bytes on the wire per bit-width, 32 included, as really encoded; strings never cross."""
    if array.dtype == object:
        return {FLOAT_BITS: 0}
    every = {**codes, FLOAT_BITS: TensorCode(FLOAT_BITS)}
    return {bits: len(encode_tensor(name, array, code).payload) for bits, code in every.items()}
