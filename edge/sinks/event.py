"""Result event: what a sink is sent of one result, as plain JSON with a schema version."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from evosplit.edge.results.result_log import LoggedResult
from evosplit.shared.result import Result
from evosplit.shared.serial import json_text, to_data

FORMAT: Final = "evosplit.result/1"


@dataclass(frozen=True)
class Node:
    """Who sends: ``site`` and ``node`` are the levels of MQTT topics, and fields of every event."""

    site: str
    node: str


@dataclass(frozen=True)
class ResultEvent:
    """One result of one node. ``sequence`` grows with each result of the node."""

    node: Node
    sequence: int
    result: Result

    @property
    def id(self) -> str:
        """The same whenever the event is sent: receivers that see it twice drop the second."""
        return f"{self.node.node}:{self.result.frame_id}"

    def to_dict(self) -> dict[str, Any]:
        """The event as plain data; times are Unix seconds."""
        return {
            "format": FORMAT,
            "id": self.id,
            "site": self.node.site,
            "node": self.node.node,
            "sequence": self.sequence,
            "result": to_data(self.result),
        }

    def to_json(self) -> bytes:
        """UTF-8 JSON, with null for numbers that are not finite."""
        return json_text(self.to_dict()).encode()


def event_of(node: Node, logged: LoggedResult) -> ResultEvent:
    """The event of a logged result."""
    return ResultEvent(node, logged.sequence, logged.result)
