"""Event sink protocol: a connection that takes events in order, and the errors that say why it does not."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from evosplit.edge.sinks.event import ResultEvent
from evosplit.shared.errors import PeerError


class SinkUnavailableError(PeerError):
    """The other side is away, busy, or broke off: the event is sent again later."""


class SinkRefusedError(PeerError):
    """The other side does not want this event, whenever it is sent."""


class SinkConnection(Protocol):
    """Open to the other side."""

    async def send(self, event: ResultEvent) -> None:
        """Return once the other side has the event. Raises SinkUnavailableError, SinkRefusedError."""

    def check(self) -> None:
        """For while there is nothing to send. Raises SinkUnavailableError where the other side went away."""


class EventSink(Protocol):
    """One place that results go to."""

    @property
    def where(self) -> str:
        """The address, without secrets, for the log."""

    def connect(self) -> AbstractAsyncContextManager[SinkConnection]:
        """A connection, closed at the end. Raises SinkUnavailableError."""
