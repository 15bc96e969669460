"""Graph of a network: layers, tensors, and cuts into two."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np
import onnx

NUMBERS: Final = "fiub"
"""Kinds of NumPy dtype that can cross a cut."""


@dataclass(frozen=True)
class Tensor:
    """An activation: its ONNX name, shape with the batch pinned, and NumPy dtype name.

    ``object`` is that of strings, which only outputs of the model may hold.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str

    @property
    def elements(self) -> int:
        """Number of elements (1 for a scalar)."""
        return math.prod(self.shape)

    @property
    def size_bytes(self) -> int:
        """Bytes as it stands in memory, unquantised."""
        return self.elements * np.dtype(self.dtype).itemsize

    @property
    def is_float(self) -> bool:
        """Whether it can be quantised; integers, booleans and what has no elements travel as they are."""
        return np.dtype(self.dtype).kind == "f" and self.elements > 0


@dataclass(frozen=True)
class Layer:
    """One node of the optimised graph together with the activation fused into it.

    ``inputs`` and ``outputs`` are activations only; ``weights`` are names of initialisers.
    ``outputs`` leaves out tensors that live inside the layer (between a Conv and its Relu).
    """

    index: int
    name: str
    op: str
    fused: tuple[str, ...]
    nodes: tuple[int, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    weights: tuple[str, ...]
    weight_elements: int
    macs: int


@dataclass(frozen=True)
class Graph:
    """A loaded model: layers in topological (= execution) order.

    ``model`` is the optimised ONNX model, batch pinned to 1, that every head and tail is taken from;
    ``Layer.nodes`` are positions in ``model.graph.node``. ``sha256`` is that of the file that was loaded, and
    of the sizes that its dynamic dimensions were pinned to. ``inputs`` are those that an output depends on,
    ``unused_inputs`` the file's other ones. ``remarks`` are lines about outputs that are not as in the file.
    """

    name: str
    sha256: str
    layers: tuple[Layer, ...]
    tensors: Mapping[str, Tensor]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    model: onnx.ModelProto = field(compare=False, repr=False)
    unused_inputs: tuple[Tensor, ...] = ()
    remarks: tuple[str, ...] = ()

    @cached_property
    def producer(self) -> Mapping[str, int]:
        """Tensor -> the layer that makes it, -1 for inputs of the model, which come first."""
        made = {name: layer.index for layer in self.layers for name in layer.outputs}
        return dict.fromkeys(self.inputs, -1) | made

    @cached_property
    def consumers(self) -> Mapping[str, tuple[int, ...]]:
        """Tensor -> the layers that read it, each once, in the order of `producer`."""
        readers: dict[str, dict[int, None]] = {name: {} for name in self.producer}
        for layer in self.layers:
            for name in layer.inputs:
                readers[name][layer.index] = None
        return {name: tuple(layers) for name, layers in readers.items()}

    @cached_property
    def known_cuts(self) -> dict[str, Cut]:
        """Cuts that were worked out already, by `Cut.key`: see `prefix_cut` and `parse_cut`."""
        return {}

    @cached_property
    def macs(self) -> int:
        """Multiply-accumulates of one frame."""
        return sum(layer.macs for layer in self.layers)


@dataclass(frozen=True)
class Cut:
    """A downward-closed set of layers that run on the edge.

    ``boundary`` are the tensors that cross: produced on the edge (or inputs of the model) and read in the
    cloud, each once, in topological order. ``index`` is the number of layers when the cut is a prefix of
    the topological order, else None. Index 0 is cloud only, ``len(graph.layers)`` edge only.
    """

    layers: tuple[int, ...]
    boundary: tuple[str, ...]

    @property
    def index(self) -> int | None:
        """Length of the prefix, or None when the cut is not one."""
        is_prefix = not self.layers or self.layers[-1] == len(self.layers) - 1
        return len(self.layers) if is_prefix else None

    @cached_property
    def key(self) -> str:
        """A short text that names the cut within its model: ``12``, or ``x`` and a hexadecimal bit set."""
        if self.index is not None:
            return str(self.index)
        return f"x{sum(1 << layer for layer in self.layers):x}"
