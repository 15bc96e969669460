"""Error table as data. How it is measured: `evosplit.kernels.errors.measure_table`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from evosplit.kernels.errors.coded_steps import CodedStep
from evosplit.kernels.errors.error_options import ErrorOptions
from evosplit.shared.errors import InputError
from evosplit.shared.plan import FLOAT_BITS


@dataclass(frozen=True)
class WeightErrors:
    """The error of a layer's weights by bits: affine between the ends of each channel (axis 0) or tensor.

    ``mse`` is the mean squared error, summed over the layer's quantised initialisers; ``relative`` the same
    over each one's mean square; ``error``, which limits count, is what `ErrorOptions.measure` says: by
    default ``relative`` times the gain of the layer's weights.
    """

    error: Mapping[int, float]
    relative: Mapping[int, float]
    mse: Mapping[int, float]


@dataclass(frozen=True)
class ActivationErrors:
    """The error of a tensor's activations by bits: per tensor, affine, over the calibration inputs.

    ``mse`` is the mean squared error, ``relative`` the same over the variance, ``error`` (which limits
    count) by default ``relative`` times the tensor's gain. ``low`` and ``high`` are the clip range, which
    holds zero, for the bit-widths that have one (else every frame spans its own); ``wire_bytes`` is the
    mean payload on the wire, after the codec where that helped. ``ranges`` are those of codes that the edge
    computes with, up to 8 bits: fixed at 8 bits, too, since a kernel must know them beforehand. ``coded`` are
    the steps at which the tensor may travel entropy coded.
    """

    error: Mapping[int, float]
    relative: Mapping[int, float]
    mse: Mapping[int, float]
    low: Mapping[int, float]
    high: Mapping[int, float]
    wire_bytes: Mapping[int, float]
    ranges: Mapping[int, tuple[float, float]] = field(default_factory=dict)
    coded: tuple[CodedStep, ...] = ()


@dataclass(frozen=True)
class ErrorTable:
    """Errors of one model from ``samples`` calibration inputs.

    ``weights`` is by layer name, for layers with weights to quantise; ``activations`` by tensor name, for
    float tensors, inputs of the model included; ``plain_bytes`` the mean payload of the other tensors.
    Tensors that are not finite on some input count as such. ``options`` say how all that was measured.
    Raises InputError for a figure that is not finite: limits, programs and JSON take numbers alone.
    """

    model: str
    model_sha256: str
    samples: int
    weights: Mapping[str, WeightErrors]
    activations: Mapping[str, ActivationErrors]
    plain_bytes: Mapping[str, float]
    options: ErrorOptions = field(default_factory=ErrorOptions)

    def __post_init__(self) -> None:
        for name, packed in self.weights.items():
            _check(f"the weights of layer {name!r}", packed.error, packed.relative, packed.mse)
        for name, errors in self.activations.items():
            figures = (errors.error, errors.relative, errors.mse, errors.low, errors.high, errors.wire_bytes)
            _check(f"tensor {name!r}", *figures, *_numbers(errors))
        for name, size in self.plain_bytes.items():
            _check(f"tensor {name!r}", {FLOAT_BITS: size})


def _numbers(errors: ActivationErrors) -> Iterator[Mapping[int, float]]:
    """All ends of ranges and figures of steps."""
    for ends in errors.ranges.values():
        yield dict(enumerate(ends))
    for step in errors.coded:
        yield dict(enumerate((step.low, step.high, step.relative, step.error, step.wire_bytes)))


def _check(what: str, *figures: Mapping[int, float]) -> None:
    if not all(math.isfinite(figure) for by_bits in figures for figure in by_bits.values()):
        raise InputError(f"an error, range or size of {what} is not finite")
