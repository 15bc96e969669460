"""Quantiser steps for the entropy coder: a tensor's noise and bytes at each step of two ladders.

An entropy coder makes the bytes follow the step instead of the width of a code, so the ladder is finer than
bits, and nothing has to be clipped: codes that hardly occur cost hardly anything. On one ladder codes are
rounded to nearest, on the other, finer one moved towards zero where that saves more bits than it is worth.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydantic import SerializerFunctionWrapHandler, model_serializer

from evosplit.kernels.quantise import fake_quantise
from evosplit.shared.plan import TensorCode
from evosplit.shared.wire.frame import MAX_CODED_BITS

CODEC: Final = "rans"
STEPS: Final = (2.8, 2.0, 1.4, 1.0, 0.7, 0.5, 0.35, 0.25, 0.18, 0.125, 0.09)
"""Steps as shares of the values' standard deviation, coarsest first."""
ECONOMICAL_STEPS: Final = tuple(5.6 * 2.0 ** (-number / 4) for number in range(19))
"""The same where codes are moved to save bits, which makes little difference to finer ones."""
LAGRANGE_MULTIPLIER: Final = 0.1155
"""Squared steps that a bit is worth: noise over bits of a fine uniform quantiser, 2 ln 2 / 12."""
_HEADROOM: Final = 1.25
"""How much further than on calibration inputs values may lie before they are clipped."""
_LEAST_BITS: Final = 2


@dataclass(frozen=True)
class CodedStep:
    """One step: the code's ``bits``, ``low`` and ``high``; ``relative`` noise; ``error`` and mean payload.

    ``lagrange_multiplier`` as in `TensorCode`. Where the network ``restoration`` (its name) restores the
    tensor in the cloud, in ``restore_s`` seconds, the error is that behind it; the payload counts the name.
    Where the codes are of components, ``transform`` names how these are made, in ``transform_macs``
    multiply-accumulates on the edge, and ``restoration`` makes the tensor of them.
    """

    bits: int
    low: float
    high: float
    relative: float
    error: float = 0.0
    wire_bytes: float = 0.0
    lagrange_multiplier: float | None = None
    restoration: str | None = None
    restore_s: float = 0.0
    transform: str | None = None
    transform_macs: int = 0

    @model_serializer(mode="wrap")
    def _without_what_is_absent(self, write: SerializerFunctionWrapHandler) -> dict[str, object]:
        """The JSON of a ladder without restorations is what it was before there were any."""
        data: dict[str, object] = write(self)
        absent = {"restoration", "restore_s"} if self.restoration is None else set[str]()
        absent |= {"transform", "transform_macs"} if self.transform is None else set()
        return {name: value for name, value in data.items() if name not in absent}

    @property
    def code(self) -> TensorCode:
        """How a tensor travels at this step."""
        ends = (self.low, self.high)
        return TensorCode(self.bits, *ends, CODEC, self.lagrange_multiplier, self.restoration, self.transform)

    @property
    def is_corrected(self) -> bool:
        """Whether its restoration does more than undo a transform."""
        return self.restoration != self.transform


def coded_steps(values: NDArray[np.float32], low: float, high: float) -> tuple[CodedStep, ...]:
    """The ladders of a tensor with samples ``values``, in the range ``low`` to ``high``; no bytes yet.

    Nearest first, each from the coarsest on; the noise is that of rounding to nearest. Nothing for a tensor
    that never varies.
    """
    deviation = float(np.std(values, dtype=np.float64))
    if not deviation > 0 or not math.isfinite(deviation):
        return ()
    ends = (low * _HEADROOM, high * _HEADROOM)
    nearest = (_step(values, share * deviation, *ends) for share in STEPS)
    economical = (_step(values, share * deviation, *ends) for share in ECONOMICAL_STEPS)
    return (
        *(step for step in nearest if step is not None),
        *(replace(step, lagrange_multiplier=LAGRANGE_MULTIPLIER) for step in economical if step is not None),
    )


def similar_step(
    step: CodedStep, values: NDArray[np.float32], ends: tuple[float, float], scale: float
) -> CodedStep | None:
    """The step of other values in the range ``ends`` that is ``scale`` times as large; no bytes yet.

    None where that takes wider codes than can be entropy coded, or the values never vary.
    """
    size, deviation = (step.code.step or 0.0) * scale, float(np.std(values, dtype=np.float64))
    if not (size > 0 and deviation > 0 and math.isfinite(size * deviation)):
        return None
    similar = _step(values, size, ends[0] * _HEADROOM, ends[1] * _HEADROOM)
    return None if similar is None else replace(similar, lagrange_multiplier=step.lagrange_multiplier)


def coarser_steps(steps: Sequence[CodedStep], number: int) -> tuple[CodedStep, ...]:
    """The larger steps of the ladder that step ``number`` is on, coarsest first."""
    ladder = _ladder(steps[number])
    return tuple(step for step in steps[:number] if _ladder(step) == ladder)


def _ladder(step: CodedStep) -> tuple[float | None, str | None, bool]:
    """What the steps of one ladder have in common."""
    return step.lagrange_multiplier, step.transform, step.is_corrected


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
