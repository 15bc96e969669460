"""Conversion of outputs that are no tensors (sequences, maps, optionals), where they can be converted."""

from __future__ import annotations

from typing import Final

import onnx

from evosplit.shared.errors import ModelError
from evosplit.shared.graph.passes.notes import drop_notes, read_note, write_note
from evosplit.shared.onnx_parts import remodel

_KEY: Final = "remarks"
_IDENTITY_OPSET: Final = 13
_KINDS: Final = {
    "sequence_type": "a sequence",
    "map_type": "a map",
    "optional_type": "an optional",
    "sparse_tensor_type": "a sparse tensor",
}


def tensor_outputs(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with tensors for outputs alone, and a line for each other one (`remarks`).

    A ZipMap, which exporters of classic classifiers end in, hands out the scores that it reads: one column a
    class, in the order of its keys. Raises ModelError when no output is left.
    """
    copy = remodel(model)
    drop_notes(copy)
    strange = {value.name: kind for value in model.graph.output if (kind := _kind(value))}
    zipped = {node.output[0]: node for node in copy.graph.node if _is_zip(node)}
    lines = [
        _unzip(copy, zipped[name]) if name in zipped else _left_out(name, kind)
        for name, kind in strange.items()
    ]
    kept = [value for value in copy.graph.output if value.name not in strange or value.name in zipped]
    if not kept:
        raise ModelError("; ".join(lines) + "; there is no other output")
    if lines:
        copy = remodel(copy, outputs=[_bare(value) if value.name in strange else value for value in kept])
        write_note(copy, _KEY, lines)
    return copy


def remarks(model: onnx.ModelProto) -> tuple[str, ...]:
    """Lines about outputs that are served otherwise than the file says, or not at all."""
    return tuple(read_note(model, _KEY, ()))


def _kind(value: onnx.ValueInfoProto) -> str | None:
    return _KINDS.get(value.type.WhichOneof("value") or "")


def _is_zip(node: onnx.NodeProto) -> bool:
    return node.domain == "ai.onnx.ml" and node.op_type == "ZipMap"


def _unzip(model: onnx.ModelProto, node: onnx.NodeProto) -> str:
    """Replace the node by an Identity of its scores; the line that says so."""
    name, keys = node.output[0], ", ".join(_keys(node))
    wired = onnx.helper.make_node("Identity", [node.input[0]], [name], name=node.name)
    node.CopyFrom(wired)
    if all(opset.domain for opset in model.opset_import):
        model.opset_import.add(domain="", version=_IDENTITY_OPSET)
    return f"output {name!r} is a map (ZipMap): its values are served as a tensor, in the order {keys}"


def _keys(node: onnx.NodeProto) -> list[str]:
    held = {attribute.name: attribute for attribute in node.attribute}
    texts = held["classlabels_strings"].strings if "classlabels_strings" in held else ()
    numbers = held["classlabels_int64s"].ints if "classlabels_int64s" in held else ()
    return [text.decode("utf-8", "replace") for text in texts] or [str(number) for number in numbers]


def _left_out(name: str, kind: str) -> str:
    return f"output {name!r} is {kind}, which cannot be sent, and is left out: export the model with a tensor"


def _bare(value: onnx.ValueInfoProto) -> onnx.ValueInfoProto:
    return onnx.ValueInfoProto(name=value.name)
