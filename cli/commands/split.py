"""`evosplit split`: head and tail of one cut, as ONNX files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from cli.options import FOLDER, json_option, model_argument
from cli.output import print_json, stdout
from shared.errors import EvoSplitError
from shared.graph import Cut, Graph, load_graph, prefix_cut
from shared.split import cloud_outputs, edge_outputs, head_model, tail_model


@click.command()
@model_argument
@click.option(
    "--cut", "index", type=int, required=True, help="Index of the cut, as `evosplit inspect` prints it."
)
@click.option(
    "--out", "folder", type=FOLDER, required=True, help="Folder to write to; made when it is not there."
)
@json_option
def split(model: Path, index: int, folder: Path, as_json: bool) -> None:
    r"""Write head.onnx, tail.onnx and manifest.json of MODEL, cut after its first layers.

    \b
    Example: evosplit split model.onnx --cut 12 --out parts/
    """
    graph = load_graph(model)
    cut = prefix_cut(graph, index)
    manifest = _manifest(graph, cut)
    _write(folder, graph, cut, manifest)
    if as_json:
        print_json(manifest)
    else:
        stdout.print(f"wrote head.onnx, tail.onnx and manifest.json to {folder}")


def _manifest(graph: Graph, cut: Cut) -> dict[str, Any]:
    return {
        "model": graph.name,
        "model_sha256": graph.sha256,
        "cut": cut.index,
        "boundary": [
            {"name": name, "shape": list(graph.tensors[name].shape), "dtype": graph.tensors[name].dtype}
            for name in cut.boundary
        ],
        "edge_outputs": list(edge_outputs(graph, cut)),
        "cloud_outputs": list(cloud_outputs(graph, cut)),
        "head": "head.onnx",
        "tail": "tail.onnx",
    }


def _write(folder: Path, graph: Graph, cut: Cut, manifest: dict[str, Any]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "head.onnx").write_bytes(head_model(graph, cut).SerializeToString())
        (folder / "tail.onnx").write_bytes(tail_model(graph, cut).SerializeToString())
        (folder / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise EvoSplitError(f"cannot write to {folder}: {error.strerror}") from None
