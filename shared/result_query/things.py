"""Things that a result names: boxes, the best class, or a text, in one form for rules, queries and sinks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evosplit.shared.result import Result


@dataclass(frozen=True)
class Thing:
    """``centre`` is that of a box, (x, y) in pixels of the picture. None: the result does not say."""

    label: str | None
    confidence: float | None
    text: str | None = None
    centre: tuple[float, float] | None = None


def things_of(result: Result) -> tuple[Thing, ...]:
    """Empty for a failure and for what has no such reading."""
    outcome = result.outcome if isinstance(result.outcome, dict) else {}
    if "boxes" in outcome:
        return tuple(_thing(box) for box in outcome["boxes"])
    if outcome.get("top"):
        return (_thing(outcome["top"][0]),)
    if "areas" in outcome:
        return tuple(_area(area, result.confidence) for area in outcome["areas"])
    if "text" in outcome:
        return (Thing(None, result.confidence, outcome["text"]),)
    return ()


def _thing(entry: Mapping[str, Any]) -> Thing:
    label, box = entry.get("label", str(entry.get("class"))), entry.get("box")
    centre = None if box is None else ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
    return Thing(label, entry.get("score"), None, centre)


def _area(entry: Mapping[str, Any], confidence: float | None) -> Thing:
    return Thing(entry.get("label", str(entry.get("class"))), confidence)
