"""Filter of ``GET /v1/results``, parsed from the query. Pure functions; all raise UsageError (HTTP 400)."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Final, cast

from evosplit.edge.results.query import Order, ResultFilter
from evosplit.shared.errors import UsageError

_RESULT_KEYS: Final = ("since", "until", "stream", "answered_by", "limit", "cursor", "order")


def result_filter(query: Mapping[str, str]) -> ResultFilter:
    """The filter of ``GET /v1/results``; ``limit`` is 100 unless given, newest first."""
    for key in query:
        if key not in _RESULT_KEYS:
            raise UsageError(f"no filter {key!r}; there are {', '.join(_RESULT_KEYS)}")
    return ResultFilter(
        since_s=_time_s(query.get("since")),
        until_s=_time_s(query.get("until")),
        stream=query.get("stream"),
        answered_by=query.get("answered_by"),
        limit=_count(query.get("limit", "100")),
        cursor=query.get("cursor"),
        order=cast("Order", query.get("order", "desc")),
    )


def _time_s(text: str | None) -> float | None:
    """Unix seconds from a number or from ISO 8601 (local time unless it names a zone)."""
    if text is None:
        return None
    try:
        return float(text)
    except ValueError:
        pass
    try:
        # A plus sign that a client did not escape arrives as a space.
        moment = re.sub(r" (?=\d\d:?\d\d$)", "+", text).replace("Z", "+00:00")
        return dt.datetime.fromisoformat(moment).timestamp()
    except (ValueError, OverflowError):
        raise UsageError(f"not a time: {text!r} (Unix seconds, or ISO 8601 like 2026-01-31T08:00)") from None


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise UsageError(f"limit is not a number: {text!r}")
    return int(text)
