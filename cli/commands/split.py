"""`evosplit split`: head and tail of one cut, as ONNX files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from evosplit.cli.options import FOLDER, json_option, model_argument, shape_option
from evosplit.cli.output import print_json, stdout
from evosplit.library.model import load
from evosplit.library.split import split as split_model
from evosplit.shared.shape_text import Shape


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
    parts = split_model(load(model, shapes), index)
    parts.save(folder)
    manifest = parts.to_dict()
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
