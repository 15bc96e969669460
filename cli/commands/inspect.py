"""`evosplit inspect`: the layers of a model and the places to cut it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from evosplit.cli.models import load_model
from evosplit.cli.options import json_option, model_argument, shape_option
from evosplit.cli.output import print_json, print_table, stdout
from evosplit.shared.model_summary import file_remarks, inspect_data
from evosplit.shared.shape_text import Shape
from evosplit.shared.units import format_size


@click.command()
@model_argument
@shape_option
@json_option
def inspect(model: Path, shapes: Mapping[str, Shape], as_json: bool) -> None:
    r"""Print the layers of MODEL and its cuts.

    \b
    Example: evosplit inspect model.onnx
    """
    graph = load_model(model, shapes)
    data = inspect_data(graph)
    if as_json:
        print_json(data)
        return
    _print_layers(model.name, data["layers"])
    _print_cuts(data["cuts"])
    for line in file_remarks(graph):
        stdout.print(line, markup=False, soft_wrap=True)


def _print_layers(title: str, layers: list[dict[str, Any]]) -> None:
    columns = ("#", "layer", "op", "MACs", "weights", "output")
    rows = (
        (
            number,
            layer["name"],
            layer["op"],
            f"{layer['macs']:,}",
            f"{layer['weight_elements']:,}",
            _shape(layer),
        )
        for number, layer in enumerate(layers, start=1)
    )
    print_table(f"Layers of {title}", columns, rows)


def _print_cuts(cuts: list[dict[str, Any]]) -> None:
    rows = (
        (
            cut["index"],
            cut["after"] or "(the input)",
            ", ".join(f"{tensor['name']} {_dims(tensor['shape'])}" for tensor in cut["boundary"]),
            format_size(cut["bytes"]),
        )
        for cut in cuts
    )
    print_table("Cuts", ("cut", "after layer", "boundary", "float32"), rows)


def _shape(layer: dict[str, Any]) -> str:
    return _dims(layer["output_shape"])


def _dims(shape: list[int]) -> str:
    return "x".join(str(extent) for extent in shape) or "scalar"
