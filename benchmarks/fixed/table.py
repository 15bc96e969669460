"""Markdown table of the fixed costs, as the docs show it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_ROWS: Final = {
    "HTTP, client to agent and back": "http_s",
    "decode, resize, normalise": "preprocess_s",
    "waits for a turn, in both tiers": "queue_s",
    "choose the plan": "choose_s",
    "(head)": "head_s",
    "encode": "encode_s",
    "HTTP, agent to cloud and back": "uplink_s",
    "decode in the cloud": "decode_s",
    "(tail)": "tail_s",
    "postprocess": "postprocess_s",
    "record, JSON": "record_s",
    "**all but head and tail**": "fixed_s",
    "**of that the agent's**": "agent_s",
    "edge-to-cloud overhead": "overhead_s",
    "processor time of the agent": "agent_cpu_s",
    "processor time of the cloud": "cloud_cpu_s",
}


def table(measured: Mapping[str, Any]) -> str:
    """Milliseconds by stage and case; with a baseline, before and now, and the ratio."""
    heads = [f"{title}, ms" for title in measured]
    lines = [f"| stage | {' | '.join(heads)} |", f"|---|{'---|' * len(heads)}"]
    for label, key in _ROWS.items():
        lines.append(f"| {label} | {' | '.join(_cell(trees, key) for trees in measured.values())} |")
    return "\n".join(lines)


def _cell(trees: Mapping[str, Mapping[str, float]], key: str) -> str:
    now = trees["now"][key]
    if "before" not in trees:
        return f"{now * 1e3:.2f}"
    before = trees["before"][key]
    ratio = f" ({now / before:.2f})" if before > 0 else ""
    return f"{before * 1e3:.2f} -> {now * 1e3:.2f}{ratio}"
