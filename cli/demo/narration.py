"""Narration of a comparison: one line per link that says why the fastest strategy is the fastest there.

Every figure is measured, but for what bytes take on the link, which is 8 bytes / bandwidth.
"""

from __future__ import annotations

from collections.abc import Sequence

from evosplit.cli.demo.report_rows import Row, fastest
from evosplit.cli.demo.strategies import EDGE_FLOAT, EDGE_INT8, PLANNED, RAW, is_split
from evosplit.shared.units import format_duration, format_size


def reason(here: Sequence[Row]) -> str:
    """Why the fastest of one link's rows is the fastest; of the planned way what it does counts."""
    edge, split, picture = (fastest(some) for some in _kinds(here))
    best = fastest([row for row in (edge, split, picture) if row is not None])
    if best is None:
        return "nothing was measured"
    if best is edge:
        return _edge_reason(best, split or picture)
    if best is split:
        return _split_reason(best, picture, edge)
    return _picture_reason(best, split, edge)


def _kinds(here: Sequence[Row]) -> tuple[list[Row], list[Row], list[Row]]:
    """All on the edge, splits, and all in the cloud."""
    edge = [row for row in here if row.strategy in (EDGE_FLOAT, EDGE_INT8)]
    split = [row for row in here if is_split(row.strategy)]
    others = [row for row in here if row not in edge and row not in split and row.strategy != PLANNED]
    return edge, split, others


def _edge_reason(best: Row, sender: Row | None) -> str:
    computing = f"{best.strategy} is done in {format_duration(best.p50_s or 0)}"
    if sender is None:
        return f"{computing}, and nothing that is sent was measured"
    return f"{computing}, and {_sending(sender)} alone"


def _split_reason(best: Row, picture: Row | None, edge: Row | None) -> str:
    parts = [_sending(best)]
    if picture is not None:
        parts.append(_sending(picture))
    if edge is not None:
        parts.append(f"all on the edge takes {format_duration(edge.p50_s or 0)}")
    return ", ".join(parts)


def _picture_reason(best: Row, split: Row | None, edge: Row | None) -> str:
    whole = "the raw picture" if best.strategy == RAW else f"the picture as {best.strategy}"
    parts = [f"the link is fast enough for {whole}: {_sending(best)}"]
    if split is not None and (extra_s := _beside_link_s(split) - _beside_link_s(best)) > 0:
        parts.append(f"{split.strategy} spends {format_duration(extra_s)} more on computing and coding")
    elif edge is not None:
        parts.append(f"all on the edge takes {format_duration(edge.p50_s or 0)}")
    return ", ".join(parts)


def _sending(row: Row) -> str:
    size = format_size(row.wire_bytes or 0)
    return f"{row.strategy}'s {size} take {format_duration(_on_link_s(row))} on the link"


def _on_link_s(row: Row) -> float:
    return 8 * (row.wire_bytes or 0) / row.bandwidth_bps


def _beside_link_s(row: Row) -> float:
    return (row.p50_s or 0) - _on_link_s(row)
