"""How few bits of a boundary tensor leave the tail's answer as it is: found by asking the tail."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evosplit.edge.hook_training.answer_runs import can_show, first_of_runs
from evosplit.edge.hook_training.thresholds import threshold
from evosplit.edge.hook_training.trainers.trainer import Trainer
from evosplit.edge.hooks.bits import BitsHook
from evosplit.edge.hooks.classifiers.classifier import Classifier
from evosplit.edge.hooks.classifiers.linear import LinearClassifier
from evosplit.edge.hooks.features import FeatureSpec
from evosplit.kernels.codec import decode_tensor, encode_tensor
from evosplit.shared.plan import TensorCode
from evosplit.shared.wire.frame import AFFINE_BITS

NEVER: Final = 2.0
"""A threshold that no share of certainty reaches."""
_CERTAIN: Final = 10.0
"""Logit of a class that is the only one: e**-10 is left for the others."""


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
    spec = features or FeatureSpec()
    seen = np.stack([spec.of(tensor) for tensor, _ in runs])
    stays = np.array([_stays(tensor, said, code, widths, ask) for tensor, said in runs])
    return bits_hook(name, tap, spec, widths, seen, stays, trainer, target, sure)


def bits_hook(
    name: str,
    tap: str,
    spec: FeatureSpec,
    widths: tuple[int, ...],
    seen: NDArray[np.float32],
    stays: NDArray[np.bool_],
    trainer: Trainer,
    target: float,
    sure: float = 0.95,
) -> BitsHook | None:
    """As `fit_bits`, from what was found: features `(n, d)`, and `(n, widths)` whether the answer stays.

    ``widths`` ascend and end in the plan's own, in which it always does. One row per run of equal answers.
    """
    middle = len(seen) // 2
    if not middle or not can_show(target, len(seen) - middle, sure):
        return None
    classifier = _taught(trainer, seen[:middle], stays[:middle].argmax(1), len(widths))
    enough = np.cumsum(classifier.scores(seen[middle:]), axis=1)
    thresholds = [threshold(enough[:, at], stays[middle:, at], target, sure) for at in range(len(widths) - 1)]
    if all(least is None for least in thresholds):
        return None
    given = tuple(NEVER if least is None else least for least in thresholds)
    return BitsHook(name, tap, spec, classifier, widths, given)


def _taught(
    trainer: Trainer, features: NDArray[np.float32], labels: NDArray[np.int64], classes: int
) -> Classifier:
    """From the trainer, or, where all labels are the same, a classifier that says so of everything."""
    if (labels != labels[0]).any():
        return trainer(features, labels, classes, 0)
    length = features.shape[1]
    certain = np.where(np.arange(classes) == labels[0], _CERTAIN, 0).astype(np.float32)
    none = np.zeros((length, classes), np.float32)
    return LinearClassifier(np.zeros(length, np.float32), np.ones(length, np.float32), none, certain)


def _stays(
    tensor: NDArray[Any],
    said: str,
    code: TensorCode,
    widths: Sequence[int],
    ask: Callable[[NDArray[Any]], str | None],
) -> list[bool]:
    """For each width whether the answer is ``said``, that at the last one; always so for the last."""
    fewer = [dataclasses.replace(code, bits=width) for width in widths[:-1]]
    return [ask(_sent(tensor, each)) == said for each in fewer] + [True]


def _sent(tensor: NDArray[Any], code: TensorCode) -> NDArray[Any]:
    """What arrives of a tensor."""
    return decode_tensor(encode_tensor("", tensor, code))
