"""Training stands still while a frame is under way: the state of the process is the kernel's word."""

import asyncio
import contextlib
import sys
from pathlib import Path

from edge_support import until

from evosplit.edge.background.pause import BackgroundPause


async def idle_process():
    return await asyncio.create_subprocess_exec(sys.executable, "-c", "import time; time.sleep(60)")


def is_stopped(process) -> bool:
    state = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0]
    return state == "T"


@contextlib.asynccontextmanager
async def held(pause: BackgroundPause):
    process = await idle_process()
    try:
        with pause.holding(process):
            yield process
    finally:
        process.kill()
        await process.wait()


async def test_a_process_stops_with_a_frame_and_goes_on_after_it():
    pause = BackgroundPause(resume_s=0.0)
    async with held(pause) as process:
        assert not is_stopped(process)
        with pause.frame():
            await until(lambda: is_stopped(process))
            with pause.frame():
                assert is_stopped(process)
            await asyncio.sleep(0.01)  # so long that it would go on if the inner frame were the last
            assert is_stopped(process)
        await until(lambda: not is_stopped(process))


async def test_frames_that_follow_closely_wake_nobody():
    pause = BackgroundPause(resume_s=60.0)
    async with held(pause) as process:
        for _ in range(3):
            with pause.frame():
                await until(lambda: is_stopped(process))
            await asyncio.sleep(0)
            assert is_stopped(process)


async def test_a_process_that_begins_during_a_frame_waits():
    pause = BackgroundPause()
    with pause.frame():
        async with held(pause) as process:
            await until(lambda: is_stopped(process))


async def test_a_process_that_has_ended_is_left_alone():
    pause = BackgroundPause(resume_s=0.0)
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", "")
    with pause.holding(process):
        await process.wait()
        with pause.frame():
            pass
        await asyncio.sleep(0.01)  # it would be continued now
    assert process.returncode == 0
