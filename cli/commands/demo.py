"""`evosplit demo`: split inference compared with simpler strategies, measured on this machine."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path

import click

from evosplit.cli.demo.report_rows import Row, comparisons, report
from evosplit.cli.demo.run_demo import run_demo
from evosplit.cli.demo.scenario import Scenario, gate_scenario, user_scenario
from evosplit.cli.options import FILE, FOLDER, json_option, shape_option
from evosplit.cli.output import print_json, print_table, stderr, stdout
from evosplit.shared.errors import UsageError
from evosplit.shared.machine import this_machine
from evosplit.shared.serial import to_data
from evosplit.shared.shape_text import Shape
from evosplit.shared.units import format_bandwidth, format_duration, format_size


@click.command()
@click.option("--model", type=FILE, help="Your own ONNX file, with its model card beside it.")
@click.option("--images", type=FOLDER, help="Folder of pictures for it, with labels.csv if you have one.")
@shape_option
@click.option(
    "--seconds", type=click.FloatRange(min=4), default=60.0, show_default=True, help="How long to play."
)
@click.option(
    "--slowdown",
    type=click.FloatRange(min=1),
    default=8.0,
    show_default=True,
    help="How much slower the edge is.",
)
@click.option(
    "--out", "folder", type=FOLDER, default=".", show_default=True, help="Where the report and the plot go."
)
@json_option
def demo(
    model: Path | None,
    images: Path | None,
    shapes: Mapping[str, Shape],
    seconds: float,
    slowdown: float,
    folder: Path,
    as_json: bool,
) -> None:
    r"""Play a gate camera (or your own model and pictures) through edge and cloud over a link that changes.

    \b
    Example: evosplit demo --seconds 60
             evosplit demo --model model.onnx --images pictures/
    """
    scenario = _scenario(model, images, shapes)
    rows = asyncio.run(run_demo(scenario, seconds, slowdown, stderr))
    data = report(rows, to_data(this_machine()), slowdown)
    _write(folder, rows, data, f"{scenario.title}, edge {slowdown:g} times slower than this machine")
    if as_json:
        print_json(data)
    else:
        _print(rows, slowdown)


def _scenario(model: Path | None, images: Path | None, shapes: Mapping[str, Shape]) -> Scenario:
    if (model is None) != (images is None):
        raise UsageError("--model and --images go together")
    if shapes and model is None:
        raise UsageError("--shape goes with --model")
    return user_scenario(model, images, shapes) if model and images else gate_scenario()


def _write(folder: Path, rows: tuple[Row, ...], data: object, title: str) -> None:
    from evosplit.cli.demo.plot import save_plot  # matplotlib takes a second to import

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "demo-report.json").write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
    save_plot(rows, title, folder / "demo-latency.png")
    stderr.print(f"wrote {folder / 'demo-report.json'} and {folder / 'demo-latency.png'}")


def _print(rows: tuple[Row, ...], slowdown: float) -> None:
    columns = ("uplink", "strategy", "cut", "p50", "p95", "sent per frame", "right", "frames")
    print_table("One frame, as the client sees it", columns, (
        (
            format_bandwidth(row.bandwidth_bps),
            row.strategy,
            row.cut,
            format_duration(row.p50_s),
            format_duration(row.p95_s),
            format_size(row.wire_bytes),
            f"{row.accuracy:.1%}",
            row.frames,
        )
        for row in rows
    ))  # fmt: skip
    for pair in comparisons(rows):
        stdout.print(
            f"{format_bandwidth(pair.bandwidth_bps)}: planned {format_duration(pair.planned_s)}, "
            f"the best way held to ({pair.best}) {format_duration(pair.best_s)}: "
            f"{pair.planned_to_best - 1:+.1%}"
        )
    stdout.print(
        f"Edge and cloud are this one machine; the edge waits {slowdown - 1:g} times as long as it computes, "
        f"so that it plays a board {slowdown:g} times slower without integer units. The link is "
        "shaped by a proxy in this process."
    )
