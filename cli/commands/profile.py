"""`evosplit profile`: seconds per layer, and of whole heads and tails, on this machine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from evosplit.cli.frames import with_frame_of
from evosplit.cli.models import load_model
from evosplit.cli.options import (
    FILE,
    json_option,
    model_argument,
    shape_option,
    slowdown_option,
    threads_option,
)
from evosplit.cli.output import print_json, print_table, stdout
from evosplit.cli.profiles import edge_profile
from evosplit.shared.errors import EvoSplitError
from evosplit.shared.graph import Graph
from evosplit.shared.profile import Profile
from evosplit.shared.serial import to_data, to_json
from evosplit.shared.shape_text import Shape
from evosplit.shared.units import format_duration


@click.command()
@model_argument
@shape_option
@click.option("-o", "--output", type=FILE, help="File to write the profile to.")
@slowdown_option
@threads_option
@json_option
def profile(
    model: Path,
    shapes: Mapping[str, Shape],
    output: Path | None,
    slowdown: float,
    threads: int,
    as_json: bool,
) -> None:
    r"""Measure MODEL on this machine with ONNX Runtime.

    \b
    Example: evosplit profile model.onnx -o edge.json --slowdown 8
    """
    graph = load_model(model, shapes)
    measured = with_frame_of(
        graph, edge_profile(graph, threads, slowdown, fresh=True), model, None, fresh=True
    )
    if output:
        _write(output, measured)
    if as_json:
        print_json(to_data(measured))
    else:
        _print(graph, measured)


def _write(path: Path, measured: Profile) -> None:
    try:
        path.write_bytes(to_json(measured) + b"\n")
    except OSError as error:
        raise EvoSplitError(f"cannot write {path}: {error.strerror}") from None


def _print(graph: Graph, measured: Profile) -> None:
    rows = (
        (layer.name, layer.op, format_duration(alone_s), format_duration(head_s), format_duration(tail_s))
        for layer, alone_s, head_s, tail_s in zip(
            graph.layers, measured.layer_s, measured.head_layer_s(), measured.tail_layer_s(), strict=True
        )
    )
    print_table(
        f"{graph.name}, {measured.threads} threads", ("layer", "op", "alone", "in a head", "in a tail"), rows
    )
    whole_s = measured.head_s[max(measured.head_s)]
    stdout.print(f"whole model {format_duration(whole_s)}; slowdown {measured.slowdown:g}")
    if measured.residual is not None:
        stdout.print(f"a head or tail at a cut that was not measured is predicted to {measured.residual:.0%}")
