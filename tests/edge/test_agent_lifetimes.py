"""What outlives what: notes before work, loops that come back, refusals of the system that end nothing."""

from __future__ import annotations

import asyncio
import itertools
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from edge_support import middle_stage, picture, stage, until
from hook_support import learner, samples_exits
from learning_support import trainer

from evosplit.edge.background.follow_ups import MOST
from evosplit.edge.background.retries import RESTS_S, Retries
from evosplit.edge.head.run import run_head
from evosplit.edge.results.store import Accepted, Store
from evosplit.shared.errors import BundleError, StoreError


async def metric(on: Any, name: str) -> float:
    async with on.client.get(f"{on.url}/metrics") as response:
        lines = (await response.text()).splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name))


async def test_a_frame_is_not_worked_on_before_it_is_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stage(tmp_path) as on:
        noted: Future[None] = Future()
        worked = []

        def watched(*arguments: Any) -> Any:
            worked.append(noted.done())
            return run_head(*arguments)

        monkeypatch.setattr("evosplit.edge.pipeline.split_run.run_head", watched)
        accepted: list[Accepted] = []

        def accept(frame: Accepted) -> Future[None]:
            accepted.append(frame)
            return noted

        monkeypatch.setattr(on.agent.store, "accept", accept)
        posted = asyncio.create_task(on.post(picture(1)))
        await until(lambda: accepted)
        assert worked == []
        noted.set_result(None)
        assert (await posted)[0] == 200
        assert worked == [True]


async def test_a_frame_that_cannot_be_noted_is_refused_and_not_worked_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stage(tmp_path) as on:
        refused: Future[None] = Future()
        refused.set_exception(StoreError("the result store cannot be written: no space"))
        worked: list[Any] = []
        with monkeypatch.context() as patch:
            patch.setattr(on.agent.store, "accept", lambda _: refused)
            patch.setattr("evosplit.edge.pipeline.split_run.run_head", lambda *work: worked.append(work))
            status, answer = await on.post(picture(1))
        assert (status, worked) == (500, [])
        assert answer == {"error": "the result store cannot be written: no space"}
        assert (await on.post(picture(1)))[0] == 200


async def test_a_link_watch_that_dies_is_seen_and_looks_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with stage(tmp_path) as on:
        with monkeypatch.context() as patch:
            patch.setattr("evosplit.edge.link.watch.LinkWatch.look", lambda _: 1 / 0)
            await until(lambda: "background task link-watch failed" in caplog.text)
        looked = len(on.cloud.calls)
        await until(lambda: len(on.cloud.calls) > looked)
        assert "ZeroDivisionError" in caplog.text
        assert await metric(on, 'evosplit_background_failures_total{task="link-watch"}') >= 1
        assert (await on.post(picture(1)))[0] == 200


async def test_a_disk_that_is_full_ends_no_learning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The folder for samples cannot be made; once it can, learning goes on by itself."""
    monkeypatch.setattr("evosplit.edge.hook_learning.manager.FOLLOW_S", 0.01)
    monkeypatch.setattr("evosplit.edge.background.retries.RESTS_S", (0.02, 600.0))
    learning = tmp_path / "data" / "net" / "learning"
    learning.parent.mkdir(parents=True)
    learning.write_bytes(b"in the way")
    async with middle_stage(tmp_path) as on:
        await until(lambda: "hooks of kind exit do not follow the plan" in caplog.text)
        assert learner(on, "exit").training is None
        learning.unlink()
        await samples_exits(on)
        assert await metric(on, "evosplit_background_failures_total") == 0


async def test_what_follows_from_frames_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with stage(tmp_path, calibration_bytes=0) as on:  # which follows from frames, too
        go_on = asyncio.Event()

        async def slow(*_: object) -> None:
            await go_on.wait()

        monkeypatch.setattr(on.agent.hook_manager.observer, "observe", slow)
        for seed in range(MOST + 3):
            assert (await on.post(picture(seed)))[0] == 200
        assert await metric(on, "evosplit_follow_ups_skipped_total") == 3
        go_on.set()
        await on.agent.frames.drain()


async def test_a_process_that_cannot_be_started_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    attempts: list[int] = []

    async def refused(*_: object) -> tuple[()]:
        attempts.append(1)
        if len(attempts) < 3:
            raise BlockingIOError(11, "Resource temporarily unavailable")
        return ()

    monkeypatch.setattr("evosplit.edge.hook_learning.exit_trainer.train", refused)
    watched = trainer(tmp_path)
    for _ in range(2):
        with pytest.raises(BlockingIOError):
            await watched.train()
        assert watched.is_due
    assert await watched.train() == ()
    assert not watched.is_due


async def test_rests_double_and_end_with_a_success(caplog: pytest.LogCaptureFixture) -> None:
    now_s, taken, refusal = [0.0], [], [OSError(28, "No space left on device"), BundleError("broken")]
    retries = Retries(lambda: now_s[0])

    async def step() -> None:
        taken.append(now_s[0])
        if len(taken) < 10:
            raise refusal[len(taken) % 2]

    for second in range(6000):
        now_s[0] = float(second)
        await retries.attempt("nothing is learned", step)
    gaps = [after - before for before, after in itertools.pairwise(taken)]
    assert gaps[:9] == [min(RESTS_S[0] * 2**at, RESTS_S[1]) for at in range(9)]
    assert set(gaps[9:]) == {1.0}
    assert len(caplog.records) == 9
    with pytest.raises(ZeroDivisionError):
        await retries.attempt("another", _wrong)


async def _wrong() -> None:
    raise ZeroDivisionError


def test_a_row_that_cannot_be_written_harms_no_other(tmp_path: Path) -> None:
    """A lone surrogate is no UTF-8: SQLite's driver refuses it with another error than its own."""
    store = Store(tmp_path / "results.sqlite")
    streams = ("a", "\udc80", "b")
    futures = [store.accept(Accepted(f"f{at}", name, "net", 1.0)) for at, name in enumerate(streams)]
    futures[0].result(10)
    with pytest.raises(StoreError, match="cannot be written"):
        futures[1].result(10)
    futures[2].result(10)
    store.accept(Accepted("later", "a", "net", 1.0)).result(10)
    store.close()


async def test_a_caller_that_is_cancelled_does_not_end_the_writer(tmp_path: Path) -> None:
    store = Store(tmp_path / "results.sqlite")
    for number in range(50):
        waiting = asyncio.ensure_future(
            asyncio.wrap_future(store.accept(Accepted(f"f{number}", "a", "net", 1.0)))
        )
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    await asyncio.wrap_future(store.accept(Accepted("last", "a", "net", 1.0)))
    assert len(store.select("SELECT * FROM accepted", ())) == 51
    store.close()
