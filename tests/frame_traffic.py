"""Frames to the front door of a tier, one after the other, while something is done to what answers them."""

from __future__ import annotations

import http.client
import io
import json
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from PIL import Image

WAIT_S: Final = 300.0
INTERRUPTED: Final = "the agent stopped before the frame was finished"


def until(holds: Callable[[], bool], what: str, limit_s: float = WAIT_S) -> None:
    """Return once something holds."""
    end_s = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < end_s, f"{what}: not within {limit_s:g} s"
        time.sleep(0.5)


@dataclass(frozen=True)
class Door:
    """A tier's front door: its address, what its certificate is verified by (None over HTTP), and a token."""

    url: str
    context: ssl.SSLContext | None
    token: str | None

    def call(self, path: str, body: bytes | None = None, **headers: str) -> tuple[bytes, Any]:
        """Body and headers of an answer. Raises `urllib.error.HTTPError`, OSError."""
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        request = urllib.request.Request(self.url + path, body, headers)  # noqa: S310 - our own address
        with urllib.request.urlopen(request, timeout=60, context=self.context) as response:  # noqa: S310
            return response.read(), response.headers

    def refusal(self, path: str) -> tuple[int, str]:
        """Status and line of an answer that refuses."""
        try:
            self.call(path)
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, json.loads(refused.read())["error"]
        raise AssertionError(f"{path} was answered")


@dataclass
class Traffic:
    """Pictures, one after the other; one whose answer was not seen is sent again under the same id."""

    door: Door
    name: str
    strategy: str
    results: dict[str, dict[str, Any]] = field(default_factory=dict)
    sent: int = 0
    repeated: int = 0

    def play(self, ended: threading.Event) -> None:
        rng = np.random.default_rng(3)
        while not ended.is_set():
            stream = io.BytesIO()
            Image.fromarray(rng.integers(0, 256, (96, 96, 3), dtype=np.uint8)).save(stream, "PNG")
            self._send(f"{self.name}-{self.sent}", stream.getvalue())
            self.sent += 1

    def _send(self, frame: str, picture: bytes) -> None:
        kind = {"Content-Type": "image/png", "X-Evosplit-Frame-Id": frame}
        end_s = time.monotonic() + 240
        while (result := self._result(picture, kind)) is None:
            self.repeated += 1
            assert time.monotonic() < end_s, f"{frame} has no result"
            time.sleep(0.2)
        self.results[frame] = result

    def _result(self, picture: bytes, kind: dict[str, str]) -> dict[str, Any] | None:
        try:
            return json.loads(self.door.call(f"/v1/frames?strategy={self.strategy}", picture, **kind)[0])
        except urllib.error.HTTPError as refused:
            with refused:
                return json.loads(refused.read())
        except (OSError, http.client.HTTPException):
            return None

    def answered(self, by: str, after: int = 0, cloud: str | None = None) -> int:
        """How many frames from the ``after``-th on were answered by cloud (any, or this one) or edge."""
        latest = list(self.results.values())[after:]
        by_whom = [result for result in latest if result.get("answered_by") == by]
        return sum(cloud in (None, result["cloud"]) for result in by_whom)


@contextmanager
def traffic(door: Door, name: str, under_way: int = 0, strategy: str = "planned") -> Iterator[Traffic]:
    """Traffic while the block runs; then every frame has one result, at the client and at the edge.

    It is an answer, or says that an agent was killed which had the frame ``under_way``, for so many at most.
    """
    made, ended = Traffic(door, name, strategy), threading.Event()
    thread = threading.Thread(target=made.play, args=(ended,))
    thread.start()
    try:
        until(lambda: made.answered("cloud") >= 3, "frames are answered by the cloud")
        yield made
    finally:
        ended.set()
        thread.join(WAIT_S)
    failures = [error for result in made.results.values() if (error := result.get("error")) is not None]
    assert failures == [INTERRUPTED] * min(len(failures), under_way)
    assert len(made.results) == made.sent
    assert sorted(_kept(door, name)) == sorted(made.results)


def _kept(door: Door, name: str) -> list[str]:
    """Ids of what the edge has kept of this traffic."""
    ids: list[str] = []
    page: dict[str, Any] = {"next_cursor": ""}
    while page["next_cursor"] is not None:
        cursor = page["next_cursor"]
        page = json.loads(door.call("/v1/results?limit=1000" + (f"&cursor={cursor}" if cursor else ""))[0])
        ids += [result["frame_id"] for result in page["results"]]
    return [frame for frame in ids if frame.startswith(f"{name}-")]
