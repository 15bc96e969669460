"""Answers and rows of a demo, made by hand."""

from __future__ import annotations

from evosplit.cli.demo.report_rows import Row, make_row
from evosplit.cli.demo.strategies import FLOAT_WAY, PLANNED_WAY, RAW, DemoStrategy, TimedAnswer

SPLIT_WAY = DemoStrategy("split 4", "cut:4", "cloud")
JPEG_WAY = DemoStrategy("jpeg-50", "picture:jpeg-50", "cloud")
RAW_WAY = DemoStrategy(RAW, "cloud-raw", "cloud")
INT8_WAY = DemoStrategy("edge int8", "plan:ab", "edge")


def answer(
    latency_s: float = 0.1, wire_bytes: int = 0, answered_by: str = "cloud", cut: str = "4"
) -> TimedAnswer:
    return TimedAnswer(latency_s, wire_bytes, True, cut, answered_by)


def row(way: DemoStrategy, latency_s: float | None, wire_bytes: int = 0, bandwidth_bps: float = 1e6) -> Row:
    """A row of one frame; of a fallback alone where there is no latency."""
    by = "edge-fallback" if latency_s is None else way.answered_by or "cloud"
    taken = [answer(latency_s or 0.1, wire_bytes, by)]
    return make_row(f"{bandwidth_bps / 1e6:g} Mbit/s", bandwidth_bps, way, taken)


__all__ = ["FLOAT_WAY", "INT8_WAY", "JPEG_WAY", "PLANNED_WAY", "RAW_WAY", "SPLIT_WAY", "answer", "row"]
