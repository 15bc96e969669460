"""Run of the demo: both tiers, a shaped link, and all strategies over each bandwidth."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from evosplit.cli.demo.playback import play_link
from evosplit.cli.demo.processes import new_token
from evosplit.cli.demo.report_rows import Row, TimedAnswer
from evosplit.cli.demo.scenario import Scenario
from evosplit.cli.demo.tiers import cloud_tier, edge_agent
from evosplit.cli.shaper import Shaper
from evosplit.shared.link import Link
from evosplit.shared.units import format_bandwidth, format_duration

RTT_S: Final = 0.01
LINKS: Final = tuple(Link(bandwidth_bps, RTT_S) for bandwidth_bps in (20e6, 5e6, 1e6, 0.2e6))


async def run_demo(
    scenario: Scenario, seconds: float, slowdown: float, console: Console, links: Sequence[Link] = LINKS
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
            cloud = await stack.enter_async_context(cloud_tier(folder, token))
            shaper = await stack.enter_async_context(Shaper.between(cloud.url, links[0]))
            console.print("starting the edge agent: it measures itself and fetches its plans")
            edge = edge_agent(folder, shaper.url, scenario, slowdown, token)
            client = await stack.enter_async_context(edge)
            bar = stack.enter_context(_ProgressBar.on(console, len(links)))
            for number, link in enumerate(links):
                shaper.set_link(link)
                bar.start_link(link.bandwidth_bps)
                frames = partial(frame_source, number)
                rows += await play_link(client, frames, link.bandwidth_bps, share_s, bar.report)
    return tuple(rows)


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

    def start_link(self, bandwidth_bps: float) -> None:
        self.progress.update(self.task, advance=1, description=f"uplink {format_bandwidth(bandwidth_bps)}")

    def report(self, strategy: str, answer: TimedAnswer) -> None:
        mark = "right" if answer.correct else "wrong"
        taken = format_duration(answer.latency_s)
        last = f"{strategy}, cut {answer.cut}: {taken}, {answer.wire_bytes} bytes, {mark}"
        self.progress.update(self.task, last=last)
