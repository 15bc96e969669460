"""The shaped link: bandwidth, delay, changes on the fly, and ends of connections."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from evosplit.cli.shaper import Shaper
from evosplit.shared.errors import UsageError
from evosplit.shared.link import Link

FAST = Link(50e6)
ACK = b"!"
TICK_S = 0.005


@contextlib.asynccontextmanager
async def _target() -> AsyncIterator[str]:
    """A server that answers every message (8 bytes of length, then the bytes) with one byte."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                await reader.readexactly(int.from_bytes(await reader.readexactly(8), "big"))
                writer.write(ACK)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@dataclass
class Timed:
    """What something took, and how long this process was late meanwhile, for the machine was busy."""

    seconds: float = 0.0
    late_s: float = 0.0

    def is_near(self, expected_s: float) -> bool:
        """Never faster than the link; slower by no more than a tenth and 0.15 s, but for the lateness."""
        return 0.98 * expected_s <= self.seconds <= 1.1 * expected_s + 0.15 + self.late_s


@contextlib.asynccontextmanager
async def timed() -> AsyncIterator[Timed]:
    """Times what is awaited inside; late is a task that wants to run every few milliseconds."""
    took = Timed()

    async def tick() -> None:
        while True:
            due_s = time.perf_counter() + TICK_S
            await asyncio.sleep(TICK_S)
            took.late_s += max(time.perf_counter() - due_s, 0.0)

    ticking, start_s = asyncio.create_task(tick()), time.perf_counter()
    try:
        yield took
    finally:
        took.seconds = time.perf_counter() - start_s
        ticking.cancel()
        await asyncio.gather(ticking, return_exceptions=True)


class _Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def send(self, size: int) -> None:
        """A message, and its answer."""
        self.writer.write(size.to_bytes(8, "big") + bytes(size))
        await self.writer.drain()
        assert await asyncio.wait_for(self.reader.readexactly(1), 60) == ACK

    async def timed_send(self, size: int) -> Timed:
        """From the first byte of a message to its answer."""
        async with timed() as took:
            await self.send(size)
        return took


@contextlib.asynccontextmanager
async def _client(shaper: Shaper) -> AsyncIterator[_Client]:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(shaper.url.rsplit(":", 1)[1]))
    try:
        yield _Client(reader, writer)
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


@pytest.mark.parametrize(
    ("bandwidth_bps", "size"), [(0.2e6, 10_000), (1e6, 60_000), (5e6, 300_000), (50e6, 3_000_000)]
)
async def test_bandwidth(bandwidth_bps: float, size: int) -> None:
    async with (
        _target() as url,
        Shaper.between(url, Link(bandwidth_bps)) as shaper,
        _client(shaper) as client,
    ):
        assert (await client.timed_send(size)).is_near(8 * (size + 8) / bandwidth_bps)
        assert shaper.uplink_bytes == size + 8
        assert shaper.downlink_bytes == 1


async def test_delay_is_a_round_trip_and_does_not_limit_the_bandwidth() -> None:
    async with (
        _target() as url,
        Shaper.between(url, Link(10e6, rtt_s=0.2)) as shaper,
        _client(shaper) as client,
    ):
        assert (await client.timed_send(1)).is_near(0.2)
        assert (await client.timed_send(500_000)).is_near(0.2 + 0.4)


async def test_connections_share_the_line() -> None:
    async with (
        _target() as url,
        Shaper.between(url, Link(2e6)) as shaper,
        _client(shaper) as one,
        _client(shaper) as other,
    ):
        async with timed() as took:
            await asyncio.gather(one.send(50_000), other.send(50_000))
        assert took.is_near(0.4)


async def test_change_while_a_message_is_on_its_way() -> None:
    async with _target() as url, Shaper.between(url, Link(0.2e6)) as shaper, _client(shaper) as client:
        async with timed() as took:
            sending = asyncio.create_task(client.send(500_000))  # 20 s at this rate
            await asyncio.sleep(0.2)
            assert not sending.done()
            shaper.set_link(Link(20e6))
            await sending
        assert 0.35 <= took.seconds <= 1.0 + took.late_s
        shaper.set_link(Link(20e6, rtt_s=0.1))
        assert (await client.timed_send(1)).is_near(0.1)


async def test_downlink_has_its_own_rate() -> None:
    async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(bytes(100_000))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(pour, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, Shaper.between(url, FAST, downlink_bps=2e6) as shaper, _client(shaper) as client:
        async with timed() as took:
            assert len(await client.reader.read(-1)) == 100_000
        assert took.is_near(0.4)


async def test_lost_segments_come_later_and_in_order() -> None:
    """Half of the segments go again, once or more often; no byte is missing or out of its place."""
    content = bytes(range(256)) * 400

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            writer.write(await reader.readexactly(len(content)))
            writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    link = Link(50e6, rtt_s=0.02, loss=0.5)
    async with server, Shaper.between(url, link, seed=1) as shaper, _client(shaper) as client:
        async with timed() as took:
            client.writer.write(content)
            assert await client.reader.read(-1) == content
        assert took.seconds >= 0.02 + 0.02
        assert shaper.uplink_bytes > len(content)


async def test_a_loss_of_everything_is_refused() -> None:
    async with _target() as url, Shaper.between(url, FAST) as shaper:
        with pytest.raises(UsageError, match="share"):
            shaper.set_link(Link(1e6, 0.01, loss=1.0))


async def test_target_away_closes_the_connection() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    async with Shaper.between(url, FAST) as shaper, _client(shaper) as client:
        with contextlib.suppress(ConnectionResetError):
            assert await asyncio.wait_for(client.reader.read(1), 5) == b""


async def test_target_that_breaks_off_closes_the_connection() -> None:
    async def abort(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    server = await asyncio.start_server(abort, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, Shaper.between(url, FAST) as shaper, _client(shaper) as client:
        with contextlib.suppress(ConnectionError):
            while True:
                client.writer.write(bytes(1000))
                await asyncio.wait_for(client.writer.drain(), 5)
                await asyncio.sleep(0)


async def test_half_closed_connections_still_get_their_answer() -> None:
    async with _target() as url, Shaper.between(url, Link(1e6, 0.05)) as shaper, _client(shaper) as client:
        client.writer.write((3).to_bytes(8, "big") + b"abc")
        client.writer.write_eof()
        assert await asyncio.wait_for(client.reader.read(-1), 5) == ACK


async def test_leaving_closes_open_connections() -> None:
    async with _target() as url:
        async with Shaper.between(url, Link(0.2e6)) as shaper:
            reader, writer = await asyncio.open_connection("127.0.0.1", int(shaper.url.rsplit(":", 1)[1]))
            writer.write((10**6).to_bytes(8, "big") + bytes(10_000))
            while not shaper.uplink_bytes:
                await asyncio.sleep(0)
        with contextlib.suppress(ConnectionError):
            assert await asyncio.wait_for(reader.read(1), 5) == b""
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
