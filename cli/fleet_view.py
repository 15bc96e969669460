"""Tables of the fleet and of its roll-outs, for the terminal."""

from __future__ import annotations

from typing import Any

from evosplit.cli.output import print_table, stdout
from evosplit.shared.units import format_bandwidth, format_duration

_DIGITS = 12


def print_fleet(status: dict[str, Any]) -> None:
    """A row for each edge, then a line for each roll-out."""
    columns = ("edge", "model", "seen", "bundle", "cut", "bits", "link", "agrees", "frames", "answered by")
    print_table("Fleet", (*columns, "late"), (_row(edge, status["now_s"]) for edge in status["edges"]))
    for state in status["rollouts"]:
        print_rollout(state)


def print_rollout(state: dict[str, Any]) -> None:
    """What is rolled out, to whom, and how it does."""
    for line in rollout_lines(state):
        stdout.print(line, soft_wrap=True)


def rollout_lines(state: dict[str, Any]) -> list[str]:
    """The state of one model's roll-out in words."""
    candidate, current, lines = state["candidate"], state["current"], []
    if candidate is not None:
        lines.append(f"bundle {candidate[:_DIGITS]} for {state['share']:.0%} of the edges; {_how(state)}")
    if current is not None:
        others = "all edges" if candidate is None else "all others"
        lines.append(f"bundle {current[:_DIGITS]} for {others}")
    elif candidate is None:
        lines.append("every edge has plans of its own")
    for old in state["rejected"][-1:]:
        lines += [f"bundle {old['bundle'][:_DIGITS]} was rolled back: {old['reason']}"]
    return [f"{state['model']}: {line}" for line in lines]


def _how(state: dict[str, Any]) -> str:
    if not state["audits"]:
        return "nothing compared yet"
    limit = state["least_agreement"]
    asked = "" if limit is None else f" ({limit:.1%} or more)"
    return f"{state['agreement']:.1%} of {state['audits']} answers agree{asked}"


def _row(edge: dict[str, Any], now_s: float) -> tuple[Any, ...]:
    plan, agreement = edge["plan"] or {"cut_key": "-", "wire_bits": []}, edge["agreement"]
    bandwidth = edge["bandwidth_bps"]
    answered = sorted(edge["answered_by"].items(), key=lambda pair: -pair[1])
    return (
        edge["name"],
        edge["model"],
        f"{edge['state']}, {format_duration(max(now_s - edge['last_seen_s'], 0.0))}",
        edge["bundle"][:_DIGITS],
        plan["cut_key"],
        " ".join(str(bits) for bits in plan["wire_bits"]) or "-",
        "-" if bandwidth is None else format_bandwidth(bandwidth),
        "-" if agreement is None else f"{agreement:.1%} of {edge['audits']}",
        edge["frames"],
        ", ".join(f"{who} {count}" for who, count in answered) or "-",
        edge["late"],
    )
