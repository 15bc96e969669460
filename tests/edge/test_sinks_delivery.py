"""Store and forward: every wanted result reaches the sink, in order, whatever it does."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sink_support import NODE, NotedSink, boxes, finish, result

from evosplit.edge.results.result_log import ResultLog
from evosplit.edge.results.store import Store
from evosplit.edge.sinks.delivery import SinkDelivery
from evosplit.edge.sinks.rule import Rule


def _delivery(store: Store, sink: NotedSink, rule: Rule | None = None) -> SinkDelivery:
    return SinkDelivery("noted", sink, ResultLog(store), NODE, rule, pauses_s=(0.001, 0.002))


@contextlib.asynccontextmanager
async def _running(delivery: SinkDelivery) -> AsyncIterator[None]:
    task = asyncio.create_task(delivery.run())
    try:
        await _until(lambda: delivery.state.is_connected or task.done())
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _until(holds: Callable[[], bool]) -> None:
    while not holds():
        await asyncio.sleep(0.001)


def _ids(sink: NotedSink) -> list[str]:
    return [event.result.frame_id for event in sink.events]


async def test_a_new_sink_begins_with_what_is_finished_from_now_on(tmp_path: Path) -> None:
    store, sink = Store(tmp_path / "results.sqlite"), NotedSink()
    finish(store, result(0))
    async with _running(_delivery(store, sink)):
        await asyncio.to_thread(finish, store, result(1), result(2))
        await _until(lambda: len(sink.events) == 2)
    store.close()
    assert _ids(sink) == ["frame1", "frame2"]
    assert sink.events[0].to_dict()["id"] == "gate-1:frame1"


async def test_a_rule_chooses(tmp_path: Path) -> None:
    store, sink = Store(tmp_path / "results.sqlite"), NotedSink()
    delivery = _delivery(store, sink, Rule('label == "truck"'))
    async with _running(delivery):
        for number, label in enumerate(("car", "truck", "car", "truck")):
            await asyncio.to_thread(finish, store, result(number, boxes((label, 0.9))))
        await _until(lambda: len(sink.events) == 2)
    store.close()
    assert _ids(sink) == ["frame1", "frame3"]


async def test_what_is_refused_does_not_hold_up_the_rest(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store, sink = Store(tmp_path / "results.sqlite"), NotedSink(["take", "refuse", "take"])
    delivery = _delivery(store, sink)
    async with _running(delivery):
        await asyncio.to_thread(finish, store, result(0), result(1), result(2))
        await _until(lambda: len(sink.events) == 2)
    store.close()
    assert _ids(sink) == ["frame0", "frame2"]
    assert (delivery.state.sent, delivery.state.refused) == (2, 1)
    assert "frame1" in caplog.text


async def test_what_the_store_has_dropped_is_counted(tmp_path: Path) -> None:
    store, sink = Store(tmp_path / "results.sqlite", keep_results=5), NotedSink()
    async with _running(_delivery(store, sink)):
        pass
    finish(store, *(result(number) for number in range(20)))
    delivery = _delivery(store, sink)
    async with _running(delivery):
        await _until(lambda: len(sink.events) == 5)
    store.close()
    assert _ids(sink) == [f"frame{number}" for number in range(15, 20)]
    assert delivery.state.dropped == 15


_WORDS = st.lists(st.sampled_from(["take", "away", "refuse"]), max_size=30)


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 5), _WORDS), min_size=1, max_size=4))
def test_every_event_arrives_once_and_in_order(runs: list[tuple[int, list[str]]]) -> None:
    """Runs of an agent, each with new results and with a sink that is away or refuses by a script."""
    with tempfile.TemporaryDirectory() as folder:
        delivered, refused, made = asyncio.run(_play(Path(folder), runs))
    assert delivered == sorted(delivered) == sorted(set(delivered))
    assert len(delivered) + refused == made


async def _play(folder: Path, runs: list[tuple[int, list[str]]]) -> tuple[list[int], int, int]:
    delivered: list[int] = []
    refused = made = 0
    for count, script in runs:
        store, sink = Store(folder / "results.sqlite"), NotedSink(list(script))
        delivery = _delivery(store, sink)
        async with _running(delivery):
            finish(store, *(result(number) for number in range(made, made + count)))
            made += count
            wanted = made - len(delivered) - refused
            await _until(lambda: delivery.state.sent + delivery.state.refused == wanted)  # noqa: B023
            # The cursor is written behind the page.
            await _until(lambda: ResultLog(store).cursor("noted") == ResultLog(store).newest())  # noqa: B023
        store.close()
        delivered += [int(name.removeprefix("frame")) for name in _ids(sink)]
        refused += delivery.state.refused
    return delivered, refused, made
