"""Edges that send one frame after the other, and again what was not answered, as agents do."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
from cloud_support import blob_request, frame_bytes, seeded_feeds, whole_outputs

from evosplit.cloud.registry import Registry
from evosplit.shared import oip
from evosplit.shared.graph import prefix_cut
from evosplit.shared.token import bearer

LIMIT_S = 180


@dataclass
class RepeatingEdge:
    """Sends one frame after the other, again where it was not answered, as an agent asks again or answers."""

    port: int
    token: str
    body: bytes
    length: int
    expected: np.ndarray
    answered: int = 0
    repeated: int = 0
    wrong: list[str] = field(default_factory=list)

    def play(self, until: threading.Event) -> None:
        while not until.is_set():
            self._frame()

    def _frame(self) -> None:
        end_s = time.monotonic() + 60
        while (answer := self._answer()) is None:
            self.repeated += 1
            if time.monotonic() > end_s:
                self.wrong.append("a frame was lost")
                return
            time.sleep(0.05)
        if not np.allclose(answer, self.expected, rtol=1e-3, atol=1e-3):
            self.wrong.append("a frame has another's answer")
        self.answered += 1

    def _answer(self) -> np.ndarray | None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        headers = bearer(self.token) | {oip.HEADER_LENGTH: str(self.length)}
        try:
            connection.request("POST", "/v2/models/residual/infer", self.body, headers)
            reply = connection.getresponse()
            content = reply.read()
            if reply.status != 200:
                return None
            return oip.parse_response(content, int(reply.headers[oip.HEADER_LENGTH])).arrays()["y"]
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()


@dataclass(frozen=True)
class Load:
    """Several of them at once."""

    edges: Sequence[RepeatingEdge]

    @property
    def wrong(self) -> list[str]:
        return [line for edge in self.edges for line in edge.wrong]

    def wait_for_more(self, count: int) -> None:
        """Return when every edge has had so many more answers."""
        wanted = [edge.answered + count for edge in self.edges]
        end_s = time.monotonic() + LIMIT_S
        while any(edge.answered < target for edge, target in zip(self.edges, wanted, strict=True)):
            assert time.monotonic() < end_s, [edge.answered for edge in self.edges]
            time.sleep(0.05)


def repeating_edge(registry: Registry, port: int, token: str, index: int) -> RepeatingEdge:
    """The ``index``-th: its cut and its frame are its own."""
    model = registry.get("residual")
    feeds = seeded_feeds(model, index)
    content = frame_bytes(model, prefix_cut(model.graph, 1 + index % 4), feeds)
    body, length = oip.build_request(blob_request(oip.FRAME_INPUT, content))
    return RepeatingEdge(port, token, body, length, whole_outputs(model, feeds)["y"])


@contextmanager
def playing(edges: Sequence[RepeatingEdge]) -> Iterator[Load]:
    """All of them send while the block runs; then each has the answer to its last frame."""
    ended = threading.Event()
    threads = [threading.Thread(target=edge.play, args=(ended,)) for edge in edges]
    for thread in threads:
        thread.start()
    try:
        yield Load(edges)
    finally:
        ended.set()
        for thread in threads:
            thread.join(LIMIT_S)
