"""What happens to devices in the field: each knock leaves an agent that answers, and loses nothing."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import socket
import sqlite3
import time
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from edge_support import picture, stage, until
from fake_cloud import TOKEN

from evosplit.edge.link.reply import cloud_session
from evosplit.edge.link.uplink import Uplink
from evosplit.shared.errors import CloudUnavailableError

PATIENCE_S = 60.0


async def _hang_up(host: str, port: int, at_once: bool) -> None:
    """A client that announces a picture and leaves in the middle of it."""
    lines = (
        "POST /v1/frames HTTP/1.1",
        "Host: x",
        f"Authorization: Bearer {TOKEN}",
        "Content-Length: 100000",
    )
    head = "\r\n".join((*lines, "", "")).encode()
    _, writer = await asyncio.open_connection(host, port)
    writer.write(head + b"\x89PNG")
    with contextlib.suppress(ConnectionError):
        await writer.drain()
        if not at_once:
            await asyncio.sleep(0.02)
    writer.transport.abort()


async def test_two_hundred_clients_that_hang_up_leave_no_slot_taken(tmp_path: Path) -> None:
    async with stage(tmp_path, max_in_flight=4, hooks=False) as on:
        host, port = on.url.removeprefix("http://").split(":")
        for _ in range(10):
            await asyncio.gather(*(_hang_up(host, int(port), bool(n % 2)) for n in range(20)))
        await until(lambda: on.agent.frames.in_flight == 0)
        assert (await on.post(picture(1)))[0] == 200


def _lock(path: Path, held: Event, release: Event) -> None:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        held.set()
        release.wait(60)
        other.execute("ROLLBACK")


async def test_a_database_that_another_process_locks_delays_frames_and_loses_none(tmp_path: Path) -> None:
    async with stage(tmp_path, hooks=False) as on:
        (path,) = tmp_path.rglob("results.sqlite")
        context = multiprocessing.get_context("spawn")
        held, release = context.Event(), context.Event()
        process = context.Process(target=_lock, args=(path, held, release))
        process.start()
        await asyncio.to_thread(held.wait, 60)
        frames = [asyncio.create_task(on.post(picture(seed), frame_id=f"f{seed}")) for seed in range(3)]
        await asyncio.sleep(0.3)
        assert not any(frame.done() for frame in frames)
        release.set()
        assert [status for status, _ in await asyncio.gather(*frames)] == [200] * 3
        await asyncio.to_thread(process.join)
        assert len((await on.get("/v1/results"))[1]["results"]) == 3


async def test_a_clock_that_jumps_to_1970_and_back_loses_no_frame(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stage(tmp_path, hooks=False) as on:
        real = time.time
        for number, wall in enumerate((real, lambda: 1.0, real)):
            monkeypatch.setattr(time, "time", wall)
            status, answer = await on.post(picture(number), frame_id=f"f{number}")
            assert (status, answer["breakdown"]["total_s"] >= 0) == (200, True)
        results = (await on.get("/v1/results", order="asc"))[1]["results"]
        assert [result["frame_id"] for result in results] == ["f0", "f1", "f2"]


class Names(AbstractResolver):
    """A name server whose answer the test changes; None: it fails."""

    def __init__(self) -> None:
        self.port: int | None = None

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        if self.port is None:
            raise OSError(None, "no such name")
        return [
            ResolveResult(
                hostname=host,
                host="127.0.0.1",
                port=self.port,
                family=socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
        ]

    async def close(self) -> None:
        """Nothing is open."""


async def test_a_cloud_whose_name_fails_and_then_names_another_address(tmp_path: Path) -> None:
    names = Names()
    async with (
        stage(tmp_path / "a", hooks=False) as first,
        stage(tmp_path / "b", hooks=False) as second,
        cloud_session(resolver=names) as session,
    ):
        uplink = Uplink(session, "http://cloud.example:80", "net", first.cloud.token)
        with pytest.raises(CloudUnavailableError, match="the cloud is away"):
            await uplink.probe(0, PATIENCE_S)
        for on in (first, second):
            names.port = on.cloud_server.port
            asked = len(on.cloud.calls)
            await uplink.probe(0, PATIENCE_S)
            assert len(on.cloud.calls) > asked
            for connection in list(on.cloud_server.runner.server.connections):  # type: ignore[union-attr]
                connection.force_close()


async def test_a_start_while_offline_serves_from_what_an_earlier_run_kept(tmp_path: Path) -> None:
    options: dict[str, Any] = {"hooks": False}
    async with stage(tmp_path, **options) as on:
        assert (await on.post(picture(1)))[0] == 200
    async with stage(tmp_path, cloud_up=False, **options) as on:
        status, answer = await on.post(picture(1))
        assert (status, answer["answered_by"]) == (200, "edge-fallback")
        assert len((await on.get("/v1/results"))[1]["results"]) == 2


async def test_a_half_open_connection_opens_the_circuit_and_heals(tmp_path: Path) -> None:
    async with stage(tmp_path, hooks=False, timeout_s=1.0, real_timeouts=True) as on:
        on.cloud.mode = "hang"  # bytes go in, nothing ever comes out: what a dropped route looks like
        await until(lambda: on.agent.cloud.circuit.is_open)
        assert (await on.post(picture(1)))[1]["answered_by"] == "edge-fallback"
        on.cloud.mode = "ok"
        await until(lambda: not on.agent.cloud.circuit.is_open)
        assert (await on.post(picture(2)))[0] == 200
