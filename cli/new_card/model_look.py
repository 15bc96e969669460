"""Look at an ONNX file: its picture input, its metadata, and the operators around inputs and outputs."""

from __future__ import annotations

import ast
import contextlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import onnx

from evosplit.shared.errors import ModelError
from evosplit.shared.graph.load_model import parse_model

Size = tuple[int, int]

_WEIGHTED: Final = {"Conv", "ConvInteger", "ConvTranspose", "QLinearConv", "Gemm", "MatMul", "MatMulInteger"}


@dataclass(frozen=True)
class ModelLook:
    """A file as it is written: ``size`` is the input's (height, width), None where that is open."""

    model: onnx.ModelProto
    name: str
    tensor: str
    layout: str
    channels: int
    size: Size | None

    @cached_property
    def metadata(self) -> dict[str, Any]:
        """The file's metadata, Python literals such as Ultralytics' ``names`` parsed."""
        return {entry.key: _literal(entry.value) for entry in self.model.metadata_props}

    @property
    def is_ultralytics(self) -> bool:
        """Whether Ultralytics' exporter wrote it: YOLOv5 to YOLO11 and their classifiers."""
        return self.metadata.get("author") == "Ultralytics" or {"names", "stride"} <= self.metadata.keys()

    @property
    def labels(self) -> tuple[str, ...] | None:
        """Names of classes in the order of their numbers, where the metadata have them."""
        names = self.metadata.get("names")
        if isinstance(names, dict) and sorted(names) == list(range(len(names))):
            return tuple(str(names[number]) for number in range(len(names)))
        return tuple(map(str, names)) if isinstance(names, list | tuple) else None

    def ops_before(self, output: str) -> tuple[str, ...]:
        """Operators between an output and the last weighted layers, nearest to the output first."""
        makers = {name: node for node in self.model.graph.node for name in node.output}
        ops, waiting, seen = [], [output], set()
        while waiting:
            node = makers.get(waiting.pop(0))
            if node is None or id(node) in seen or node.op_type in _WEIGHTED:
                continue
            seen.add(id(node))
            ops.append(node.op_type)
            waiting.extend(node.input)
        return tuple(ops)


def look(path: Path) -> ModelLook:
    """Raises ModelError with one line: no ONNX file, or none that reads one picture."""
    try:
        model = parse_model(path.read_bytes())
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror or error}") from None
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from None
    weights = {tensor.name for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in weights]
    if len(inputs) != 1:
        names = ", ".join(value.name for value in inputs) or "none"
        raise ModelError(f"{path}: a card feeds one picture, the inputs are {names}")
    return _picture(path, model, inputs[0])


def _picture(path: Path, model: onnx.ModelProto, value: onnx.ValueInfoProto) -> ModelLook:
    kind = value.type.tensor_type
    if kind.elem_type not in (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16):
        dtype = onnx.TensorProto.DataType.Name(kind.elem_type).lower()
        raise ModelError(f"{path}: input {value.name} takes {dtype}: a card feeds pictures as float numbers")
    sides = [side.dim_value for side in kind.shape.dim]
    for layout, channel, first in (("NCHW", 1, 2), ("NHWC", 3, 1)):
        if len(sides) == 4 and sides[channel] in (1, 3):
            height, width = sides[first : first + 2]
            size = (height, width) if height and width else None
            return ModelLook(model, path.stem, value.name, layout, sides[channel], size)
    shape = "x".join(str(side or "?") for side in sides)
    raise ModelError(f"{path}: input {value.name} is {shape}: no picture of one or three channels")


def _literal(text: str) -> Any:  # noqa: ANN401 - whatever was written
    with contextlib.suppress(ValueError, SyntaxError, MemoryError, RecursionError):
        return ast.literal_eval(text)
    return text
