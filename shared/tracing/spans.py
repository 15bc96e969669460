"""Spans of a trace as values: what took from when to when, and whose part it was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

from evosplit.shared.tracing.trace_context import TraceContext

Attributes: TypeAlias = Mapping[str, str | int | float | bool]
Kind: TypeAlias = Literal["server", "client", "internal"]


class Mark(NamedTuple):
    """A step of a frame, in seconds of ``time.perf_counter``."""

    name: str
    started_s: float
    ended_s: float


@dataclass(frozen=True)
class Span:
    """``started_s`` and ``ended_s`` are Unix seconds; ``error`` is the line of what went wrong."""

    name: str
    context: TraceContext
    parent: TraceContext | None
    started_s: float
    ended_s: float
    kind: Kind = "internal"
    attributes: Attributes = field(default_factory=dict)
    error: str | None = None


def steps_of(parent: TraceContext, marks: list[Mark], zero_s: float) -> list[Span]:
    """A span for each step; ``zero_s`` is the Unix time at which ``time.perf_counter`` was 0."""
    return [
        Span(mark.name, parent.child(), parent, zero_s + mark.started_s, zero_s + mark.ended_s)
        for mark in marks
    ]
