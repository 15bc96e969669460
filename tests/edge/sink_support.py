"""Results for tests of sinks, and receivers that note what reaches them."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from evosplit.edge.results.store import Store
from evosplit.edge.sinks.event import Node, ResultEvent
from evosplit.edge.sinks.sink import SinkRefusedError, SinkUnavailableError
from evosplit.shared.result import Result

NODE = Node("yard", "gate-1")


def result(number: int, outcome: Any = None, **changes: Any) -> Result:
    told: dict[str, Any] = {
        "frame_id": f"frame{number}",
        "stream": "camera",
        "model": "net",
        "received_at_s": 1000.0 + number,
        "answered_by": "cloud",
        "outcome": outcome,
        "confidence": None,
        "plan_digest": None,
        "wire_bytes": 100,
    }
    return Result(**{**told, **changes})


def boxes(*named: tuple[str, float]) -> dict[str, Any]:
    return {
        "boxes": [{"class": 1, "label": name, "score": score, "box": [0, 0, 1, 1]} for name, score in named]
    }


def top(label: str, score: float) -> dict[str, Any]:
    return {"top": [{"class": 3, "label": label, "score": score}]}


def finish(store: Store, *results: Result) -> None:
    for each in results:
        store.finish(each).result(timeout=10)


@dataclass
class NotedSink:
    """Takes events until it is told to fail: ``script`` has one word for each sending."""

    script: list[str] = field(default_factory=list)
    events: list[ResultEvent] = field(default_factory=list)
    where: str = "noted"

    @contextlib.asynccontextmanager
    async def connect(self) -> AsyncIterator[NotedSink]:
        yield self

    async def send(self, event: ResultEvent) -> None:
        word = self.script.pop(0) if self.script else "take"
        if word == "away":
            raise SinkUnavailableError("is away")
        if word == "refuse":
            raise SinkRefusedError("does not want it")
        self.events.append(event)

    def check(self) -> None:
        pass
