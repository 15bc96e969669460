"""Measured comparison: from a planning command's options to the band chart of one network and two devices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from evosplit.cli.measured.band_run import measure_bands
from evosplit.cli.measured.chart_plans import ChartPlans, chart_plans
from evosplit.cli.measured.device_pair import Pair
from evosplit.cli.measured.playback import Rounds
from evosplit.cli.measured.tiers import ServedModel, bench
from evosplit.cli.measured.timed_edge import Played
from evosplit.cli.orderly_end import run_to_its_end
from evosplit.cli.planning import NOISE, Asked
from evosplit.library.band_rows import BandRow
from evosplit.library.bands import BandReport
from evosplit.library.card_files import find_card
from evosplit.library.progress import Progress
from evosplit.library.promise import keep_table_promise
from evosplit.library.setting import Setting
from evosplit.planner.calibration.input_files import calibration_source
from evosplit.planner.calibration.picture_inputs import pictures_in
from evosplit.shared.errors import InputError, UsageError
from evosplit.shared.link import Link
from evosplit.shared.machine import this_machine
from evosplit.shared.pictures import decode_picture

FRAMES: Final = 8
"""Pictures that take turns."""


@dataclass(frozen=True)
class Chart:
    """What a chart is asked for besides the plans; ``images`` None: the calibration pictures are played."""

    uplinks_bps: Sequence[float]
    images: Path | None
    seconds: float
    max_drop: float | None


def measured_comparison(asked: Asked, chart: Chart, progress: Progress) -> BandReport:
    """Plan as the plan service does, then play. Raises as `Asked.setting`, and UsageError, InputError."""
    asked = replace(asked, cloud_threads=this_machine().cores)
    _check(asked)
    card = asked.card_file or find_card(asked.model)
    setting = asked.setting(progress)
    links = [Link(bandwidth_bps, setting.rtt_s) for bandwidth_bps in chart.uplinks_bps]
    table, promised = keep_table_promise(setting, setting.problem(), chart.max_drop, progress)
    plans = chart_plans(setting.problem(), table, promised.promise, promised.judge)
    played = _played(asked, setting, chart.images)
    model = ServedModel(asked.model, card, tuple(asked.shapes.items()))
    pair, rounds = Pair(asked.slowdown, asked.speedup), Rounds(seconds=chart.seconds)
    rows = run_to_its_end(_measured(model, played, pair, plans, links, rounds, progress))
    notes = (*setting.notes, *promised.notes)
    report = (setting.model.name, asked.slowdown, asked.speedup, setting.rtt_s, asked.integers)
    return BandReport(*report, rows, notes)


async def _measured(
    model: ServedModel,
    played: Played,
    pair: Pair,
    plans: ChartPlans,
    links: Sequence[Link],
    rounds: Rounds,
    progress: Progress,
) -> tuple[BandRow, ...]:
    async with bench((model,), links[-1]) as running:
        with running.edge(played, pair, plans.every_plan(links)) as edge:
            return await measure_bands(running, edge, plans, links, rounds, progress)


def _check(asked: Asked) -> None:
    """Raise UsageError for devices that this machine cannot play."""
    if asked.devices != "measured" or asked.edge_file or asked.cloud_file:
        raise UsageError("--measured plays this machine: it goes without --devices, --edge and --cloud")
    if asked.slowdown < 1:
        raise UsageError("--measured can play a slower edge, not a faster one: --slowdown is 1 or more")


def _played(asked: Asked, setting: Setting, images: Path | None) -> Played:
    """The first pictures of the folder. Raises InputError without pictures, CardError without a card."""
    beside = asked.calibration if asked.calibration not in (None, NOISE) else calibration_source(asked.model)
    folder = images or beside
    if setting.model.card is None or not isinstance(folder, Path) or not folder.is_dir():
        raise InputError("--measured needs pictures to play: --images, or a folder of them for --calibration")
    paths = pictures_in(folder)[:FRAMES]
    if not paths:
        raise InputError(f"no pictures in {folder.name}")
    frames = [decode_picture(path.read_bytes()) for path in paths]
    return Played(setting.model.graph, setting.model.card, frames)
