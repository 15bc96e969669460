"""Cost model of Auto-Split's published code, for comparison with its published figures.

It prices convolutions only. The input is walked in blocks of (height x width x channels), neighbours
overlapping by the kernel less one; a block is multiplied with ``filters`` filters at a time:

    mac   = ceil(filters / block filters) x rows of outputs x ceil(bits / 8)         cycles
    add   = filters x columns of outputs x ceil(rows of outputs / adders)            from the second
            channel block on: partial sums are added apart, and not while others are multiplied
    load  = elements of the block, hidden behind mac + add; weights are loaded before, and not hidden

Three quarters of ResNet-50's time on its edge are those additions, which a systolic array does on the way.
Reimplemented from its description; grouped convolutions other than depthwise ones count as dense, as there.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

from evosplit.planner.devices.energy import Energy
from evosplit.planner.devices.layer_timing import LayerTiming
from evosplit.shared.graph import Graph, Layer
from evosplit.shared.weight_sizes import initialisers, quantised_weights


@dataclass(frozen=True)
class PublishedArray:
    """Block sizes in elements, ``adders`` partial sums at a time; transfers at ``bytes_per_s``."""

    name: str
    block_height: int
    block_width: int
    block_channels: int
    block_filters: int
    adders: int
    clock_hz: float
    bytes_per_s: float
    bits: int
    choices: tuple[int, ...]
    energy: Energy | None
    source: str

    def timings(self, graph: Graph) -> tuple[LayerTiming, ...]:
        """One timing per layer; all but two-dimensional convolutions take no time."""
        packed = quantised_weights(graph)
        return tuple(self._timing(graph, layer, packed.get(layer.name, ())) for layer in graph.layers)

    def _timing(self, graph: Graph, layer: Layer, packed: tuple[str, ...]) -> LayerTiming:
        window = _window(graph, layer)
        if window is None:
            return LayerTiming(0.0, macs=layer.macs)
        cycles, loaded = self._depthwise(window) if window.depthwise else self._dense(window)
        return LayerTiming(
            compute_s=cycles / self.clock_hz,
            weight_elements=window.weights if packed else 0,
            input_elements=((layer.inputs[0], loaded),),
            fixed_bytes=0.0 if packed else 4.0 * window.weights,
            bytes_per_s=self.bytes_per_s,
            weights_first=True,
            macs=layer.macs,
        )

    def _dense(self, window: _Window) -> tuple[float, float]:
        """Cycles of arithmetic, and elements loaded."""
        blocks = math.ceil(window.channels / self.block_channels)
        passes = math.ceil(window.filters / self.block_filters) * math.ceil(self.bits / 8)
        cycles = loaded = 0.0
        for (tall, rows), (wide, columns) in self._tiles(window):
            cycles += blocks * passes * rows
            cycles += (blocks - 1) * window.filters * columns * math.ceil(rows / self.adders)
            loaded += window.channels * tall * wide
        return cycles, loaded

    def _depthwise(self, window: _Window) -> tuple[float, float]:
        """As above; its loads take a cycle a byte there, whatever the bandwidth."""
        blocks = math.ceil(window.channels / self.block_channels)
        cycles = loaded = 0.0
        for (tall, rows), (wide, _) in self._tiles(window):
            cycles += blocks * rows
            loaded += window.channels * tall * wide * self.bytes_per_s / self.clock_hz
        return cycles, loaded

    def _tiles(self, window: _Window) -> itertools.product[tuple[tuple[int, int], tuple[int, int]]]:
        """((input rows, output rows), (input columns, output columns)) of every block."""
        # Output rows are counted without dividing the block by the stride: so does the published code.
        tall = [
            (size, int(size - window.kernel[0] / window.stride[0]) + 1 if size >= window.kernel[0] else 1)
            for size in _blocks(window.size[0], self.block_height, window.kernel[0])
        ]
        wide = [
            (size, (size - window.kernel[1]) // window.stride[1] + 1 if size >= window.kernel[1] else 1)
            for size in _blocks(window.size[1], self.block_width, window.kernel[1])
        ]
        return itertools.product(tall, wide)


@dataclass(frozen=True)
class _Window:
    """A convolution over (height, width) of the input."""

    size: tuple[int, int]
    kernel: tuple[int, int]
    stride: tuple[int, int]
    channels: int
    filters: int
    weights: int
    depthwise: bool


def _blocks(extent: int, block: int, kernel: int) -> list[int]:
    """Lengths of the blocks along one side: every one but the first begins ``kernel - 1`` earlier."""
    starts = [start - kernel + 1 if start else 0 for start in range(0, extent, block)]
    return [min(start + block, extent) - start for start in starts]


def _window(graph: Graph, layer: Layer) -> _Window | None:
    node = graph.model.graph.node[layer.nodes[0]]
    stored = initialisers(graph).get(node.input[1]) if node.op_type == "Conv" else None
    if stored is None or len(stored.dims) != 4:
        return None
    shape = graph.tensors[node.input[0]].shape
    strides = next(
        (tuple(attribute.ints) for attribute in node.attribute if attribute.name == "strides"), (1, 1)
    )
    return _Window(
        size=(shape[2], shape[3]),
        kernel=(stored.dims[2], stored.dims[3]),
        stride=(strides[0], strides[1]),
        channels=shape[1],
        filters=stored.dims[0],
        weights=math.prod(stored.dims),
        depthwise=stored.dims[1] == 1 and shape[1] > 1,
    )
