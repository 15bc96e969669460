"""Run of the demo: both tiers, a shaped link, and all strategies over each bandwidth."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from evosplit.cli.demo.board import Board
from evosplit.cli.demo.client import EdgeClient
from evosplit.cli.demo.links import DemoLink
from evosplit.cli.demo.playback import Played, play_link
from evosplit.cli.demo.processes import new_token
from evosplit.cli.demo.report_rows import Row
from evosplit.cli.demo.scenario import Scenario
from evosplit.cli.demo.strategies import FLOAT_WAY, TimedAnswer, demo_strategies
from evosplit.cli.demo.tiers import FLOATS, cloud_tier, edge_agent
from evosplit.cli.shaper import Shaper
from evosplit.shared.units import format_duration


async def run_demo(
    scenario: Scenario, seconds: float, device: Board, console: Console, links: Sequence[DemoLink]
) -> tuple[Row, ...]:
    """Measure all links in order, for about ``seconds`` in total, settling aside."""
    rows: list[Row] = []
    share_s = seconds / len(links)
    with tempfile.TemporaryDirectory(prefix="evosplit-demo-") as name:
        folder = Path(name)
        scenario.install(folder / "models")
        frame_source, token = scenario.frame_source(), new_token()
        async with contextlib.AsyncExitStack() as stack:
            console.print("starting the cloud tier (Ray Serve)")
            judging = asyncio.create_task(asyncio.to_thread(scenario.jpeg_codec))
            stack.callback(judging.cancel)
            cloud = await stack.enter_async_context(cloud_tier(folder, token))
            codec = await judging  # before anything is timed
            shaper = await stack.enter_async_context(Shaper.between(cloud.url, links[0].link))
            console.print("starting the edge agents: they measure themselves and fetch their plans")
            # The agent in float32 serves one strategy, which needs no link: it is kept off the shaped one.
            floats = await stack.enter_async_context(
                edge_agent(folder, cloud.url, scenario, device, token, FLOATS, "edge-float")
            )
            planned = await stack.enter_async_context(edge_agent(folder, shaper.url, scenario, device, token))
            played = await _played(planned, floats, codec)
            bar = stack.enter_context(_ProgressBar.on(console, len(links)))
            for number, link in enumerate(links):
                shaper.set_link(link.link)
                bar.start_link(link.name)
                rows += await play_link(played, partial(frame_source, number), link, share_s, bar.report)
    return tuple(rows)


async def _played(planned: EdgeClient, floats: EdgeClient, codec: str) -> Played:
    """Every strategy with its agent, the planned way first."""
    first, *others = demo_strategies(await planned.table(), codec)
    return {first: planned, FLOAT_WAY: floats, **dict.fromkeys(others, planned)}


@dataclass(frozen=True)
class _ProgressBar:
    """Progress over the links, with the last frame beside it."""

    progress: Progress
    task: TaskID

    @classmethod
    def on(cls, console: Console, links: int) -> _ProgressBar:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[last]}"),
        )
        progress = Progress(*columns, console=console)
        return cls(progress, progress.add_task("", total=links, completed=-1, last=""))

    def __enter__(self) -> _ProgressBar:
        self.progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.progress.advance(self.task)
        self.progress.stop()

    def start_link(self, name: str) -> None:
        self.progress.update(self.task, advance=1, description=f"uplink {name}")

    def report(self, strategy: str, answer: TimedAnswer) -> None:
        mark = "right" if answer.correct else "wrong"
        taken = format_duration(answer.latency_s)
        last = f"{strategy}, cut {answer.cut}: {taken}, {answer.wire_bytes} bytes, {mark}"
        self.progress.update(self.task, last=last)
