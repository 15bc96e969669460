"""Status of the fleet as plain data, for ``GET /v1/fleet``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from evosplit.cloud.fleet.edge_record import EdgeRecord
from evosplit.cloud.fleet.model_rollout import ModelRollout
from evosplit.shared.serial import to_data


def edge_status(record: EdgeRecord, rollout: ModelRollout, now_s: float, interval_s: float) -> dict[str, Any]:
    """One edge; ``agreement`` is null before any audit, ``assigned`` where it has its own plans."""
    beat, audited = record.heartbeat, record.heartbeat.audited
    return {
        "name": record.name,
        "model": record.model,
        "agent": beat.agent,
        "place": None if beat.place is None else to_data(beat.place),
        "state": "away" if record.is_away(now_s, interval_s) else "here",
        "first_seen_s": record.first_seen_s,
        "last_seen_s": record.last_seen_s,
        "version": beat.version,
        "processor": beat.processor,
        "profile": beat.profile,
        "bundle": beat.bundle,
        "assigned": rollout.assigned(record.name, record.exempt) or None,
        "plan": None if beat.plan is None else to_data(beat.plan),
        "bandwidth_bps": beat.bandwidth_bps,
        "rtt_s": beat.rtt_s,
        "frames": beat.frames,
        "answered_by": dict(beat.answered_by),
        "late": beat.late,
        "waiting": beat.waiting,
        "audits": audited.audits,
        "agreement": audited.agreements / audited.audits if audited.audits else None,
        "promised": audited.promised,
        "distrusted_plans": audited.distrusted,
    }


def rollout_status(model: str, state: ModelRollout) -> dict[str, Any]:
    """One model's roll-out; ``current`` is null where edges have plans of their own."""
    rollout, trial = state.rollout, state.trial
    return {
        "model": model,
        "model_sha256": state.model_sha256,
        "state": state.state,
        "current": rollout.current or None,
        "candidate": rollout.candidate,
        "share": rollout.share,
        "started_s": state.started_s,
        "least_agreement": rollout.least_agreement,
        "audits": len(trial.agreements),
        "agreement": trial.agreement,
        "heartbeats": to_data(trial.candidate),
        "heartbeats_of_others": to_data(trial.current),
        "rejected": [{"bundle": bundle, "reason": reason} for bundle, reason in rollout.rejected],
    }


def fleet_status(
    edges: Iterable[EdgeRecord], rollouts: Mapping[str, ModelRollout], now_s: float, interval_s: float
) -> dict[str, Any]:
    """All edges and all roll-outs."""
    rows = [
        edge_status(record, rollouts.get(record.model, ModelRollout()), now_s, interval_s) for record in edges
    ]
    return {
        "now_s": now_s,
        "edges": rows,
        "rollouts": [rollout_status(model, state) for model, state in rollouts.items()],
    }
