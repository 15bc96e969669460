"""Restoration network as data: one small ONNX model for one tensor of a network, at one quantiser step.

It adds to the decoded tensor what its neighbours and the other channels tell of the rounding error, at most
``reach`` either way; behind a rectifier the result is kept at zero or above. It is named by its content.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, TypeAlias

import numpy as np
import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from evosplit.shared.errors import RestorationError
from evosplit.shared.runtime import serialise

NAME_DIGITS: Final = 16
"""Hexadecimal digits of a name: the first of the sha256 of the file."""
DECODED: Final = "decoded"
RESTORED: Final = "restored"
OPS: Final = frozenset({"Conv", "Sum", "Clip", "Relu"})
LEAST: Final = "least"
MOST: Final = "most"
"""The ends of a correction."""
INVERSE: Final = "inverse"
MEAN: Final = "mean"
"""What makes a tensor of its components: a 1 x 1 convolution."""
ANY_STEP: Final = 0.0
"""The step of a network that undoes a transform alone: it holds for codes of all."""
_IR_VERSION: Final = 8
_PREFIX: Final = "evosplit.restoration."
Floats: TypeAlias = NDArray[np.float32]
Weights: TypeAlias = dict[str, Floats | np.float32]


@dataclass(frozen=True)
class Restoration:
    """``content`` is an ONNX model from `DECODED` to `RESTORED`, both ``(1, C, H, W) float32``.

    It belongs to ``tensor`` of the model ``model_sha256``, decoded from codes of ``step`` (a float32), or of
    `ANY_STEP`.
    """

    model_sha256: str
    tensor: str
    step: float
    content: bytes

    @cached_property
    def name(self) -> str:
        """What frames and plans call it."""
        return hashlib.sha256(self.content).hexdigest()[:NAME_DIGITS]

    @cached_property
    def model(self) -> onnx.ModelProto:
        """The network, parsed."""
        return onnx.load_from_string(self.content)


def build_restoration(
    model_sha256: str,
    tensor: str,
    shape: Sequence[int],
    step: float,
    kernels: Sequence[Floats],
    bias: Floats,
    reach: float,
    is_rectified: bool,
    undone: tuple[Floats, Floats] | None = None,
) -> Restoration:
    """The network of ``kernels``, convolutions side by side whose results are added.

    A kernel is ``(C, C, k, k)``, or ``(C, 1, k, k)`` for one of each channel alone; ``bias`` is ``(C,)``. The
    weights are float32, ``reach`` is in the tensor's own unit. Where components are decoded, ``undone`` is
    what makes the tensor of them: the inverse ``(C, C)`` and the mean ``(C,)``.
    """
    weights: Weights = {f"kernel{index}": kernel for index, kernel in enumerate(kernels)}
    weights |= {"bias": bias, LEAST: np.float32(-reach), MOST: np.float32(reach)}
    source, nodes = DECODED, []
    if undone is not None:
        source, nodes = "whole", [_undoing("whole")]
        weights |= _undoing_weights(*undone)
    nodes += [
        _convolution(source, index, kernel, "bias" if index == 0 else "")
        for index, kernel in enumerate(kernels)
    ]
    nodes += [
        helper.make_node("Sum", [f"part{index}" for index in range(len(kernels))], ["told"]),
        helper.make_node("Clip", ["told", LEAST, MOST], ["correction"]),
        helper.make_node("Sum", [source, "correction"], ["moved" if is_rectified else RESTORED]),
    ]
    if is_rectified:
        nodes.append(helper.make_node("Relu", ["moved"], [RESTORED]))
    return _made(model_sha256, tensor, shape, _float32(step), nodes, weights)


def build_undoing(
    model_sha256: str, tensor: str, shape: Sequence[int], inverse: Floats, mean: Floats
) -> Restoration:
    """The network that makes a tensor of its components, and no more: ``inverse`` (C, C), ``mean`` (C,)."""
    weights = _undoing_weights(inverse, mean)
    return _made(model_sha256, tensor, shape, ANY_STEP, [_undoing(RESTORED)], weights)


def _made(
    model_sha256: str,
    tensor: str,
    shape: Sequence[int],
    step: float,
    nodes: Sequence[onnx.NodeProto],
    weights: Weights,
) -> Restoration:
    ends = [helper.make_tensor_value_info(end, TensorProto.FLOAT, shape) for end in (DECODED, RESTORED)]
    stored = [numpy_helper.from_array(np.asarray(array), name) for name, array in weights.items()]
    graph = helper.make_graph(nodes, "restoration", ends[:1], ends[1:], stored)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=_IR_VERSION)
    _describe(model, {"model": model_sha256, "tensor": tensor, "step": step.hex()})
    return Restoration(model_sha256, tensor, step, serialise(model))


def read_restoration(content: bytes, name: str) -> Restoration:
    """The network in a file of that name. Raises RestorationError for any other, or one that is damaged."""
    if hashlib.sha256(content).hexdigest()[:NAME_DIGITS] != name:
        raise RestorationError(f"the file of restoration {name} holds another one, or is damaged")
    try:
        model = onnx.load_from_string(content)
        told = {entry.key.removeprefix(_PREFIX): entry.value for entry in model.metadata_props}
        restoration = Restoration(told["model"], told["tensor"], float.fromhex(told["step"]), content)
    except (ValueError, KeyError, DecodeError) as error:
        raise RestorationError(f"restoration {name} cannot be read: {type(error).__name__}") from None
    if {node.op_type for node in model.graph.node} - OPS:
        raise RestorationError(f"restoration {name} holds operators that none has")
    return restoration


def _undoing(made: str) -> onnx.NodeProto:
    return helper.make_node("Conv", [DECODED, INVERSE, MEAN], [made])


def _undoing_weights(inverse: Floats, mean: Floats) -> Weights:
    return {INVERSE: inverse.astype(np.float32)[:, :, None, None], MEAN: mean.astype(np.float32)}


def _convolution(source: str, index: int, kernel: Floats, bias: str) -> onnx.NodeProto:
    margin = kernel.shape[2] // 2
    names = [source, f"kernel{index}", *([bias] if bias else [])]
    group = 1 if kernel.shape[1] == kernel.shape[0] else kernel.shape[0]
    return helper.make_node("Conv", names, [f"part{index}"], pads=[margin] * 4, group=group)


def _describe(model: onnx.ModelProto, told: Mapping[str, str]) -> None:
    helper.set_model_props(model, {_PREFIX + key: value for key, value in told.items()})


def _float32(value: float) -> float:
    """As it travels with the codes."""
    return float(struct.unpack("<f", struct.pack("<f", value))[0])
