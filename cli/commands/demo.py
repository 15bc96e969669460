"""`evosplit demo`: split inference compared with simpler strategies, measured on this machine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import click

from evosplit.cli.demo.board import BOARD_GAIN, board
from evosplit.cli.demo.links import DEMO_LINKS, DemoLink, parse_demo_link
from evosplit.cli.demo.narration import reason
from evosplit.cli.demo.report_rows import Row, comparisons, report, rows_of
from evosplit.cli.demo.run_demo import run_demo
from evosplit.cli.demo.scenario import Scenario
from evosplit.cli.demo.stories import GATE, STORIES, own_scenario, story_scenario
from evosplit.cli.options import FILE, FOLDER, Parsed, json_option, shape_option
from evosplit.cli.orderly_end import run_to_its_end
from evosplit.cli.output import print_json, print_table, stderr, stdout
from evosplit.shared.errors import UsageError
from evosplit.shared.machine import this_machine
from evosplit.shared.named_links import NAMED_LINKS
from evosplit.shared.serial import to_data
from evosplit.shared.shape_text import Shape
from evosplit.shared.units import format_duration, format_size


@click.command()
@click.option(
    "--story",
    type=click.Choice((GATE, *STORIES)),
    default=GATE,
    show_default=True,
    help="The gate camera, or number plates (LPRNet), photographs (MobileNetV2), boxes (YOLOX-nano).",
)
@click.option(
    "--models",
    type=FOLDER,
    help=f"Folder with another story's network: {', '.join(f'{name}.onnx' for name in STORIES.values())}.",
)
@click.option("--model", type=FILE, help="Your own ONNX file, with its model card beside it.")
@click.option(
    "--images", type=FOLDER, help="Folder of pictures for the network, with labels.csv if you have one."
)
@shape_option
@click.option(
    "--seconds", type=click.FloatRange(min=4), default=90.0, show_default=True, help="How long to play."
)
@click.option(
    "--slowdown",
    type=click.FloatRange(min=1),
    help="How much slower than this machine the edge is; without it a Raspberry Pi 3B+ is played.",
)
@click.option(
    "--link",
    "links",
    type=Parsed("link", parse_demo_link),
    multiple=True,
    help=f"Play these instead: a bandwidth, or one of {', '.join(NAMED_LINKS)}; may be given again.",
)
@click.option(
    "--out", "folder", type=FOLDER, default=".", show_default=True, help="Where the report and the plot go."
)
@json_option
def demo(
    story: str,
    models: Path | None,
    model: Path | None,
    images: Path | None,
    shapes: Mapping[str, Shape],
    seconds: float,
    slowdown: float | None,
    links: tuple[DemoLink, ...],
    folder: Path,
    as_json: bool,
) -> None:
    r"""Play a gate camera (or another network) through edge and cloud over a link that changes.

    All strategies take turns on each link: as planned; all on the edge, in floats and in 8-bit integers; the
    picture as JPEG of the least quality that keeps the accuracy, or raw; and each split of the plan table,
    held to. The report says which was the fastest on which link, and why.

    \b
    Example: evosplit demo --seconds 60
             evosplit demo --link ble --link 4g
             evosplit demo --story photos --models models/ --images pictures/
             evosplit demo --model model.onnx --images pictures/
    """
    scenario = _scenario(story, models, model, images, shapes)
    device = board(scenario.network()[0], slowdown)
    rows = run_to_its_end(run_demo(scenario, seconds, device, stderr, links or DEMO_LINKS))
    data = report(rows, to_data(this_machine()), device)
    _write(folder, rows, data, f"{scenario.title}, edge {device.slowdown:.3g} times slower than this machine")
    if as_json:
        print_json(data)
    else:
        _print(rows, device.slowdown)


def _scenario(
    story: str, models: Path | None, model: Path | None, images: Path | None, shapes: Mapping[str, Shape]
) -> Scenario:
    if model is not None:
        if story != GATE or models is not None:
            raise UsageError("--model plays your own network: --story and --models do not go with it")
        return own_scenario(model, images, shapes)
    if shapes:
        raise UsageError("--shape goes with --model")
    if images is not None and story == GATE:
        raise UsageError("--model and --images go together")
    return story_scenario(story, models, images)


def _write(folder: Path, rows: tuple[Row, ...], data: object, title: str) -> None:
    from evosplit.cli.demo.plot import save_plot  # matplotlib takes a second to import

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "demo-report.json").write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
    save_plot(rows, title, folder / "demo-latency.png")
    stderr.print(f"wrote {folder / 'demo-report.json'} and {folder / 'demo-latency.png'}")


def _print(rows: tuple[Row, ...], slowdown: float) -> None:
    columns = ("uplink", "strategy", "cut", "p50", "p95", "sent per frame", "right", "frames", "fell back")
    print_table("One frame, as the client sees it", columns, (_cells(row) for row in rows))
    for pair in comparisons(rows):
        stdout.print(
            f"{pair.link}: planned {format_duration(pair.planned_s)}, the best way held to ({pair.best}) "
            f"{format_duration(pair.best_s)}: {pair.planned_to_best - 1:+.1%}. "
            f"Why {pair.best}: {reason(rows_of(rows, pair.link))}."
        )
    stdout.print(
        f"Edge and cloud are this one machine; the edge waits {slowdown - 1:.3g} times as long as it "
        f"computes, so that it plays a board {slowdown:.3g} times slower, and longer in integers, so that "
        f"these gain at most {BOARD_GAIN:.2f} over floats. The link is shaped by a proxy in this process."
    )


def _cells(row: Row) -> tuple[object, ...]:
    """A row as text; what was not measured is a dash."""
    names = (row.link, row.strategy, row.cut or "-")
    if row.p50_s is None or row.p95_s is None or row.wire_bytes is None or row.accuracy is None:
        return (*names, "-", "-", "-", "-", row.frames, row.fell_back or "")
    times = (format_duration(row.p50_s), format_duration(row.p95_s))
    return (
        *names,
        *times,
        format_size(row.wire_bytes),
        f"{row.accuracy:.1%}",
        row.frames,
        row.fell_back or "",
    )
