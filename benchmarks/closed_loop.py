"""Closed-loop latency of an agent that has learned, against every fixed strategy: four networks, four links.

As `evosplit demo` plays them: an edge agent slowed by eight and a cloud tier as processes, a shaped link
between them. Frames go the planned way until the plan settles; then all strategies take turns: all on the
edge in floats or integers, the input raw or as JPEG to the cloud, and each split of the plan table.
"""

from __future__ import annotations

import asyncio
import csv
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image
from rich.console import Console

from benchmarks.cells.inputs import PICTURES, SHARED
from benchmarks.report import write_result
from evosplit.cli.demo.board import board
from evosplit.cli.demo.links import DemoLink
from evosplit.cli.demo.report_rows import comparisons, rows_of
from evosplit.cli.demo.run_demo import run_demo
from evosplit.cli.demo.scenario import Scenario, user_scenario
from evosplit.shared.link import Link
from evosplit.shared.units import format_bandwidth

LINKS: Final = tuple(
    DemoLink(format_bandwidth(bandwidth_bps), Link(bandwidth_bps, 0.02))
    for bandwidth_bps in (32e6, 8e6, 2e6, 0.5e6)
)
SECONDS: Final = 64.0
SLOWDOWN: Final = 8.0
WITHIN: Final = 1.05


def main() -> None:
    """Play all cells and write the result."""
    cells = [cell for name in PICTURES for cell in _cells(name)]
    result = {
        "target_planned_to_best": WITHIN,
        "slowdown": SLOWDOWN,
        "within": sum(cell["planned_to_best"] <= WITHIN for cell in cells),
        "of": len(cells),
        "cells": cells,
    }
    write_result("closed_loop", result)
    print(f"within 5 % of the best way held to: {result['within']} of {result['of']}")


def _cells(name: str) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="evosplit-loop-") as folder:
        scenario = _scenario(name, Path(folder))
        device = board(scenario.network()[0], SLOWDOWN)
        rows = asyncio.run(run_demo(scenario, SECONDS, device, Console(stderr=True), LINKS))
    cells = []
    for pair in comparisons(rows):
        here = rows_of(rows, pair.link)
        p50_s = {row.strategy: row.p50_s for row in here}
        planned = next(asdict(row) for row in here if row.strategy == "planned")
        cells.append({"model": name, **asdict(pair), "p50_s": p50_s, "planned": planned})
        print(
            f"{name} {pair.bandwidth_bps / 1e6:g} Mbit/s: {pair.planned_to_best:.3f} of {pair.best}",
            flush=True,
        )
    return cells


def _scenario(name: str, folder: Path) -> Scenario:
    images = SHARED / "data" / PICTURES[name]
    if (images / "cifar10.npz").is_file():
        images = _written(images / "cifar10.npz", folder)
    return user_scenario(SHARED / "models" / f"{name}.onnx", images, {})


def _written(archive: Path, folder: Path) -> Path:
    """The test images of CIFAR-10 as files with their labels."""
    arrays = np.load(archive)
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as stream:
        table = csv.writer(stream)
        table.writerow(("file", "class_index"))
        for index, (pixels, label) in enumerate(zip(arrays["x_test"], arrays["y_test"], strict=True)):
            Image.fromarray(pixels).save(folder / f"{index:04}.png")
            table.writerow((f"{index:04}.png", int(label)))
    return folder


if __name__ == "__main__":
    main()
