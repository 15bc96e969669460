"""Ways to send a boundary: bits of the present wire, steps of the entropy coder, and steps by tensor."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from benchmarks.codec.tensor_ladders import Ladder
from evosplit.kernels.attention_masks import encode_travelling
from evosplit.kernels.codec import decode_tensor
from evosplit.kernels.errors.coded_steps import STEPS, CodedStep
from evosplit.planner.problem.one_step import OneStep, one_step_ladders
from evosplit.shared.plan import FLOAT_BITS, TensorCode, restoration_names
from evosplit.shared.restoration.transform import ChannelTransform, in_components
from evosplit.shared.wire import Frame, encode_frame

PRESENT_BITS: Final = (4, 5, 6, 8, 16)
_SLOPES: Final = np.geomspace(1e1, 1e9, 65)
"""Bytes that an error of one, noise as strong as the outputs, is worth."""
_APART: Final = 1.05
"""Steps by tensor that take fewer bytes more than those before are left out."""
Tensors = Mapping[str, np.ndarray]
Offered = Callable[[CodedStep], bool]


@dataclass(frozen=True)
class Way:
    """How the tensors of one boundary travel; ``transforms`` make the components that codes name."""

    kind: str
    setting: float
    codes: Mapping[str, TensorCode]
    transforms: Mapping[str, ChannelTransform] = field(default_factory=dict)

    def sent(self, tensors: Tensors) -> tuple[int, dict[str, np.ndarray]]:
        """Bytes of the frame, and what arrives."""
        made = in_components(self.codes, tensors, self.transforms.__getitem__)
        encoded = tuple(encode_travelling(name, made[name], code) for name, code in self.codes.items())
        restorations = restoration_names(self.codes.values())
        size = len(encode_frame(Frame(36 * "0", 64 * "0", "12", encoded, None, restorations)))
        return size, {tensor.name: decode_tensor(tensor) for tensor in encoded}


def ways(ladders: Mapping[str, Ladder]) -> Iterator[list[Way]]:
    """What coded ways are compared with, each kind from the fewest bytes on."""
    yield [
        Way("zstd", bits, {name: ladder.codes[bits] for name, ladder in ladders.items()})
        for bits in PRESENT_BITS
    ]
    yield [_one_step("nearest", ladders, OneStep(share)) for share in STEPS]
    if len(ladders) > 1:
        yield list(_by_tensor("by_tensor", ladders, _is_nearest))


def coded_ways(kind: str, ladders: Mapping[str, Ladder]) -> Iterator[list[Way]]:
    """Steps of both ladders by the error that they cost; of several tensors one step for all as well.

    Each list from the fewest bytes on. Answers choose between them, as the planner has it: one step for all
    has no place in the order of errors.
    """
    yield list(_by_tensor(kind, ladders, lambda step: True))
    if len(ladders) > 1:
        for steps in one_step_ladders(kind in ("restored", "both"), kind in ("transformed", "both")):
            yield [_one_step(kind, ladders, step) for step in steps]


def _one_step(kind: str, ladders: Mapping[str, Ladder], step: OneStep) -> Way:
    """One step of the whole boundary, as a share of each tensor's deviation; float where none is so fine."""
    codes = {
        name: ladder.steps[number].code
        for name, ladder in ladders.items()
        for number in step.numbers(ladder.steps)
    }
    return Way(kind, step.share, {name: codes.get(name, TensorCode(FLOAT_BITS)) for name in ladders})


def _is_nearest(step: CodedStep) -> bool:
    return step.lagrange_multiplier is None


def _by_tensor(kind: str, ladders: Mapping[str, Ladder], offered: Offered) -> Iterator[Way]:
    """Steps of every tensor, set apart by the error of all of them."""
    if not all(ladder.steps for ladder in ladders.values()):
        return
    sent_bytes = 0.0
    for steps in _chosen({name: list(filter(offered, ladder.steps)) for name, ladder in ladders.items()}):
        size_bytes = sum(step.wire_bytes for step in steps.values())
        if size_bytes > _APART * sent_bytes:
            sent_bytes = size_bytes
            error = sum(step.error for step in steps.values())
            yield Way(kind, error, {name: step.code for name, step in steps.items()})


def _chosen(ladders: Mapping[str, Sequence[CodedStep]]) -> Iterator[dict[str, CodedStep]]:
    """From the fewest bytes on: of one tensor what nothing beats, of several where errors cost the same."""
    if len(ladders) == 1:
        ((name, ladder),) = ladders.items()
        error = math.inf
        for step in sorted(ladder, key=lambda step: step.wire_bytes):
            if step.error < error:
                error = step.error
                yield {name: step}
        return
    for slope in _SLOPES:
        yield {name: _cheapest(ladder, slope) for name, ladder in ladders.items()}


def _cheapest(steps: Sequence[CodedStep], slope: float) -> CodedStep:
    return min(steps, key=lambda step: step.wire_bytes + slope * step.error)
