"""ONNX node parsing: attributes, constant inputs, windows. ModelError for what is not supported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from evosplit.edge.backends.masked.ops import Shape
from evosplit.kernels.masked.window import Window
from evosplit.shared.errors import ModelError

Shapes = Mapping[str, Shape]


@dataclass(frozen=True)
class Node:
    """One node with the values of those of its inputs that are constant."""

    op: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]
    constants: Mapping[str, NDArray[Any]]
    opset: int

    def refuse(self, why: str) -> ModelError:
        """The error that says what cannot be done."""
        return ModelError(f"masked kernels: {self.op} {self.name}: {why}")

    def constant(self, index: int, attribute: str | None = None) -> NDArray[Any] | None:
        """The constant at an input, or in an attribute of older opsets; None where there is neither."""
        if index < len(self.inputs) and self.inputs[index]:
            value = self.constants.get(self.inputs[index])
            if value is None:
                raise self.refuse(f"input {index} is not constant")
            return value
        value = self.attributes.get(attribute) if attribute else None
        return None if value is None else np.asarray(value)

    def required(self, index: int) -> NDArray[np.float64]:
        """The constant at an input that must be there."""
        value = self.constant(index)
        if value is None:
            raise self.refuse(f"input {index} is missing")
        return value.astype(np.float64)

    def numbers(self, attribute: str, default: tuple[int, ...]) -> tuple[int, ...]:
        """A list of integers."""
        return tuple(int(value) for value in self.attributes.get(attribute, default))


def read_nodes(model: onnx.ModelProto) -> list[Node]:
    """The nodes of a model, in its order."""
    constants = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    opset = next((entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")), 1)
    return [_node(node, constants, opset) for node in model.graph.node]


def _node(node: onnx.NodeProto, constants: Mapping[str, NDArray[Any]], opset: int) -> Node:
    attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
    own = {name: constants[name] for name in node.input if name in constants}
    outputs = tuple(name for name in node.output if name)
    op = node.op_type if node.domain in ("", "ai.onnx") else f"{node.domain}.{node.op_type}"
    return Node(op, node.name or outputs[0], tuple(node.input), outputs, attributes, own, opset)


def window_of(node: Node, kernel: tuple[int, ...], size: tuple[int, int]) -> Window:
    """The window of a convolution or pool with ``kernel`` over an input of ``size`` (height, width)."""
    if len(kernel) != 2:
        raise node.refuse("only two spatial axes")
    stride, dilation = node.numbers("strides", (1, 1)), node.numbers("dilations", (1, 1))
    window = Window(
        (kernel[0], kernel[1]),
        (stride[0], stride[1]),
        _pads(node, kernel, stride, dilation, size),
        (dilation[0], dilation[1]),
    )
    window.out_size(size)
    if node.attributes.get("ceil_mode", 0) and not _divides(window, size):
        raise node.refuse("ceil_mode where it matters")
    return window


def _pads(
    node: Node,
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    dilation: tuple[int, ...],
    size: tuple[int, int],
) -> tuple[int, int, int, int]:
    how = node.attributes.get("auto_pad", b"NOTSET").decode()
    if how in ("SAME_UPPER", "SAME_LOWER"):
        before, after = [], []
        for i in range(2):
            reach = (-(-size[i] // stride[i]) - 1) * stride[i] + dilation[i] * (kernel[i] - 1) + 1
            total = max(0, reach - size[i])
            before.append((total + (how == "SAME_LOWER")) // 2)
            after.append(total - before[-1])
        return before[0], before[1], after[0], after[1]
    pads = node.numbers("pads", (0, 0, 0, 0)) if how == "NOTSET" else (0, 0, 0, 0)
    if min(pads) < 0:
        raise node.refuse("negative pads")
    return pads[0], pads[1], pads[2], pads[3]


def _divides(window: Window, size: tuple[int, int]) -> bool:
    """Whether rounding the output's size up or down is the same."""
    reach = [window.dilation[i] * (window.kernel[i] - 1) + 1 for i in range(2)]
    padded = [size[i] + window.pads[i] + window.pads[i + 2] for i in range(2)]
    return all((padded[i] - reach[i]) % window.stride[i] == 0 for i in range(2))
