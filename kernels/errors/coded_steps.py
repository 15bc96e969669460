"""Quantiser steps for the entropy coder: a tensor's noise and bytes at each of a ladder of steps.

An entropy coder makes the bytes follow the step instead of the width of a code, so the ladder is finer than
bits, and nothing has to be clipped: codes that hardly occur cost hardly anything.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydantic import SerializerFunctionWrapHandler, model_serializer

from evosplit.kernels.codec import encode_tensor
from evosplit.kernels.quantise import fake_quantise
from evosplit.shared.plan import TensorCode
from evosplit.shared.wire.frame import MAX_CODED_BITS

CODEC: Final = "rans"
STEPS: Final = (2.8, 2.0, 1.4, 1.0, 0.7, 0.5, 0.35, 0.2, 0.1)
"""Steps as shares of the values' standard deviation, coarsest first."""
MAX_ELEMENTS: Final = 2**18
"""Larger tensors are not offered: coding them takes longer than it saves, here and on a slow device."""
_HEADROOM: Final = 1.25
"""How much further than on calibration inputs values may lie before they are clipped."""
_LEAST_BITS: Final = 2


@dataclass(frozen=True)
class CodedStep:
    """One step: the code's ``bits``, ``low`` and ``high``; ``relative`` noise; ``error`` and mean payload.

    Where the network ``restoration`` (its name) restores the tensor in the cloud, in ``restore_s`` seconds,
    the error is that behind it, and the payload counts the name.
    """

    bits: int
    low: float
    high: float
    relative: float
    error: float = 0.0
    wire_bytes: float = 0.0
    restoration: str | None = None
    restore_s: float = 0.0

    @model_serializer(mode="wrap")
    def _without_what_is_absent(self, write: SerializerFunctionWrapHandler) -> dict[str, object]:
        """The JSON of a ladder without restorations is what it was before there were any."""
        data: dict[str, object] = write(self)
        absent = {"restoration", "restore_s"} if self.restoration is None else set[str]()
        return {name: value for name, value in data.items() if name not in absent}

    @property
    def code(self) -> TensorCode:
        """How a tensor travels at this step."""
        return TensorCode(self.bits, self.low, self.high, CODEC, restoration=self.restoration)


def coded_steps(values: NDArray[np.float32], low: float, high: float) -> tuple[CodedStep, ...]:
    """The ladder of a tensor of which ``values`` are samples, in the range ``low`` to ``high``; no bytes yet.

    Nothing for one that never varies.
    """
    deviation = float(np.std(values, dtype=np.float64))
    if not deviation > 0 or not math.isfinite(deviation):
        return ()
    candidates = (_step(values, share * deviation, low * _HEADROOM, high * _HEADROOM) for share in STEPS)
    return tuple(step for step in candidates if step is not None)


def _step(values: NDArray[np.float32], step: float, low: float, high: float) -> CodedStep | None:
    """The narrowest codes that reach from ``low`` to ``high``, clipped evenly where none do."""
    below, above = math.ceil(max(-low, 0.0) / step), math.ceil(max(high, 0.0) / step)
    bits = max((below + above).bit_length(), _LEAST_BITS)
    if bits > MAX_CODED_BITS:
        return None
    top = 2**bits - 1
    zero = min(below + (top - below - above) // 2, top) if below and above else (top if below else 0)
    ends = (-zero * step, (top - zero) * step)
    noise = fake_quantise(values, bits, *ends).astype(np.float64) - values
    power = float(np.var(values, dtype=np.float64))
    return CodedStep(bits, *ends, float(np.mean(np.square(noise))) / power)


def coded_bytes(name: str, array: NDArray[np.generic], steps: Sequence[CodedStep]) -> tuple[int, ...]:
    """Payload bytes of a tensor at each step, as really encoded; none of a large one."""
    if array.size > MAX_ELEMENTS:
        return ()
    return tuple(len(encode_tensor(name, array, step.code).payload) for step in steps)


def with_errors(
    steps: Sequence[CodedStep], relative: Mapping[int, float], error: Mapping[int, float]
) -> tuple[CodedStep, ...]:
    """The steps with the errors that the nearest bit-width's noise says: in proportion to the noise."""
    known = {bits: noise for bits, noise in relative.items() if noise > 0 and bits in error}
    if not known:
        return ()
    return tuple(replace(step, error=_scaled(step, known, error)) for step in steps)


def _scaled(step: CodedStep, relative: Mapping[int, float], error: Mapping[int, float]) -> float:
    nearest = min(relative, key=lambda bits: abs(math.log(relative[bits] / max(step.relative, 1e-30))))
    return error[nearest] * step.relative / relative[nearest]
