"""Closed-loop load of frames: connections that each send their next frame when the last one was answered.

``python -m benchmarks.cloud.edge_load SPEC`` plays a `Load` from a JSON file on the processors that it names,
and writes how many answers came to standard output.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from evosplit.shared.errors import EvoSplitError
from evosplit.shared.serial import from_json


@dataclass(frozen=True)
class Load:
    """Connection ``i`` sends file ``bodies[i % len(bodies)]``, a whole HTTP request, for ``seconds``."""

    host: str
    port: int
    bodies: tuple[str, ...]
    connections: int
    seconds: float
    processors: tuple[int, ...]


@dataclass(frozen=True)
class Played:
    """Answers with status 200 and with others, and the seconds that all of it took."""

    answers: int
    refusals: int
    seconds: float


def http_request(path: str, body: bytes, headers: Mapping[str, str]) -> bytes:
    """The bytes of a POST that keeps its connection."""
    lines = [f"POST {path} HTTP/1.1", "Host: cloud", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def play(load: Load) -> Played:
    """All connections side by side."""
    requests = [Path(name).read_bytes() for name in load.bodies]
    started_s = time.perf_counter()
    end_s = started_s + load.seconds
    turns = (_connection(load, requests[index % len(requests)], end_s) for index in range(load.connections))
    counts = await asyncio.gather(*turns)
    answers, refusals = (sum(count[part] for count in counts) for part in (0, 1))
    return Played(answers, refusals, time.perf_counter() - started_s)


async def _connection(load: Load, request: bytes, end_s: float) -> tuple[int, int]:
    reader, writer = await asyncio.open_connection(load.host, load.port)
    counts = [0, 0]
    while time.perf_counter() < end_s:
        writer.write(request)
        counts[await _status(reader) != b"200"] += 1
    writer.close()
    return counts[0], counts[1]


async def _status(reader: asyncio.StreamReader) -> bytes:
    """The status of the next answer, whose body is read and forgotten."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = head.partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0]
    await reader.readexactly(int(length))
    return head.split(b" ", 2)[1]


def main() -> None:
    """Play the load of the first argument."""
    load = from_json(Load, Path(sys.argv[1]).read_bytes(), EvoSplitError)
    os.sched_setaffinity(0, load.processors)
    played = asyncio.run(play(load))
    print(played.answers, played.refusals, played.seconds)


if __name__ == "__main__":
    main()
