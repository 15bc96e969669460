"""`evosplit inspect`: the layers of a model and the places to cut it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cli.options import json_option, model_argument
from cli.output import print_json, print_table
from shared.graph import load_graph
from shared.inspect import inspect_data
from shared.units import format_size


@click.command()
@model_argument
@json_option
def inspect(model: Path, as_json: bool) -> None:
    r"""Print the layers of MODEL and its cuts.

    \b
    Example: evosplit inspect model.onnx
    """
    data = inspect_data(load_graph(model))
    if as_json:
        print_json(data)
        return
    _print_layers(model.name, data["layers"])
    _print_cuts(data["cuts"])


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
