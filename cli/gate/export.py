"""ONNX export of the trained network, with a description of the file (development only)."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import onnx
import torch
from onnx import shape_inference

from evosplit.cli.gate.evaluate import (
    BOUNDARY,
    INPUT,
    OUTPUT,
    held_out,
    score,
    split_reader,
    unrelated,
    whole_reader,
)
from evosplit.cli.gate.network import GateNet

OPSET = 17
HELD_OUT_SEEDS = tuple(range(9000, 9010))
HELD_OUT_FRAMES = 300
"""Frames of each stream."""
UNRELATED_SEED, UNRELATED_FRAMES = 2, 2000
_ROUGH = 5
"""Other bit-widths than four are measured on every fifth frame only."""


def export(net: GateNet, path: Path) -> None:
    """Export with batch norms folded, a symbolic batch, and the narrow tensor named `boundary`."""
    torch.onnx.export(
        net.eval().to(memory_format=torch.contiguous_format),
        torch.rand(1, 3, 160, 320),
        str(path),
        input_names=[INPUT],
        output_names=[OUTPUT],
        dynamic_axes={INPUT: {0: "N"}, OUTPUT: {0: "N"}},
        opset_version=OPSET,
        dynamo=False,
    )
    model = onnx.load(path)
    _rename(model, _squeezed(model), BOUNDARY)
    # The inferred shapes stay in the file, so that it can be cut at any tensor.
    model = shape_inference.infer_shapes(model)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def _squeezed(model: onnx.ModelProto) -> str:
    """Find the output of the stem's last ReLU: the fourth in the graph."""
    return str([node.output[0] for node in model.graph.node if node.op_type == "Relu"][3])


def _rename(model: onnx.ModelProto, old: str, new: str) -> None:
    for node in model.graph.node:
        for names in (node.input, node.output):
            names[:] = [new if name == old else name for name in names]


def multiply_accumulates(model: onnx.ModelProto) -> int:
    """Count those of the convolutions for one frame; the rest is below one in a thousand."""
    shapes = {
        value.name: [dim.dim_value for dim in value.type.tensor_type.shape.dim]
        for value in model.graph.value_info
    }
    weights = {tensor.name: tensor.dims for tensor in model.graph.initializer}
    total = 0
    for node in model.graph.node:
        if node.op_type == "Conv":
            outputs, inputs, height, width = weights[node.input[1]]
            rows, columns = shapes[node.output[0]][2:]
            total += outputs * inputs * height * width * rows * columns
    return int(total)


def describe(path: Path) -> dict[str, Any]:
    """Measure the file on camera streams with seeds that no training frame came from."""
    model = onnx.load(path)
    return {
        "input": {"name": INPUT, "shape": ["N", 3, 160, 320], "values": "RGB / 255, float32"},
        "output": {"name": OUTPUT, "meaning": "logits (N, slots, classes), the last class is blank"},
        "boundary": BOUNDARY,
        "file_bytes": path.stat().st_size,
        "macs": multiply_accumulates(model),
        "convolutions": sum(node.op_type == "Conv" for node in model.graph.node),
        "held_out": {
            "seeds": list(HELD_OUT_SEEDS),
            "frames_per_seed": HELD_OUT_FRAMES,
            "unrelated_seed": UNRELATED_SEED,
        },
        "accuracy": _accuracy(path),
    }


def _accuracy(path: Path) -> dict[str, dict[str, float]]:
    samples = list(held_out(HELD_OUT_SEEDS, HELD_OUT_FRAMES))
    singles = unrelated(UNRELATED_SEED, UNRELATED_FRAMES)
    scores = {"float32": score(whole_reader(path), samples)}
    scores["float32_unrelated_scenes"] = score(whole_reader(path), singles)
    for bits in (4, 2, 3, 8):
        some = samples if bits == 4 else samples[::_ROUGH]
        scores[f"boundary_{bits}_bits"] = score(split_reader(path, bits), some)
    return {name: dataclasses.asdict(score) for name, score in scores.items()}
