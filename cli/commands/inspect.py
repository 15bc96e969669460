"""`evosplit inspect`: the layers of a model and the places to cut it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from evosplit.cli.options import json_option, model_argument, shape_option
from evosplit.cli.output import print_report
from evosplit.library.model import load
from evosplit.shared.shape_text import Shape


@click.command()
@model_argument
@shape_option
@json_option
def inspect(model: Path, shapes: Mapping[str, Shape], as_json: bool) -> None:
    r"""Print the layers of MODEL and its cuts.

    \b
    Example: evosplit inspect model.onnx
    """
    print_report(load(model, shapes), as_json)
