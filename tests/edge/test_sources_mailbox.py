"""Mailbox between a capturing thread and an event loop."""

from __future__ import annotations

import asyncio
import threading

import pytest

from evosplit.edge.sources.mailbox import Mailbox


async def test_the_latest_item_wins() -> None:
    mailbox: Mailbox[int] = Mailbox(asyncio.get_running_loop(), drops=True)
    assert all(mailbox.put(number) for number in range(5))
    assert await mailbox.get() == 4
    mailbox.put(5)
    mailbox.end()
    assert [await mailbox.get(), await mailbox.get()] == [5, None]


async def test_nothing_is_dropped_where_nothing_may_be() -> None:
    mailbox: Mailbox[int] = Mailbox(asyncio.get_running_loop(), drops=False)

    def capture() -> None:
        for number in range(50):
            mailbox.put(number)
        mailbox.end()

    thread = threading.Thread(target=capture)
    thread.start()
    got = []
    while (item := await mailbox.get()) is not None:
        got.append(item)
    thread.join()
    assert got == list(range(50))


async def test_a_failure_comes_behind_what_was_put() -> None:
    mailbox: Mailbox[int] = Mailbox(asyncio.get_running_loop(), drops=False)
    mailbox.put(1)
    mailbox.end(ValueError("cable"))
    assert await mailbox.get() == 1
    with pytest.raises(ValueError, match="cable"):
        await mailbox.get()


async def test_a_thread_that_waits_for_room_is_let_go() -> None:
    mailbox: Mailbox[int] = Mailbox(asyncio.get_running_loop(), drops=False)
    ended: list[bool] = []

    def capture() -> None:
        while mailbox.put(1):
            pass
        ended.append(True)

    thread = threading.Thread(target=capture)
    thread.start()
    await mailbox.get()
    mailbox.close()
    await asyncio.to_thread(thread.join)
    assert ended == [True]
