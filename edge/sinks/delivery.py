"""Store-and-forward delivery of events to one sink: in order, from a durable cursor, with back-off.

An event is sent until the other side has it; the cursor then moves on. After a crash the last few may be sent
again, with the same id.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from evosplit.edge.background.retries import BackOff
from evosplit.edge.results.result_log import LoggedResult, ResultLog
from evosplit.edge.sinks.event import Node, event_of
from evosplit.edge.sinks.rule import Rule
from evosplit.edge.sinks.sink import EventSink, SinkConnection, SinkRefusedError, SinkUnavailableError

PAUSES_S: Final = (0.5, 30.0)
"""After a failure delivery pauses, from the first to the longest, twice as long each time."""
_PAGE: Final = 64
_IDLE_S: Final = 1.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class DeliveryState:
    """Since the start: events that were sent, refused by the other side, dropped by the store unsent."""

    sent: int = 0
    refused: int = 0
    dropped: int = 0
    is_connected: bool = False


class SinkDelivery:
    """Sends the results that ``rule`` wants to ``sink``. ``name`` is what its cursor is kept under.

    A new name begins with the results that are finished from now on.
    """

    def __init__(
        self,
        name: str,
        sink: EventSink,
        log: ResultLog,
        node: Node,
        rule: Rule | None = None,
        pauses_s: tuple[float, float] = PAUSES_S,
    ) -> None:
        self.name = name
        self.state = DeliveryState()
        self._sink = sink
        self._log = log
        self._node = node
        self._rule = rule
        self._back_off = BackOff(pauses_s)

    async def run(self) -> None:
        """Deliver for ever. Raises StoreError."""
        while True:
            away = await self._deliver(await self._start())
            self._connected(False)
            pause_s = self._back_off.next_s()
            _log.warning("%s: %s; tried again in %g s", self._sink.where, away, pause_s)
            await asyncio.sleep(pause_s)

    async def _deliver(self, place: int) -> SinkUnavailableError:
        """Send what lies behind a place, until the other side goes away."""
        try:
            async with self._sink.connect() as connection:
                self._connected(True)
                while True:
                    place = await self._next(connection, place)
        except SinkUnavailableError as away:
            return away

    async def _start(self) -> int:
        """The kept place; a new sink's is that of the newest result."""
        kept = await asyncio.to_thread(self._log.cursor, self.name)
        if kept is None:
            kept = await asyncio.to_thread(self._log.newest)
            await self._keep(kept)
        return kept

    async def _next(self, connection: SinkConnection, place: int) -> int:
        """Send what lies behind a place, or wait for it; the place that is reached."""
        commits = self._log.commits.count
        page = await asyncio.to_thread(self._log.after, place, _PAGE)
        if not page:
            connection.check()
            await self._log.commits.after(commits, _IDLE_S)
            return place
        await self._count_dropped(place, page[0].sequence)
        await self._send_page(connection, page)
        return page[-1].sequence

    async def _send_page(self, connection: SinkConnection, page: Sequence[LoggedResult]) -> None:
        """The cursor moves behind what was sent, also when the connection breaks in the middle."""
        reached = None
        try:
            for logged in page:
                if self._rule is None or self._rule.holds(logged.result):
                    await self._send(connection, logged)
                reached = logged.sequence
        finally:
            if reached is not None:
                await self._keep(reached)

    async def _send(self, connection: SinkConnection, logged: LoggedResult) -> None:
        try:
            await connection.send(event_of(self._node, logged))
        except SinkRefusedError as refused:
            _log.warning("%s: result of frame %s: %s", self._sink.where, logged.result.frame_id, refused)
            self.state = dataclasses.replace(self.state, refused=self.state.refused + 1)
        else:
            self.state = dataclasses.replace(self.state, sent=self.state.sent + 1)
        self._back_off.reset()

    async def _count_dropped(self, place: int, first: int) -> None:
        """What lies between the cursor and the oldest result was dropped by the store: at most so many."""
        if first == place + 1 or first > await asyncio.to_thread(self._log.oldest):
            return
        lost = first - place - 1
        _log.warning("%s: at most %d results were dropped before they could be sent", self._sink.where, lost)
        self.state = dataclasses.replace(self.state, dropped=self.state.dropped + lost)

    async def _keep(self, place: int) -> None:
        await asyncio.wrap_future(self._log.keep(self.name, place))

    def _connected(self, is_connected: bool) -> None:
        self.state = dataclasses.replace(self.state, is_connected=is_connected)
