"""Mutated HTTP requests for fuzzing handlers, and the bounds that a handler has to keep to."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import resource
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from tests.mutations import mutated

REQUESTS: Final = int(os.environ.get("EVOSPLIT_FUZZ_REQUESTS", "1500"))
SEED: Final = int(os.environ.get("EVOSPLIT_FUZZ_SEED", "0"))
MEMORY_BYTES: Final = 2 * 2**30
"""So much more address space than before may be used in all."""
SLOW_S: Final = 5.0
"""No request of these takes so much processor time, even with a session built for it."""
_TEXTS: Final = (
    *("", "0", "-1", "1e999", "nan", "9" * 30, "1.5", "true", "null", "x" * 5000, "../../etc/passwd", "%00"),
    *("\x7f", "\xe9\xff", "{}", "[]", '"', "a/b", "Bearer x", "gzip", "deflate", "br", "multipart/form-data"),
)


@dataclasses.dataclass(frozen=True)
class Request:
    """An HTTP request as values; the texts hold no line breaks."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


def mutated_request(rng: np.random.Generator, good: Sequence[Request]) -> Request:
    """One of the good ones with its body, its query, its headers or its path changed, or several of them."""
    request = good[rng.integers(len(good))]
    if rng.random() < 0.8 and request.body:
        request = dataclasses.replace(request, body=mutated(rng, request.body))
    if rng.random() < 0.2:
        request = dataclasses.replace(request, query=_changed(rng, request.query))
    if rng.random() < 0.2:
        request = dataclasses.replace(request, headers=_changed(rng, request.headers))
    if rng.random() < 0.05:
        segments = request.path.split("/")
        segments[rng.integers(len(segments))] = _text(rng)
        request = dataclasses.replace(request, path="/" + "/".join(segments).lstrip("/"))
    return request


def _changed(rng: np.random.Generator, pairs: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    if not pairs:
        return pairs
    chosen = int(rng.integers(len(pairs)))
    name, _ = pairs[chosen]
    kept = (*pairs[:chosen], *pairs[chosen + 1 :])
    return kept if rng.random() < 0.2 else (*kept, (name, _text(rng)))


def _text(rng: np.random.Generator) -> str:
    return _TEXTS[rng.integers(len(_TEXTS))]


@contextlib.contextmanager
def bounded_memory() -> Iterator[None]:
    """Whoever asks for much more than is in use now gets a MemoryError."""
    used_bytes = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used_bytes + MEMORY_BYTES, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


async def fuzz(
    ask: Callable[[Request], Awaitable[tuple[int, bytes]]], good: Sequence[Request]
) -> dict[int, int]:
    """Ask mutated requests; how many got which status. All refusals are one line of JSON, none is a 500."""
    rng, counts = np.random.default_rng(SEED), {}
    for request in good:
        status, body = await ask(request)
        assert status < 500, (request, body)
    with bounded_memory():
        for _ in range(REQUESTS):
            request = mutated_request(rng, good)
            started_s = time.process_time()
            status, body = await ask(request)
            spent_s = time.process_time() - started_s
            counts[status] = counts.get(status, 0) + 1
            assert spent_s < SLOW_S, (spent_s, request)
            assert status != 500, (body, request)
            if status >= 400:
                error = json.loads(body)["error"]
                assert error
                assert "\n" not in error, request
    return counts
