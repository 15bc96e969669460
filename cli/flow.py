"""Byte pump between two sockets over a shaped line, for one direction."""

from __future__ import annotations

import asyncio
import socket
from typing import Final

from evosplit.cli.line import Line

_IN_FLIGHT_CHUNKS: Final = 256
_CATCH_UP_S: Final = 0.1


async def flow(source: socket.socket, sink: socket.socket, line: Line) -> None:
    """Carry bytes over the line until the source ends, then end the sink's input."""
    in_flight: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_IN_FLIGHT_CHUNKS)
    delivery = asyncio.create_task(_deliver(in_flight, sink))
    try:
        chunk, departure_s = b"-", asyncio.get_running_loop().time()
        while chunk and not delivery.done():
            wanted = line.chunk_bytes
            chunk, ready_s = await _receive(source, wanted, departure_s)
            departure_s, arrival_s = await line.carry(len(chunk), ready_s, is_last=len(chunk) < wanted)
            put = asyncio.create_task(in_flight.put((arrival_s, chunk)))
            await asyncio.wait({put, delivery}, return_when=asyncio.FIRST_COMPLETED)
            await cancel(put)
        await delivery
    finally:
        await cancel(delivery)


async def _receive(source: socket.socket, size: int, departure_s: float) -> tuple[bytes, float]:
    """The next bytes, and since when they are there.

    Bytes that need no waiting came while those before them were leaving, and may go from ``departure_s`` on,
    even where this process is late: a busy machine must not make the line slower.
    """
    loop = asyncio.get_running_loop()
    try:
        return source.recv(size), max(departure_s, loop.time() - _CATCH_UP_S)
    except BlockingIOError:
        return await loop.sock_recv(source, size), loop.time()


async def _deliver(in_flight: asyncio.Queue[tuple[float, bytes]], sink: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    while True:
        arrival_s, chunk = await in_flight.get()
        await asyncio.sleep(arrival_s - loop.time())
        if not chunk:
            return sink.shutdown(socket.SHUT_WR)
        await loop.sock_sendall(sink, chunk)


async def cancel(*tasks: asyncio.Future[None]) -> None:
    """End tasks and wait until they have ended."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
