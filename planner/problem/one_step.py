"""Quantiser step that all tensors of a boundary share, as a share of each one's standard deviation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from evosplit.kernels.errors.coded_steps import ECONOMICAL_STEPS, STEPS, CodedStep

_SHARES: Final = {False: STEPS, True: ECONOMICAL_STEPS}


@dataclass(frozen=True)
class OneStep:
    """The step that every entropy-coded tensor takes.

    ``share`` is one of `STEPS`, or of `ECONOMICAL_STEPS` where codes ``are_moved`` to save bits. Tensors
    ``are_restored`` where something was learned for them at that step, and travel as components
    (``are_transformed``) where some were learned at that step.
    """

    share: float
    are_moved: bool = False
    are_restored: bool = False
    are_transformed: bool = False

    def numbers(self, steps: Sequence[CodedStep]) -> Sequence[int]:
        """Which of a tensor's steps it is; none where the tensor has none so fine."""
        place = _SHARES[self.are_moved].index(self.share)
        at_step = slice(place, place + 1)
        components = self._ladder(steps, True)[at_step] if self.are_transformed else []
        plain = components or self._ladder(steps, False)[at_step]
        restored = [number for own in plain for number in _restored(steps, own)]
        return restored if self.are_restored and restored else plain

    def _ladder(self, steps: Sequence[CodedStep], are_components: bool) -> list[int]:
        """Steps that nothing corrects, coarsest first, of the tensor or of its components."""
        return [
            number
            for number, step in enumerate(steps)
            if (step.lagrange_multiplier is not None) == self.are_moved
            and (step.transform is not None) == are_components
            and not step.is_corrected
        ]


def _restored(steps: Sequence[CodedStep], own: int) -> list[int]:
    """The same step once more, with what restores it."""
    code = steps[own].code
    return [
        number
        for number, step in enumerate(steps)
        if step.is_corrected and replace(step.code, restoration=code.restoration) == code
    ]


def one_step_ladders(
    with_restored: bool = False, with_transforms: bool = False
) -> tuple[tuple[OneStep, ...], ...]:
    """Both ladders, each from the coarsest step on; of restored steps, of components, or of both."""
    return tuple(
        tuple(OneStep(share, moved, with_restored, with_transforms) for share in shares)
        for moved, shares in _SHARES.items()
    )
