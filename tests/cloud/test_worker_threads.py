"""Work in threads: what is given up is not lost from sight."""

from __future__ import annotations

import asyncio
import threading
from contextlib import closing

import pytest
from starlette.exceptions import HTTPException

from evosplit.cloud.worker_threads import in_thread
from evosplit.shared.worker_threads import WorkerThreads


async def test_work_that_fails_after_its_time_out_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    go_on, begun = threading.Event(), []

    def fails() -> None:
        go_on.wait(10)
        raise KeyError("too late to tell anyone")

    with closing(WorkerThreads(1, "infer")) as threads:
        with pytest.raises(HTTPException) as told:
            await in_thread(threads, fails, 0.05)
        with pytest.raises(HTTPException):
            await in_thread(threads, lambda: begun.append(1), 0.05)
        go_on.set()
        await threads.run(lambda: None)
    assert told.value.status_code == 504
    assert begun == []  # it was still in the queue when it was given up
    assert "too late to tell anyone" in caplog.text


async def test_what_comes_in_time_comes_back() -> None:
    with closing(WorkerThreads(1, "infer")) as threads:
        assert await in_thread(threads, lambda: 7, 5.0) == 7
        with pytest.raises(ZeroDivisionError):
            await in_thread(threads, lambda: 1 // 0, 5.0)
    assert asyncio.get_running_loop().is_running()
