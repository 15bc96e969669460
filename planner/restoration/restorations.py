"""Learned restorations and transform of one tensor as data, and an error table whose ladder uses them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from evosplit.kernels.errors.coded_steps import CodedStep
from evosplit.kernels.errors.error_table import ErrorTable
from evosplit.shared.plan import TensorCode
from evosplit.shared.wire.frame import RESTORATION_BYTES


@dataclass(frozen=True)
class StepRestoration:
    """A network that was kept for one step, which ``code`` is.

    ``gain`` is the error at the network's outputs behind it over that without it, on inputs held out;
    ``seconds`` are what it takes in the cloud.
    """

    code: TensorCode
    name: str
    gain: float
    seconds: float


@dataclass(frozen=True)
class TransformedStep:
    """A step of a tensor's components, beside the step of its own codes ``plain``.

    ``gain`` is its error at the network's outputs over that of the other, on inputs held out, and ``share``
    its bytes over the other's, on the same inputs.
    """

    plain: TensorCode
    step: CodedStep
    gain: float
    share: float


@dataclass(frozen=True)
class TensorRestorations:
    """All that was kept for one tensor of a model; empty where nothing helped.

    ``steps`` are of the tensor's own codes and of those of its components, which are ``transformed``.
    """

    model_sha256: str
    tensor: str
    steps: tuple[StepRestoration, ...] = ()
    transformed: tuple[TransformedStep, ...] = ()


def with_restorations(errors: ErrorTable, learned: Iterable[TensorRestorations]) -> ErrorTable:
    """The table with steps that are restored beside those that are not.

    What belongs to another model, tensor or step is left out: the table stays as it was there.
    """
    tables = dict(errors.activations)
    for each in learned:
        if each.model_sha256 == errors.model_sha256 and each.tensor in tables:
            table = tables[each.tensor]
            tables[each.tensor] = replace(table, coded=with_restored(table.coded, each))
    return replace(errors, activations=tables)


def with_restored(ladder: Sequence[CodedStep], known: TensorRestorations) -> tuple[CodedStep, ...]:
    """A ladder, the steps of components that were learned, and those of both that are restored once more."""
    every = (*ladder, *with_components(ladder, known))
    pairs = ((step, kept) for step in every for kept in known.steps if kept.code == step.code)
    return (*every, *(_restored(step, kept) for step, kept in pairs))


def with_components(ladder: Sequence[CodedStep], known: TensorRestorations) -> tuple[CodedStep, ...]:
    """The steps of components beside those of a ladder, with their errors and bytes."""
    pairs = ((step, kept) for step in ladder for kept in known.transformed if kept.plain == step.code)
    return tuple(_transformed(step, kept) for step, kept in pairs)


def _transformed(step: CodedStep, kept: TransformedStep) -> CodedStep:
    wire_bytes = step.wire_bytes * kept.share + RESTORATION_BYTES
    return replace(kept.step, error=step.error * kept.gain, wire_bytes=wire_bytes)


def _restored(step: CodedStep, kept: StepRestoration) -> CodedStep:
    return replace(
        step,
        error=step.error * kept.gain,
        wire_bytes=step.wire_bytes + (RESTORATION_BYTES if step.restoration is None else 0),
        restoration=kept.name,
        restore_s=kept.seconds,
    )
