"""`evosplit roofline`: the two roofs of this machine, and a model's layers under them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from evosplit.cli.options import FILE, json_option, model_argument, shape_option, threads_option
from evosplit.cli.output import print_json, print_table, progress, stderr, stdout
from evosplit.library.model import load
from evosplit.library.plots.figure import file_axes, save_axes
from evosplit.library.plots.roofline_plot import plot_roofline
from evosplit.library.profile import profile as measure
from evosplit.shared.layer_rates import LayerRate, layer_rates
from evosplit.shared.machine import this_machine
from evosplit.shared.roofline import Roofs, measure_roofs
from evosplit.shared.serial import to_data
from evosplit.shared.shape_text import Shape
from evosplit.shared.units import format_duration


@click.command()
@model_argument
@shape_option
@threads_option
@click.option("--plot", type=FILE, help="Also draw the layers under the roofs: a .svg, .pdf or .png file.")
@json_option
def roofline(
    model: Path, shapes: Mapping[str, Shape], threads: int, plot: Path | None, as_json: bool
) -> None:
    r"""Measure this machine's peak arithmetic and memory bandwidth, and show MODEL's layers under them.

    \b
    Example: evosplit roofline model.onnx --plot roofline.svg
    """
    loaded = load(model, shapes)
    graph = loaded.graph
    with progress() as report:
        profile = measure(loaded, threads, side="cloud", progress=report).profile
    stderr.print("measuring the roofs ...")
    roofs = measure_roofs(threads)
    rates = layer_rates(graph, profile.layer_s, roofs)
    if plot:
        save_axes(plot_roofline(graph.name, roofs, rates, file_axes()), plot)
    if as_json:
        layers = [to_data(rate) for rate in rates]
        print_json(
            {"model": graph.name, "machine": to_data(this_machine()), **to_data(roofs), "layers": layers}
        )
    else:
        _print(graph.name, roofs, rates)


def _print(name: str, roofs: Roofs, rates: tuple[LayerRate, ...]) -> None:
    columns = ("layer", "op", "time", "FLOP/byte", "GFLOP/s", "GB/s", "bound", "of roof")
    rows = (
        (
            rate.name,
            rate.op,
            format_duration(rate.seconds),
            f"{rate.intensity:.2f}",
            f"{rate.flops_per_s / 1e9:.3g}",
            f"{rate.bytes_per_s / 1e9:.3g}",
            rate.bound,
            f"{rate.roof_share:.0%}",
        )
        for rate in rates
    )
    print_table(f"{name}, {roofs.threads} threads", columns, rows)
    peaks = (
        f"peak {roofs.peak_flops / 1e9:.3g} GFLOP/s (float32), {roofs.peak_bytes_per_s / 1e9:.3g} GB/s (copy)"
    )
    stdout.print(f"{peaks}; they meet at {roofs.peak_flops / roofs.peak_bytes_per_s:.3g} FLOP/byte")
