"""Parsing of query and header fields. Pure functions; all raise UsageError (HTTP 400)."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Mapping
from typing import Final, cast

from evosplit.edge.pipeline.intake import Ticket
from evosplit.edge.pipeline.strategies import BY_CUT, BY_DIGEST, STRATEGIES, is_strategy
from evosplit.edge.results.query import Order, ResultFilter
from evosplit.shared.errors import UsageError

_FRAME_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_STREAM: Final = re.compile(r"[^\x00-\x1f\x7f]{1,128}")
_RESULT_KEYS: Final = ("since", "until", "stream", "answered_by", "limit", "cursor", "order")


def ticket(query: Mapping[str, str], headers: Mapping[str, str]) -> Ticket:
    """Frame id, stream and strategy: the first two from a header or the query."""
    named = headers.get("X-Evosplit-Frame-Id") or query.get("frame_id")
    stream = headers.get("X-Evosplit-Stream") or query.get("stream") or "default"
    strategy = query.get("strategy", "planned")
    if named is not None and not _FRAME_ID.fullmatch(named):
        raise UsageError("a frame id is 1 to 128 of the characters A-Z a-z 0-9 . _ : -")
    if not _STREAM.fullmatch(stream):
        raise UsageError("a stream's name is 1 to 128 characters, none of them a control character")
    if not is_strategy(strategy):
        names = ", ".join((*STRATEGIES, f"{BY_DIGEST}DIGITS", f"{BY_CUT}KEY"))
        raise UsageError(f"no strategy {strategy!r}; there are {names}")
    return Ticket(named or uuid.uuid4().hex, stream, strategy, named is not None)


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
