"""Clients that keep their connections and ask one request after the other, and note what they lose."""

from __future__ import annotations

import http.client
import threading
from typing import Protocol

from evosplit.shared import oip
from evosplit.shared.token import bearer


class Cloud(Protocol):
    @property
    def port(self) -> int: ...

    @property
    def token(self) -> str: ...


class Client:
    """A keep-alive client; ``lost`` are requests that were sent and got no answer of the model's."""

    def __init__(self, cloud: Cloud, content: bytes, length: int | None, name: str) -> None:
        self._cloud, self._content, self._name = cloud, content, name
        self._length = length
        self._connection: http.client.HTTPConnection | None = None
        self.lost: list[str] = []
        self.answers: list[oip.InferResponse] = []
        self.is_refused = False

    def ask(self) -> None:
        """One request; a connection that cannot be made is no loss.

        Nor is one that is reset before its first answer: it was in the kernel's backlog of a listening side
        that has closed, and nobody had accepted it.
        """
        is_new = self._connection is None
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self._cloud.port, timeout=60)
            try:
                self._connection.connect()
            except OSError:
                self.is_refused = True
                self.close()
                return
        headers = bearer(self._cloud.token) | {oip.CLIENT_HEADER: self._name}
        headers[oip.HEADER_LENGTH] = str(self._length)
        try:
            self._connection.request("POST", "/v2/models/chain/infer", self._content, headers)
            response = self._connection.getresponse()
            body = response.read()
        except ConnectionResetError as broken:
            if is_new:
                self.is_refused = True
            else:
                self.lost.append(repr(broken))
            self.close()
            return
        except (OSError, http.client.HTTPException) as broken:
            self.lost.append(repr(broken))
            self.close()
            return
        if response.status == 200:
            length = response.getheader(oip.HEADER_LENGTH)
            self.answers.append(oip.parse_response(body, None if length is None else int(length)))
        else:
            self.lost.append(f"{response.status} {body!r}")
        if response.getheader("connection", "").lower() == "close":
            self.close()

    def ask_until(self, end: threading.Event) -> None:
        while not (end.is_set() or self.is_refused):
            self.ask()
        self.close()

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class Traffic:
    """Several clients at once, each in a thread."""

    def __init__(self, clients: list[Client]) -> None:
        self.clients = clients
        self._end = threading.Event()
        self._threads = [threading.Thread(target=each.ask_until, args=(self._end,)) for each in clients]

    def __enter__(self) -> Traffic:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self.join()

    def join(self) -> None:
        for thread in self._threads:
            thread.join(120)
