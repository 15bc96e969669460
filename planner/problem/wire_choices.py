"""How a tensor may travel: bits, codec or none, and for the model's input the encodings of pictures."""

from __future__ import annotations

import math
from typing import Final

from evosplit.kernels.errors.coded_steps import CodedStep
from evosplit.kernels.errors.error_table import ActivationErrors
from evosplit.planner.problem import Problem
from evosplit.planner.problem.costs import Choice
from evosplit.planner.problem.device_pair import measured_profile
from evosplit.shared.graph import Tensor
from evosplit.shared.plan import FLOAT_BITS
from evosplit.shared.wire import packed_size_bytes, tensor_overhead_bytes

RAW_INPUT_BITS: Final = 8
"""Bits of an input of the model on a simulated device: a camera's picture (Auto-Split's T_0)."""
USUAL: Final = "zstd"
"""Compressed where that makes the bytes fewer: what an encoder does unless a plan says otherwise."""
PLAIN: Final = "none"
CODED: Final = "rans-"
"""Entropy coded; the number of the step (`evosplit.kernels.errors.coded_steps`) follows."""


def wire_choices(problem: Problem, tensor: Tensor) -> tuple[Choice, ...]:
    """The ways to send one tensor; the first of a bit-width is the usual one."""
    edge, cloud = measured_profile(problem.edge), measured_profile(problem.cloud)
    if edge is None:
        return _simulated(problem, tensor) + _encodings(problem, tensor)
    encode_s = edge.encode_s_per_byte * tensor.size_bytes
    decode_s = cloud.decode_s_per_byte * tensor.size_bytes if cloud else 0.0
    coded = [
        Choice(bits, size, error, USUAL, encode_s, decode_s) for bits, size, error in _coded(problem, tensor)
    ]
    return (*coded, *_plain(problem, tensor), *_entropy_coded(problem, tensor), *_encodings(problem, tensor))


def _coded(problem: Problem, tensor: Tensor) -> list[tuple[int, int, float]]:
    """(bits, bytes as really encoded, error)."""
    table = problem.errors.activations.get(tensor.name)
    if table is None:
        plain = problem.errors.plain_bytes.get(tensor.name, tensor.size_bytes)
        return [(FLOAT_BITS, math.ceil(plain) + _overhead(tensor, FLOAT_BITS), 0.0)]
    offered = [bits for bits in problem.bits.wire if bits == FLOAT_BITS or bits in table.error]
    return [
        (
            bits,
            math.ceil(table.wire_bytes[bits]) + _overhead(tensor, bits),
            0.0 if bits == FLOAT_BITS else table.error[bits],
        )
        for bits in offered
    ]


def _packed(problem: Problem, tensor: Tensor) -> list[tuple[int, int, float]]:
    """(bits, bytes without a codec, error)."""
    table = problem.errors.activations.get(tensor.name)
    if table is None:
        return [(FLOAT_BITS, tensor.size_bytes + _overhead(tensor, FLOAT_BITS), 0.0)]
    offered = [bits for bits in problem.bits.wire if bits == FLOAT_BITS or bits in table.error]
    return [
        (
            bits,
            (tensor.size_bytes if bits == FLOAT_BITS else packed_size_bytes(tensor.shape, bits))
            + _overhead(tensor, bits),
            0.0 if bits == FLOAT_BITS else table.error[bits],
        )
        for bits in offered
    ]


def _simulated(problem: Problem, tensor: Tensor) -> tuple[Choice, ...]:
    """Packed codes without a codec, whose speed a simulated device does not state."""
    found = [Choice(bits, size, error, PLAIN) for bits, size, error in _packed(problem, tensor)]
    stays_float = tensor.name in problem.errors.plain_bytes
    if tensor.name not in problem.graph.inputs or not tensor.is_float or stays_float:
        return tuple(found)
    size = packed_size_bytes(tensor.shape, RAW_INPUT_BITS) + _overhead(tensor, RAW_INPUT_BITS)
    fewer = [choice for choice in found if choice.bits < RAW_INPUT_BITS]
    return (*fewer, Choice(RAW_INPUT_BITS, size, 0.0, PLAIN))


def _plain(problem: Problem, tensor: Tensor) -> list[Choice]:
    if problem.plain is None:
        return []
    encode_s, decode_s = (
        speed * tensor.size_bytes
        for speed in (problem.plain.encode_s_per_byte, problem.plain.decode_s_per_byte)
    )
    return [
        Choice(bits, size, error, PLAIN, encode_s, decode_s) for bits, size, error in _packed(problem, tensor)
    ]


def _entropy_coded(problem: Problem, tensor: Tensor) -> list[Choice]:
    """The steps at which a tensor was measured entropy coded; of those that the asked bits allow."""
    table, speed = problem.errors.activations.get(tensor.name), problem.coded
    if table is None or speed is None:
        return []
    seconds = (speed.encode_s_per_byte * tensor.size_bytes, speed.decode_s_per_byte * tensor.size_bytes)
    return [
        Choice(
            step.bits,
            math.ceil(step.wire_bytes) + _overhead(tensor, step.bits),
            step.error,
            f"{CODED}{at}",
            *seconds,
        )
        for at, step in enumerate(table.coded)
        if step.bits >= min(problem.bits.wire)
    ]


def coded_step(table: ActivationErrors | None, codec: str) -> CodedStep | None:
    """The step that a choice's codec stands for."""
    return table.coded[int(codec[len(CODED) :])] if table and codec.startswith(CODED) else None


def _encodings(problem: Problem, tensor: Tensor) -> tuple[Choice, ...]:
    """Pictures are sent instead of the tensor, so they carry none of its header."""
    if problem.graph.inputs != (tensor.name,):
        return ()
    return tuple(
        Choice(
            RAW_INPUT_BITS, math.ceil(one.wire_bytes), one.error, one.name, one.encode_s, one.decode_s, True
        )
        for one in problem.encodings
    )


def _overhead(tensor: Tensor, bits: int) -> int:
    scales = 0 if bits == FLOAT_BITS or not tensor.is_float else 1
    return tensor_overhead_bytes(tensor.name, len(tensor.shape), scales)
