"""W3C Trace Context: which trace and which span a request belongs to (https://www.w3.org/TR/trace-context/)."""

from __future__ import annotations

import re
import secrets
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Final

TRACEPARENT: Final = "traceparent"
"""Name of the header."""
_FORM: Final = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_INVALID: Final = "ff"
_SAMPLED: Final = 1


@dataclass(frozen=True)
class TraceContext:
    """A span as others refer to it; numbers of 128 and 64 bits, neither of them 0."""

    trace_id: int
    span_id: int
    is_sampled: bool

    def child(self) -> TraceContext:
        """Another span of the same trace."""
        return replace(self, span_id=_new_id(64))

    def header(self) -> str:
        """The value of ``traceparent``."""
        return f"00-{self.trace_id:032x}-{self.span_id:016x}-{int(self.is_sampled):02x}"


CURRENT: ContextVar[TraceContext | None] = ContextVar("trace", default=None)
"""What requests that this task sends belong to; None where nothing is traced."""


def parse_traceparent(text: str | None) -> TraceContext | None:
    """The context in a header; None where there is none, or none that can be read, as the standard asks."""
    matched = None if text is None else _FORM.fullmatch(text.strip())
    if matched is None:
        return None
    version, trace, span, flags, more = matched.groups()
    if version == _INVALID or (version == "00" and more) or not int(trace, 16) or not int(span, 16):
        return None
    return TraceContext(int(trace, 16), int(span, 16), bool(int(flags, 16) & _SAMPLED))


def new_trace(ratio: float) -> TraceContext:
    """The first span of a trace, which is sampled with this probability."""
    trace_id = _new_id(128)
    return TraceContext(trace_id, _new_id(64), (trace_id & (2**63 - 1)) < ratio * 2**63)


def trace_header() -> dict[str, str]:
    """The header of a request that this task sends; empty where nothing is traced."""
    context = CURRENT.get()
    return {} if context is None else {TRACEPARENT: context.header()}


def _new_id(bits: int) -> int:
    return secrets.randbits(bits) or 1
