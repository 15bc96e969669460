"""Outcome of a frame as a few words, for cells of tables and lines of logs; the dashboard says the same."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

_MOST: Final = 5
"""Things that are named; more are counted."""


def outcome_text(outcome: Any) -> str:  # noqa: ANN401 - plain JSON
    """``truck 75 %, car 61 %``; a text as it is; what has no such reading as JSON, nothing as empty."""
    if not isinstance(outcome, Mapping):
        return "" if outcome is None else json.dumps(outcome, ensure_ascii=False)
    if "boxes" in outcome:
        return _named(outcome["boxes"], "score") or "nothing found"
    if outcome.get("top"):
        return _named(outcome["top"][:1], "score")
    if "areas" in outcome:
        return _named(outcome["areas"], "share")
    if "text" in outcome:
        return str(outcome["text"]) or "no text"
    return json.dumps(outcome, ensure_ascii=False)


def _named(things: Iterable[Mapping[str, Any]], measure: str) -> str:
    told = [f"{thing.get('label', thing.get('class'))} {thing[measure] * 100:.0f} %" for thing in things]
    more = [f"and {len(told) - _MOST} more"] if len(told) > _MOST else []
    return ", ".join([*told[:_MOST], *more])
