"""What the agent does just now, as plain data."""

from __future__ import annotations

from typing import Any

from edge.engine import Engine
from shared.serial import to_data


def plan_status(engine: Engine) -> dict[str, Any]:
    """The answer to ``GET /v1/plan``. ``bandwidth_bps`` and ``rtt_s`` are assumed while ``samples`` is 0."""
    plan, estimate = engine.plan, engine.cloud.estimate
    link = engine.cloud.link
    return {
        "model": engine.model.graph.name,
        "model_sha256": engine.model.graph.sha256,
        "plan_digest": None if plan is None else plan.digest,
        "cut_key": None if plan is None else plan.cut_key,
        "plan": None if plan is None else to_data(plan),
        "plan_changes": engine.plan_changes,
        "cloud": "away" if engine.cloud.circuit.is_open else "up",
        "link": {"bandwidth_bps": link.bandwidth_bps, "rtt_s": link.rtt_s, "samples": estimate.samples},
        "heads_ready": engine.heads_ready(),
        "table": to_data(engine.model.table),
    }
