"""Tables of an agent's profile for a terminal. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.table import Table

from evosplit.shared.units import format_bandwidth, format_duration, format_size

Data = Mapping[str, Any]


def view(profile: Data) -> Group:
    """What `evosplit top` shows of ``GET /v1/profile``."""
    return Group(_head(profile), _segments(profile["segments"]), *_hooks(profile))


def _head(profile: Data) -> str:
    latency, link, plan = profile["latency_s"], profile["link"], profile["plan"]
    quantiles = "  ".join(f"{name} {_seconds(latency[name])}" for name in ("p50", "p95", "p99"))
    by = "  ".join(f"{who} {count}" for who, count in sorted(profile["answered_by"].items())) or "none yet"
    return "\n".join(
        (
            f"{profile['model']}: {profile['frames_per_s']:.1f} frames/s, {profile['frames']} in all,"
            f" {profile['in_flight']} under way",
            f"latency  {quantiles}",
            f"answers  {by}; {_size(profile['wire_bytes']['mean'])} sent for each",
            f"plan     cut {plan['cut_key']}{_pinned(profile)}, {profile['plan_changes']} changes;"
            f" cloud {profile['cloud']},"
            f" {format_bandwidth(link['bandwidth_bps'])}, {format_duration(link['rtt_s'])}",
            *_calibration(profile),
        )
    )


def _pinned(profile: Data) -> str:
    """Nothing for an agent of an older version."""
    choice = profile.get("choice", {"automatic": True})
    if choice["automatic"]:
        return ""
    return " (pinned)" if choice["is_kept"] else f" (pinned to cut {choice['cut']}, which may not serve)"


def _calibration(profile: Data) -> list[str]:
    """Nothing for an agent of an older version."""
    if "calibration" not in profile:
        return []
    state, kind = profile["calibrating"], profile["calibration"] or "unsaid"
    gathered = f"; {state['inputs']} of {state['needed']} inputs gathered" if state else ""
    return [f"ranges   calibrated from: {kind}{gathered}"]


def _segments(segments: Iterable[Data]) -> Table:
    rows = (
        (
            row["segment"],
            row["backend"],
            row["seconds"]["count"],
            _seconds(row["seconds"]["p50"]),
            _seconds(row["seconds"]["p95"]),
            _share(row["density"]["mean"]),
            _size(row["made_bytes"]["mean"]),
        )
        for row in segments
    )
    return _table("Segments", ("segment", "backend", "runs", "p50", "p95", "density", "makes"), rows)


def _hooks(profile: Data) -> list[Table]:
    rows = [
        (
            row["hook"],
            row["kind"],
            row["seconds"]["count"],
            _seconds(row["seconds"]["p50"]),
            _share(row["fire_rate"]),
            row["audits"],
            _share(row["agreement"]),
            "" if row["threshold"] is None else f"{max(row['threshold'], row['floor'] or 0):.3f}",
            row["state"],
        )
        for row in profile["hooks"]
    ]
    names = ("hook", "kind", "asked", "p50", "fires", "audits", "agrees", "threshold", "state")
    learning = profile["learning"]
    title = "Hooks" if learning is None else f"Hooks; {learning['offered']} samples{_training(learning)}"
    return [_table(title, names, rows)] if rows or learning else []


def _training(learning: Data) -> str:
    kept = f" in {format_size(learning['size_bytes'])} of {format_size(learning['limit_bytes'])}"
    return f"{kept}, training" if learning["training"] else kept


def _table(title: str, names: Iterable[str], rows: Iterable[Iterable[object]]) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    for name in names:
        table.add_column(name, justify="left" if name in ("backend", "hook", "kind", "state") else "right")
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    return table


def _seconds(value: float | None) -> str:
    return "-" if value is None else format_duration(value)


def _size(value: float | None) -> str:
    return "-" if value is None else format_size(int(value))


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"
