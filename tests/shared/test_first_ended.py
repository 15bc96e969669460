"""Of coroutines that race, none runs on after the first has ended, or after whoever waits was cancelled."""

from __future__ import annotations

import asyncio

import pytest

from evosplit.shared.first_ended import until_first_ends


async def _lasting(ended: list[str]) -> None:
    try:
        await asyncio.Event().wait()
    finally:
        ended.append("lasting")


async def test_the_others_end_with_the_first() -> None:
    ended: list[str] = []

    async def short() -> None:
        await asyncio.sleep(0)
        ended.append("short")

    await until_first_ends(_lasting(ended), short())
    assert ended == ["short", "lasting"]


async def test_a_failure_is_an_end() -> None:
    ended: list[str] = []

    async def failing() -> None:
        await asyncio.sleep(0)
        raise ConnectionResetError

    await until_first_ends(_lasting(ended), failing())
    assert ended == ["lasting"]


async def test_a_cancelled_race_leaves_nobody() -> None:
    ended: list[str] = []
    race = asyncio.ensure_future(until_first_ends(_lasting(ended), _lasting(ended)))
    await asyncio.sleep(0.01)
    race.cancel()
    with pytest.raises(asyncio.CancelledError):
        await race
    assert ended == ["lasting", "lasting"]
