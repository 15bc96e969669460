"""The order of turns: frames that are begun are finished first, so that few hold what a head has made."""

from __future__ import annotations

import asyncio
import threading
from contextlib import closing

from evosplit.edge.pipeline.job import Job
from evosplit.edge.pipeline.stages import ComputeThread


def frame(name: str) -> Job:
    return Job(name, "default", "net", "planned", opening=lambda _clock: None)


async def test_a_frame_that_is_begun_goes_ahead_and_what_is_no_frame_does_not() -> None:
    turns: list[str] = []
    go_on = threading.Event()
    with closing(ComputeThread()) as compute:
        begun, extra = frame("begun"), Job("extra", "default", "net", "planned")
        await begun.turn(compute, lambda _clock: None)
        await extra.turn(compute, lambda _clock: None)
        under_way = asyncio.ensure_future(compute.run(lambda: go_on.wait(10)))
        waiting = [
            asyncio.ensure_future(job.turn(compute, lambda _clock, job=job: turns.append(job.frame_id)))
            for job in (frame("new"), extra, begun)
        ]
        await asyncio.sleep(0)
        go_on.set()
        await asyncio.gather(under_way, *waiting)
    assert turns == ["begun", "new", "extra"]
