"""Fit of a bits hook by asking the tail: how few bits of a boundary tensor leave its answer as it is."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.gate.answer_runs import first_of_runs
from evosplit.edge.hook_training.bits_fit import bits_hook
from evosplit.edge.hook_training.thresholds import can_show
from evosplit.edge.hook_training.trainers.trainer import Trainer
from evosplit.edge.hooks.bits import BitsHook
from evosplit.edge.hooks.features import FeatureSpec
from evosplit.kernels.codec import decode_tensor, encode_tensor
from evosplit.shared.plan import TensorCode
from evosplit.shared.wire.frame import AFFINE_BITS


def fit_bits(
    name: str,
    tap: str,
    code: TensorCode,
    tensors: Sequence[NDArray[Any]],
    ask: Callable[[NDArray[Any]], str | None],
    trainer: Trainer,
    target: float,
    *,
    sure: float = 0.95,
    features: FeatureSpec | None = None,
) -> BitsHook | None:
    """The hook for a tensor that the plan sends as ``code``, or None where fewer bits are never enough.

    ``tensors`` with a batch of one are what crossed, in order; ``ask`` gives the key of the tail's answer to
    one, by a runner or by the cloud, in idle time. The answer at the plan's own width is the reference; of a
    run with equal ones the first counts. The first half teaches which width is enough, the second says how
    sure one must be of it so that answers stay with ``target``. Each tensor is asked about once, and the
    first of each run once more per width. Raises LearningError as ``trainer`` does.
    """
    widths = tuple(width for width in AFFINE_BITS if width <= code.bits)
    if len(widths) < 2 or code.bits != widths[-1]:
        return None
    runs = list(first_of_runs((tensor, ask(_sent(tensor, code))) for tensor in tensors))
    middle = len(runs) // 2
    if not middle or not can_show(target, len(runs) - middle, sure):
        return None
    codes = tuple(dataclasses.replace(code, bits=width) for width in widths)
    spec = features or FeatureSpec()
    seen = np.stack([spec.of(tensor) for tensor, _ in runs])
    stays = np.array([_stays(tensor, said, codes, ask) for tensor, said in runs])
    return bits_hook(name, tap, spec, codes, seen, stays, trainer, target, sure)


def _stays(
    tensor: NDArray[Any],
    said: str,
    codes: Sequence[TensorCode],
    ask: Callable[[NDArray[Any]], str | None],
) -> list[bool]:
    """For each code whether the answer is ``said``, that at the last one; always so for the last."""
    return [ask(_sent(tensor, fewer)) == said for fewer in codes[:-1]] + [True]


def _sent(tensor: NDArray[Any], code: TensorCode) -> NDArray[Any]:
    """What arrives of a tensor."""
    return decode_tensor(encode_tensor("", tensor, code))
