"""Commit signal: nobody sleeps through a commit."""

from __future__ import annotations

import asyncio
import threading

from evosplit.edge.results.commit_signal import CommitSignal


async def test_a_commit_before_the_wait_is_seen() -> None:
    signal = CommitSignal()
    seen = signal.count
    signal.commit()
    await signal.after(seen, timeout_s=60)
    assert signal.count == 1


async def test_a_commit_of_another_thread_wakes_all_who_wait() -> None:
    signal = CommitSignal()
    waiting = [asyncio.create_task(signal.after(0, timeout_s=60)) for _ in range(3)]
    await asyncio.sleep(0)
    threading.Thread(target=signal.commit).start()
    await asyncio.gather(*waiting)


async def test_silence_ends_with_the_time_out() -> None:
    signal = CommitSignal()
    await signal.after(0, timeout_s=0.001)
    signal.commit()  # nobody is told any more
    assert signal.count == 1
