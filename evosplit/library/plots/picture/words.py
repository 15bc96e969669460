"""Labels of the boxes and lines of a plan's picture."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from evosplit.library.plots.picture.rows import Node
from evosplit.shared.graph import Graph, parse_cut
from evosplit.shared.plan import FLOAT_BITS, Plan, TensorCode
from evosplit.shared.units import format_bandwidth, format_duration, format_size

_LONGEST: Final = 17


class Words:
    """A network under a plan, in words; ``on_edge`` are the layers that run there."""

    def __init__(self, graph: Graph, plan: Plan) -> None:
        self.graph, self.plan = graph, plan
        self.on_edge = frozenset(parse_cut(graph, plan.cut_key).layers)

    def side(self, node: Node) -> str:
        """Where a node runs."""
        if node.layer is None:
            return "input"
        return "edge" if node.layer in self.on_edge else "cloud"

    def crosses(self, lower: Node, tensor: str) -> bool:
        """Whether a line, or what it leads to, carries a tensor over the cut."""
        if tensor not in self.plan.boundary:
            return False
        return lower.layer not in self.on_edge if not lower.is_bend else True

    def text(self, node: Node) -> str:
        """Number and operator of a layer; bits below where it runs on the edge."""
        if node.layer is None:
            return f"{_short(node.tensor)}\n{_shape(self.graph, node.tensor)}"
        layer = self.graph.layers[node.layer]
        title = "+".join((layer.op, *layer.fused))
        bits = " · ".join(self._bits(node.layer))
        return f"{layer.index} {_short(title)}" + (f"\n{bits}" if bits else "")

    def label(self, tensor: str) -> str:
        """Bits and bytes of a tensor that crosses."""
        code = self.plan.wire.get(tensor)
        bits = "as it is" if code is None else _picture(code) or f"{code.bits} bit"
        alone = len(self.plan.boundary) == 1
        return f"{bits}, {format_size(self.plan.wire_bytes)}" if alone else bits

    def title(self) -> str:
        """Two lines: the cut, and what it costs."""
        plan, count = self.plan, len(self.graph.layers)
        latency = format_duration(plan.latency.total_s)
        sent = f"{format_size(plan.wire_bytes)} on the wire" if plan.wire_bytes else "nothing on the wire"
        first = f"{plan.model}: {len(self.on_edge)} of {count} layers on the edge, {sent}"
        return (
            f"{first}\n{latency} at {format_bandwidth(plan.link.bandwidth_bps)}, "
            f"{format_size(plan.edge_memory_bytes)} of edge memory, error {plan.error:.2g}"
        )

    def _bits(self, index: int) -> Iterator[str]:
        layer, plan = self.graph.layers[index], self.plan
        if index not in self.on_edge:
            return
        if layer.name in plan.weight_bits:
            yield f"w {_width(plan.weight_bits[layer.name])}"
        made = [plan.activation_bits[name] for name in layer.outputs if name in plan.activation_bits]
        if made:
            yield f"a {_width(min(made))}"


def _picture(code: TensorCode) -> str | None:
    """The kind of picture that is sent in a tensor's place, if one is."""
    return None if code.codec in (None, "none", "zstd") else code.codec


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _width(bits: int) -> str:
    return "f" if bits == FLOAT_BITS else str(bits)


def _shape(graph: Graph, tensor: str) -> str:
    return "×".join(str(size) for size in graph.tensors[tensor].shape)
