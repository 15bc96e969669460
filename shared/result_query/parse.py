"""Filter of results from the query of a URL. Pure functions; all raise UsageError (HTTP 400)."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from evosplit.shared.errors import UsageError
from evosplit.shared.result_query.result_filter import Region, ResultFilter
from evosplit.shared.units import parse_region

_DIGITS: Final = re.compile(r"[0-9a-f]{1,64}")


def parse_filter(query: Mapping[str, str], more: tuple[str, ...] = ()) -> ResultFilter:
    """The filter of a query, newest first unless it says otherwise; ``more`` keys are somebody else's."""
    unknown = [key for key in query if key not in KEYS and key not in more]
    if unknown:
        raise UsageError(f"no filter {unknown[0]!r}; there are {', '.join((*KEYS, *more))}")
    given = {key: text for key, text in query.items() if key in KEYS}
    values = {_FIELDS.get(key, key): _PARSERS[key](text) for key, text in given.items()}
    return ResultFilter(**values)


def _time_s(text: str) -> float:
    """Unix seconds from a number or from ISO 8601 (local time unless it names a zone)."""
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


def _confidence(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise UsageError(f"min_confidence must be 0 to 1, not {text!r}")
    return share


def _region(text: str) -> Region:
    return parse_region(text, "left,top,right,bottom in pixels, like 0,200,640,480")


def _digest(text: str) -> str:
    if not _DIGITS.fullmatch(text):
        raise UsageError(f"not the beginning of a plan's digest: {text!r}")
    return text


def _flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise UsageError(f"true or false, not {text!r}")
    return text == "true"


_PARSERS: Final[Mapping[str, Callable[[str], Any]]] = {
    "since": _time_s,
    "until": _time_s,
    **dict.fromkeys(("stream", "model", "edge", "label", "text", "cut", "answered_by"), str),
    "min_confidence": _confidence,
    "region": _region,
    "plan": _digest,
    "late": _flag,
    "failed": _flag,
    "limit": _count,
    "cursor": str,
    "order": str,
}
_FIELDS: Final[Mapping[str, str]] = {"since": "since_s", "until": "until_s"}
KEYS: Final = tuple(_PARSERS)
"""What a query may hold."""
