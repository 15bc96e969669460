"""Tail with restoration networks in front of it: one model, so that it stays one session."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import onnx
from onnx import helper, numpy_helper

from evosplit.shared.errors import RestorationError
from evosplit.shared.onnx_parts import node_reads, remodel
from evosplit.shared.restoration.network import DECODED, LEAST, MOST, RESTORED, Restoration

_SCOPE: Final = "restoration/"
_LEAST_OPSET: Final = 6
"""Before it tensors of one shape are not simply added."""
_CLIP_INPUTS_OPSET: Final = 11
"""From this version on the ends of a Clip are inputs; before, attributes."""


def restored_tail(tail: onnx.ModelProto, restorations: Iterable[Restoration]) -> onnx.ModelProto:
    """The tail, reading restored tensors in place of the decoded ones; inputs and outputs keep their names.

    No weight of the tail is touched. Raises RestorationError for a tensor that the tail does not take, or
    that a sub-graph reads, and for operators of an ONNX version before 6.
    """
    chosen = {restoration.tensor: restoration for restoration in restorations}
    if not chosen:
        return tail
    _check(tail, chosen)
    renamed = {tensor: f"{_SCOPE}{tensor}/{RESTORED}" for tensor in chosen}
    parts = [_scoped(restoration, _opset(tail)) for restoration in chosen.values()]
    nodes = [node for part in parts for node in part.node]
    weights = [tensor for part in parts for tensor in part.initializer]
    return remodel(
        tail,
        nodes=[*nodes, *(_reading(node, renamed) for node in tail.graph.node)],
        weights=[*weights, *tail.graph.initializer],
    )


def takes_restoration(tail: onnx.ModelProto, tensor: str) -> bool:
    """Whether `restored_tail` can put a restoration of that tensor in front."""
    return _refusal(tail, tensor) is None


def _check(tail: onnx.ModelProto, chosen: Mapping[str, Restoration]) -> None:
    for tensor, restoration in chosen.items():
        refusal = _refusal(tail, tensor)
        if refusal is not None:
            raise RestorationError(f"restoration {restoration.name} is of tensor {tensor!r}, {refusal}")


def _refusal(tail: onnx.ModelProto, tensor: str) -> str | None:
    if _opset(tail) < _LEAST_OPSET:
        return f"and operators of ONNX before version {_LEAST_OPSET} cannot restore"
    if tensor not in {value.name for value in tail.graph.input}:
        return "which does not cross this cut"
    if any(tensor in node_reads(node) and tensor not in node.input for node in tail.graph.node):
        return "which a sub-graph reads"
    return None


def _opset(model: onnx.ModelProto) -> int:
    versions = (entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx"))
    return max(versions, default=0)


def _scoped(restoration: Restoration, opset: int) -> onnx.GraphProto:
    """The network with names of its own, and the tensor's in place of `DECODED`."""
    scope = f"{_SCOPE}{restoration.tensor}/"

    def named(names: Sequence[str]) -> Iterator[str]:
        return (restoration.tensor if name == DECODED else scope + name for name in names)

    graph = onnx.GraphProto()
    for node in restoration.model.graph.node:
        fitting = _with_attributes(node, restoration) if opset < _CLIP_INPUTS_OPSET else node
        graph.node.append(_with_names(fitting, named(fitting.input), named(node.output)))
    for tensor in restoration.model.graph.initializer:
        graph.initializer.append(tensor)
        graph.initializer[-1].name = scope + tensor.name
    return graph


def _with_attributes(node: onnx.NodeProto, restoration: Restoration) -> onnx.NodeProto:
    """A Clip as older versions write it; any other node as it is."""
    if node.op_type != "Clip":
        return node
    stored = {tensor.name: tensor for tensor in restoration.model.graph.initializer}
    least, most = (float(numpy_helper.to_array(stored[name])) for name in (LEAST, MOST))
    return helper.make_node("Clip", node.input[:1], node.output, min=least, max=most)


def _reading(node: onnx.NodeProto, renamed: Mapping[str, str]) -> onnx.NodeProto:
    return _with_names(node, (renamed.get(name, name) for name in node.input), node.output)


def _with_names(node: onnx.NodeProto, inputs: Iterable[str], outputs: Iterable[str]) -> onnx.NodeProto:
    copy = onnx.NodeProto()
    copy.CopyFrom(node)
    copy.ClearField("input")
    copy.ClearField("output")
    copy.input.extend(inputs)
    copy.output.extend(outputs)
    return copy
