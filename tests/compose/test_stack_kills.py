"""Containers killed under traffic: every frame has exactly one result, and the stack is whole again after."""

from __future__ import annotations

import http.client
import io
import json
import threading
import time
import urllib.error
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.compose.stack import Door, Stack, container, docker, until

pytestmark = [pytest.mark.compose, pytest.mark.timeout(1500)]


@dataclass
class Traffic:
    """Pictures, one after the other; one whose answer was not seen is sent again under the same id."""

    door: Door
    name: str
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
            return json.loads(self.door.call("/v1/frames", picture, **kind)[0])
        except urllib.error.HTTPError as refused:
            with refused:
                return json.loads(refused.read())
        except (OSError, http.client.HTTPException):
            return None

    def answered(self, by: str, after: int = 0) -> int:
        """How many frames from the ``after``-th on were answered by cloud or edge."""
        latest = list(self.results.values())[after:]
        return sum(result["answered_by"] == by for result in latest)


@contextmanager
def traffic(stack: Stack, name: str) -> Iterator[Traffic]:
    """Traffic while the block runs; then every frame has one result, at the client and at the edge."""
    door = stack.door("edge", stack.secret("edge/token"))
    made, ended = Traffic(door, name), threading.Event()
    thread = threading.Thread(target=made.play, args=(ended,))
    thread.start()
    try:
        until(lambda: made.answered("cloud") >= 3, "frames are answered by the cloud")
        yield made
    finally:
        ended.set()
        thread.join(300)
    assert [made.results[frame].get("error") for frame in made.results] == [None] * made.sent
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


def test_a_worker_is_killed(stack: Stack) -> None:
    with traffic(stack, "worker") as made:
        before = made.sent
        docker("kill", container("worker"))
        until(lambda: made.answered("cloud", before) >= 10, "the cloud answers without the worker")
        docker("start", container("worker"))
        stack.wait_until_healthy("worker")
    assert made.repeated == 0


def test_the_cloud_is_killed(stack: Stack) -> None:
    with traffic(stack, "cloud") as made:
        docker("kill", container("cloud"))
        away = made.sent
        until(lambda: made.answered("edge-fallback", away) >= 5, "the edge answers by itself")
        docker("start", container("cloud"))
        stack.wait_until_healthy("cloud")
        back = made.sent
        until(lambda: made.answered("cloud", back) >= 5, "the cloud answers again")
    assert made.repeated == 0


def test_the_edge_is_killed(stack: Stack) -> None:
    with traffic(stack, "edge") as made:
        docker("kill", container("edge"))
        docker("start", container("edge"))
        back = made.sent
        until(lambda: made.answered("cloud", back + 1) >= 5, "the edge answers again")
    assert made.repeated > 0
