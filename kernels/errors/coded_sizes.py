"""Bytes and noise of a tensor at each step of the entropy coder, as really encoded."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evosplit.kernels.encoding_steps import coded_tensor
from evosplit.kernels.errors.coded_steps import CodedStep
from evosplit.kernels.quantise import affine_for, dequantise_codes
from evosplit.kernels.wire_codes import wire_codes

MAX_ELEMENTS: Final = 2**18
"""Larger tensors are not offered: coding them takes longer than it saves, here and on a slow device."""


@dataclass(frozen=True)
class CodedSize:
    """One tensor of one input at one step; ``mse`` is its mean squared error."""

    payload_bytes: int
    mse: float


def coded_sizes(
    name: str, array: NDArray[np.generic], steps: Sequence[CodedStep]
) -> tuple[CodedSize | None, ...]:
    """A tensor at each of the steps, None between two of the finer ladder; nothing of a large one."""
    if array.size > MAX_ELEMENTS:
        return ()
    return tuple(
        None if _is_between(steps, number) else _coded_size(name, array, step)
        for number, step in enumerate(steps)
    )


def _is_between(steps: Sequence[CodedStep], number: int) -> bool:
    """Whether what a step takes is told from its neighbours on its ladder: every second one's is."""
    if steps[number].lagrange_multiplier is None or (len(steps) - number) % 2:
        return False
    return number > 0 and steps[number - 1].lagrange_multiplier is not None


def _coded_size(name: str, array: NDArray[np.generic], step: CodedStep) -> CodedSize:
    code = step.code
    affine = affine_for(array, code.bits, code.low, code.high, None)
    codes = wire_codes(array, affine, code)
    tensor = coded_tensor(name, array.dtype.name, array.shape, code.bits, None, affine, codes)
    noise = dequantise_codes(codes, array.shape, affine) - array.astype(np.float32, copy=False)
    return CodedSize(len(tensor.payload), float(np.mean(np.square(noise), dtype=np.float64)))


def with_sizes(
    steps: Sequence[CodedStep], sizes: Sequence[Sequence[CodedSize | None]], power: float
) -> tuple[CodedStep, ...]:
    """The steps with their mean bytes, and where codes are moved with their noise over ``power``.

    ``sizes`` are by input and step. None where the tensor was too large to be coded.
    """
    columns = [[size for size in column if size] for column in zip(*sizes, strict=True)]
    known = [_with_size(step, column, power) for step, column in zip(steps, columns, strict=False)]
    return tuple(
        step if columns[number] else _between(step, known[number - 1], known[number + 1])
        for number, step in enumerate(known)
    )


def _with_size(step: CodedStep, sizes: Sequence[CodedSize], power: float) -> CodedStep:
    if not sizes:
        return step
    known = replace(step, wire_bytes=statistics.fmean(size.payload_bytes for size in sizes))
    if step.lagrange_multiplier is None:
        return known
    return replace(known, relative=statistics.fmean(size.mse for size in sizes) / power)


def _between(step: CodedStep, coarser: CodedStep, finer: CodedStep) -> CodedStep:
    """Bytes and noise are about powers of the step, so geometric means stand for the one between two."""
    wire_bytes = math.sqrt(coarser.wire_bytes * finer.wire_bytes)
    return replace(step, wire_bytes=wire_bytes, relative=math.sqrt(coarser.relative * finer.relative))
