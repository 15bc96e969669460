"""The demo from curtain to curtain."""

from __future__ import annotations

import contextlib
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from cli.demo.cast import Cast
from cli.demo.play import play_link
from cli.demo.processes import new_token
from cli.demo.rows import Row, Shot
from cli.demo.stage import cloud_tier, edge_agent
from cli.shaper import Shaper
from shared.link import Link
from shared.units import format_bandwidth, format_duration

BANDWIDTHS_BPS: Final = (20e6, 5e6, 1e6, 0.2e6)
RTT_S: Final = 0.01


async def show(cast: Cast, seconds: float, slowdown: float, console: Console) -> tuple[Row, ...]:
    """Play all links for about ``seconds`` in total; rows in the order of the links."""
    rows: list[Row] = []
    share_s = seconds / len(BANDWIDTHS_BPS)
    with tempfile.TemporaryDirectory(prefix="evosplit-demo-") as name:
        folder = Path(name)
        cast.install(folder / "models")
        playlist, token = cast.playlist(), new_token()
        async with contextlib.AsyncExitStack() as stack:
            console.print("starting the cloud tier (Ray Serve)")
            cloud = await stack.enter_async_context(cloud_tier(folder, token))
            shaper = await stack.enter_async_context(
                Shaper.between(cloud.url, Link(BANDWIDTHS_BPS[0], RTT_S))
            )
            console.print("starting the edge agent: it measures itself and fetches its plans")
            edge = edge_agent(folder, shaper.url, cast, slowdown, token)
            client = await stack.enter_async_context(edge)
            bar = stack.enter_context(_Bar.on(console))
            for number, bandwidth_bps in enumerate(BANDWIDTHS_BPS):
                shaper.set_link(Link(bandwidth_bps, RTT_S))
                bar.link(bandwidth_bps)
                frames = partial(playlist, number)
                rows += await play_link(client, frames, bandwidth_bps, share_s, bar.shot)
    return tuple(rows)


@dataclass(frozen=True)
class _Bar:
    """Progress over the links, with the last frame beside it."""

    progress: Progress
    task: TaskID

    @classmethod
    def on(cls, console: Console) -> _Bar:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[last]}"),
        )
        progress = Progress(*columns, console=console)
        return cls(progress, progress.add_task("", total=len(BANDWIDTHS_BPS), completed=-1, last=""))

    def __enter__(self) -> _Bar:
        self.progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.progress.advance(self.task)
        self.progress.stop()

    def link(self, bandwidth_bps: float) -> None:
        self.progress.update(self.task, advance=1, description=f"uplink {format_bandwidth(bandwidth_bps)}")

    def shot(self, strategy: str, shot: Shot) -> None:
        mark = "right" if shot.correct else "wrong"
        last = (
            f"{strategy}, cut {shot.cut}: {format_duration(shot.latency_s)}, {shot.wire_bytes} bytes, {mark}"
        )
        self.progress.update(self.task, last=last)
