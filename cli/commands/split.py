"""`evosplit split`: head and tail of one cut, as ONNX files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import click
import onnx

from evosplit.cli.models import load_model
from evosplit.cli.options import FOLDER, json_option, model_argument, shape_option
from evosplit.cli.output import print_json, stdout
from evosplit.shared.errors import EvoSplitError
from evosplit.shared.graph import Cut, Graph, prefix_cut
from evosplit.shared.session import serialise
from evosplit.shared.shape_text import Shape
from evosplit.shared.split import cloud_outputs, edge_outputs, head_model, tail_model

_HEAD: Final = "head.onnx"
_TAIL: Final = "tail.onnx"


@click.command()
@model_argument
@shape_option
@click.option(
    "--cut", "index", type=int, required=True, help="Index of the cut, as `evosplit inspect` prints it."
)
@click.option(
    "--out", "folder", type=FOLDER, required=True, help="Folder to write to; made when it is not there."
)
@json_option
def split(model: Path, shapes: Mapping[str, Shape], index: int, folder: Path, as_json: bool) -> None:
    r"""Write head.onnx, tail.onnx and manifest.json of MODEL, cut after its first layers.

    At the first and the last cut one of the parts has no nodes, which no runtime loads: it is not written.

    \b
    Example: evosplit split model.onnx --cut 12 --out parts/
    """
    graph = load_model(model, shapes)
    cut = prefix_cut(graph, index)
    manifest = _manifest(graph, cut)
    _write(folder, graph, cut, manifest)
    if as_json:
        print_json(manifest)
    else:
        stdout.print(_said(manifest, folder))


def _said(manifest: dict[str, Any], folder: Path) -> str:
    parts = [manifest[part] for part in ("head", "tail") if manifest[part]]
    missing = "".join(
        f"; there is no {part}.onnx, since at cut {manifest['cut']} no layer is left for it"
        for part in ("head", "tail")
        if not manifest[part]
    )
    return f"wrote {', '.join(parts)} and manifest.json to {folder}{missing}"


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
        "head": _HEAD if cut.layers else None,
        "tail": _TAIL if len(cut.layers) < len(graph.layers) else None,
    }


def _write(folder: Path, graph: Graph, cut: Cut, manifest: dict[str, Any]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write_part(folder / _HEAD, head_model(graph, cut))
        _write_part(folder / _TAIL, tail_model(graph, cut))
        (folder / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise EvoSplitError(f"cannot write to {folder}: {error.strerror}") from None


def _write_part(path: Path, part: onnx.ModelProto) -> None:
    """A part without nodes is not written, and one of an earlier call does not stay in its place."""
    if part.graph.node:
        path.write_bytes(serialise(part))
    else:
        path.unlink(missing_ok=True)
