"""Traffic shaper: a TCP proxy with bandwidth, delay and loss, changeable while it runs. No root needed.

Each direction is one line that all connections share. A chunk leaves when its last bit has been sent at the
line's bandwidth, one after the other, and arrives half a round trip later; where a segment of it is lost, as
much later as TCP takes to send it again (`evosplit.cli.segment_loss`). Connections open at once, without
the round trip that a handshake would cost: clients keep theirs open.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Final
from urllib.parse import urlsplit

from evosplit.cli.flow import cancel, flow
from evosplit.cli.line import Line
from evosplit.shared.errors import PortInUseError
from evosplit.shared.link import Link

DOWNLINK_BPS: Final = 100e6
"""What answers and bundles come back at, unless said otherwise."""

_BUFFER_BYTES: Final = 64 * 1024  # small, or the kernel would swallow a frame before the line has carried it


class Shaper:
    """Forwards ``url`` to one target. Use ``Shaper.between``."""

    def __init__(
        self, target: tuple[str, int], link: Link, downlink_bps: float, seed: int, port: int = 0
    ) -> None:
        self._target = target
        self._downlink_bps = downlink_bps
        self._up, self._down = Line(seed), Line(seed + 1)
        self._connections: set[asyncio.Task[None]] = set()
        self._listener = _listening_socket(port)
        self.set_link(link)

    @classmethod
    @contextlib.asynccontextmanager
    async def between(
        cls, target_url: str, link: Link, downlink_bps: float = DOWNLINK_BPS, seed: int = 0, port: int = 0
    ) -> AsyncIterator[Shaper]:
        """A running shaper in front of ``target_url``; at the end every connection is closed.

        ``seed`` draws the losses; it listens on ``port`` (0: a free one) of the loopback. Raises UsageError
        for a loss that is no share below 1, PortInUseError.
        """
        parts = urlsplit(target_url)
        shaper = cls((parts.hostname or "127.0.0.1", parts.port or 80), link, downlink_bps, seed, port)
        accepting = asyncio.create_task(shaper._accept())
        try:
            yield shaper
        finally:
            await cancel(accepting, *shaper._connections)
            shaper._listener.close()

    @property
    def url(self) -> str:
        """Where clients connect instead of the target."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    @property
    def uplink_bytes(self) -> int:
        """Bytes carried from clients to the target so far, retransmissions included."""
        return self._up.carried_bytes

    @property
    def downlink_bytes(self) -> int:
        """Bytes carried from the target to clients so far, retransmissions included."""
        return self._down.carried_bytes

    def set_link(self, link: Link) -> None:
        """Change bandwidth, round trip and loss; open connections follow with their next chunk."""
        self._up.set(link.bandwidth_bps, link.rtt_s / 2, link.loss)
        self._down.set(self._downlink_bps, link.rtt_s / 2, link.loss)

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            client, _ = await loop.sock_accept(self._listener)
            connection = asyncio.create_task(self._serve(client))
            self._connections.add(connection)
            connection.add_done_callback(self._connections.discard)

    async def _serve(self, client: socket.socket) -> None:
        """One connection, until both directions have ended or one has broken."""
        with client, _new_socket() as server:
            try:
                await asyncio.get_running_loop().sock_connect(server, self._target)
            except OSError:
                return  # the target is away; the client sees its connection close
            _tune(client)
            directions = ((client, server, self._up), (server, client, self._down))
            tasks = [asyncio.create_task(flow(*each)) for each in directions]
            try:
                await asyncio.gather(*tasks)
            except OSError:
                pass  # one side broke off: closing both tells the other
            finally:
                await cancel(*tasks)


def _listening_socket(port: int) -> socket.socket:
    listener = _new_socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError:
        listener.close()
        raise PortInUseError(f"port {port} is taken; choose another: --port") from None
    listener.listen()
    return listener


def _new_socket() -> socket.socket:
    return _tune(socket.socket(socket.AF_INET, socket.SOCK_STREAM))


def _tune(stream: socket.socket) -> socket.socket:
    stream.setblocking(False)
    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
        stream.setsockopt(socket.SOL_SOCKET, option, _BUFFER_BYTES)
    return stream
