"""Wire options of a tensor: bits, codec or none, and picture encodings for the model's input."""

from __future__ import annotations

import math
from typing import Final

from evosplit.kernels.errors.coded_steps import CodedStep
from evosplit.planner.encodings import CodecSpeed
from evosplit.planner.problem import Problem
from evosplit.planner.problem.costs import Choice
from evosplit.shared.graph import Tensor
from evosplit.shared.plan import FLOAT_BITS
from evosplit.shared.wire import packed_size_bytes, tensor_overhead_bytes

RAW_INPUT_BITS: Final = 8
"""Bits of an input of the model on a simulated device: a camera's picture (Auto-Split's T_0)."""
USUAL: Final = "zstd"
"""Compressed where that makes the bytes fewer: what an encoder does unless a plan says otherwise."""
PLAIN: Final = "none"
_AT_ONCE: Final = CodecSpeed(0.0, 0.0)
CODED: Final = "rans-"
"""Entropy coded; the number of the step (`evosplit.kernels.errors.coded_steps`) follows."""


def wire_choices(problem: Problem, tensor: Tensor) -> tuple[Choice, ...]:
    """The ways to send one tensor; the first of a bit-width is the usual one."""
    edge, cloud = problem.edge_profile, problem.cloud_profile
    if edge is None:
        return (*_simulated(problem, tensor), *_encodings(problem, tensor))
    zstd = CodecSpeed(edge.encode_s_per_byte, cloud.decode_s_per_byte if cloud else 0.0)
    plain = () if problem.plain is None else _tensors(problem, tensor, PLAIN, problem.plain)
    whole = (*_tensors(problem, tensor, USUAL, zstd), *plain)
    if problem.one_step is not None:
        whole = tuple(choice for choice in whole if choice.error == 0.0)
    return (*whole, *_entropy_coded(problem, tensor), *_encodings(problem, tensor))


def _tensors(problem: Problem, tensor: Tensor, codec: str, speed: CodecSpeed) -> tuple[Choice, ...]:
    """At every width on offer; integers as they are."""
    table = problem.errors.activations.get(tensor.name)
    errors = {FLOAT_BITS: 0.0} if table is None else {**table.error, FLOAT_BITS: 0.0}
    seconds = (speed.encode_s_per_byte * tensor.size_bytes, speed.decode_s_per_byte * tensor.size_bytes)
    offered = (FLOAT_BITS,) if table is None else (bits for bits in problem.bits.wire if bits in errors)
    sizes = ((bits, _size(problem, tensor, bits, codec) + _overhead(tensor, bits)) for bits in offered)
    return tuple(Choice(bits, size_bytes, errors[bits], codec, *seconds) for bits, size_bytes in sizes)


def _size(problem: Problem, tensor: Tensor, bits: int, codec: str) -> int:
    """Bytes as really encoded, or packed without a codec."""
    if codec == PLAIN:
        return tensor.size_bytes if bits == FLOAT_BITS else packed_size_bytes(tensor.shape, bits)
    table = problem.errors.activations.get(tensor.name)
    if table is None:
        return math.ceil(problem.errors.plain_bytes.get(tensor.name, tensor.size_bytes))
    return math.ceil(table.wire_bytes[bits])


def _simulated(problem: Problem, tensor: Tensor) -> tuple[Choice, ...]:
    """Packed codes without a codec, whose speed a simulated device does not state."""
    packed = _tensors(problem, tensor, PLAIN, _AT_ONCE)
    stays_float = tensor.name in problem.errors.plain_bytes
    if tensor.name not in problem.graph.inputs or not tensor.is_float or stays_float:
        return packed
    size = packed_size_bytes(tensor.shape, RAW_INPUT_BITS) + _overhead(tensor, RAW_INPUT_BITS)
    fewer = [choice for choice in packed if choice.bits < RAW_INPUT_BITS]
    return (*fewer, Choice(RAW_INPUT_BITS, size, 0.0, PLAIN))


def _entropy_coded(problem: Problem, tensor: Tensor) -> list[Choice]:
    """The steps at which a tensor was measured entropy coded; of those that the asked bits allow."""
    table = problem.errors.activations.get(tensor.name)
    steps = table.coded if table else ()
    numbers = range(len(steps)) if problem.one_step is None else problem.one_step.numbers(steps)
    choices = (_coded(problem, tensor, steps[number], number) for number in numbers)
    return [choice for choice in choices if choice is not None]


def _coded(problem: Problem, tensor: Tensor, step: CodedStep, number: int) -> Choice | None:
    speed = problem.coded if step.lagrange_multiplier is None else problem.economical
    transform_s = _transform_s(problem, step)
    if speed is None or transform_s is None or step.bits < min(problem.bits.wire):
        return None
    size_bytes = math.ceil(step.wire_bytes) + _overhead(tensor, step.bits)
    decode_s = speed.decode_s_per_byte * tensor.size_bytes + step.restore_s
    encode_s = speed.encode_s_per_byte * tensor.size_bytes + transform_s
    error = step.error if problem.one_step is None else 0.0
    return Choice(step.bits, size_bytes, error, f"{CODED}{number}", encode_s, decode_s)


def _transform_s(problem: Problem, step: CodedStep) -> float | None:
    """What making components takes the edge; None where it does not know how."""
    if step.transform is None:
        return 0.0
    speed = problem.transform_s_per_mac
    return None if speed is None else speed * step.transform_macs


def _encodings(problem: Problem, tensor: Tensor) -> tuple[Choice, ...]:
    """Pictures are sent instead of the tensor, so they carry none of its header."""
    if problem.graph.inputs != (tensor.name,):
        return ()
    return tuple(
        Choice(
            RAW_INPUT_BITS,
            math.ceil(picture.wire_bytes),
            picture.error,
            picture.name,
            picture.encode_s,
            picture.decode_s,
            True,
        )
        for picture in problem.encodings
    )


def _overhead(tensor: Tensor, bits: int) -> int:
    scales = 0 if bits == FLOAT_BITS or not tensor.is_float else 1
    return tensor_overhead_bytes(tensor.name, len(tensor.shape), scales)
