"""TLS client context that changes: each connection is made with the files as they were last read.

Adding an authority to a context leaves the old one trusted, and a pool of connections keeps the context that
it was made with. So the pool gets this one, which hands every new connection to the context of the moment.
"""

from __future__ import annotations

import ssl

from evosplit.shared.security.tls import ClientFiles


class ChangingContext(ssl.SSLContext):
    """Whoever holds it notices nothing of a change; open connections stay. Raises UsageError.

    Both asyncio and uvloop make the TLS of a connection by `wrap_bio`.
    """

    def __new__(cls, _files: ClientFiles) -> ChangingContext:
        """An `ssl.SSLContext` is complete before its constructor runs."""
        return super().__new__(cls, ssl.PROTOCOL_TLS_CLIENT)

    def __init__(self, files: ClientFiles) -> None:
        self._files = files
        self._current = files.context()

    def take_up(self) -> None:
        """Read the files again; what was in use stays where they cannot be used. Raises UsageError."""
        self._current = self._files.context()

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        """TLS of one connection, by the context of the moment."""
        return self._current.wrap_bio(incoming, outgoing, server_side, server_hostname, session)
