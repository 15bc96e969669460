"""Operands of ONNX nodes: shapes, constants, attributes, and which tensors carry the batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import onnx
from onnx import helper, numpy_helper


@dataclass(frozen=True)
class Operands:
    """Shapes by tensor name, pinned to a batch of 1, and the constants among them."""

    shapes: Mapping[str, tuple[int, ...]]
    constants: Mapping[str, onnx.TensorProto]

    def has_batch(self, name: str) -> bool:
        """Whether its first dimension may be the batch."""
        return self.shapes.get(name, (0,))[:1] == (1,)

    def rank(self, name: str) -> int:
        """Number of dimensions."""
        return len(self.shapes.get(name, ()))

    def values(self, name: str) -> tuple[Any, ...]:
        """The numbers of a constant; none for other tensors."""
        tensor = self.constants.get(name)
        return () if tensor is None else tuple(numpy_helper.to_array(tensor).reshape(-1).tolist())


@dataclass(frozen=True)
class Use:
    """A node, and which of its inputs carry the batch."""

    node: onnx.NodeProto
    operands: Operands
    carried: frozenset[str]

    def attribute(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 - whatever ONNX allows
        """The value of an attribute, or its default."""
        held = {attribute.name: attribute for attribute in self.node.attribute}
        return helper.get_attribute_value(held[name]) if name in held else default

    def numbers(self, index: int, attribute: str) -> tuple[Any, ...]:
        """Constant numbers from an input, or from the attribute that older operator sets have for it."""
        if len(self.node.input) > index and self.node.input[index]:
            return self.operands.values(self.node.input[index])
        return tuple(self.attribute(attribute, ()))

    @property
    def rank(self) -> int:
        """Rank of the first input."""
        return self.operands.rank(self.node.input[0])

    def is_data(self, *indices: int) -> bool:
        """Whether the inputs at these indices carry the batch, and no others do."""
        given = {index for index, name in enumerate(self.node.input) if name in self.carried}
        return given == set(indices)

    def spares_batch(self, axes: tuple[Any, ...]) -> bool:
        """Whether there are axes and none of them is the first one."""
        return bool(axes) and all(int(axis) % max(self.rank, 1) != 0 for axis in axes)
