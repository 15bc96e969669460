"""Status of the agent as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evosplit.edge.agent import Agent
from evosplit.edge.control.plan_choice import plan_choice
from evosplit.edge.hooks.hook import ANSWERING
from evosplit.edge.telemetry.histogram import SECONDS, Histogram
from evosplit.edge.telemetry.prediction_record import predictions_state
from evosplit.shared.serial import to_data


def plan_status(agent: Agent) -> dict[str, Any]:
    """The answer to ``GET /v1/plan``. ``bandwidth_bps`` and ``rtt_s`` are assumed while ``samples`` is 0."""
    plans, cloud = agent.plans, agent.cloud
    plan, estimate, situation = plans.plan, cloud.estimate, plans.situation
    link = cloud.link
    return {
        "model": plans.model.graph.name,
        "model_sha256": plans.model.graph.sha256,
        "plan_digest": None if plan is None else plan.digest,
        "cut_key": None if plan is None else plan.cut_key,
        "plan": None if plan is None else to_data(plan),
        "plan_changes": plans.plan_changes,
        "choice": plan_choice(plans),
        "cloud": "away" if agent.clouds.are_away else "up",
        "link": {"bandwidth_bps": link.bandwidth_bps, "rtt_s": link.rtt_s, "samples": estimate.samples},
        "clouds": clouds_status(agent),
        "device": {**to_data(situation.device), "is_frugal": situation.is_frugal},
        "traffic": None if not cloud.meter.is_metered else cloud.meter.state(),
        "heads_ready": plans.heads_ready(),
        "table_changes": plans.table_changes,
        **calibration_status(agent),
        "predictions": predictions_state(plans),
        "guard": None if agent.plan_audits is None else to_data(agent.plan_audits.state),
        "table": to_data(plans.model.table),
    }


def clouds_status(agent: Agent) -> list[dict[str, Any]]:
    """Each cloud: whether it is there and used, its link, how long frames wait in it."""
    plan = agent.plans.plan
    used = None if plan is None or not plan.boundary else agent.clouds.named(plan.cloud)
    return [
        {
            "cloud": cloud.name,
            "is_up": not cloud.link.circuit.is_open,
            "is_used": cloud is used,
            "bandwidth_bps": cloud.link.link.bandwidth_bps,
            "rtt_s": cloud.link.link.rtt_s,
            "samples": cloud.link.estimate.samples,
            "wait_s": cloud.link.wait_s,
        }
        for cloud in agent.clouds.every
    ]


def calibration_status(agent: Agent) -> dict[str, Any]:
    """What plans are calibrated from (``none``, ``card``, ``live``; null: unsaid), how far a new one is.

    ``calibrating`` is null where no inputs are gathered.
    """
    state = None if agent.calibration is None else agent.calibration.state
    return {
        "calibration": agent.plans.calibration,
        "calibrating": None if state is None else to_data(state),
    }


def profile_status(agent: Agent) -> dict[str, Any]:
    """The answer to ``GET /v1/profile``: what frames cost, per segment and hook, and how hooks stand.

    ``expected`` is what a planner may count on: the share of the frames that reach a hook and are answered
    there, and the mean density of each segment of the plan in use. ``expectation`` is that as plans take it.
    """
    plans, cloud, hook_manager = agent.plans, agent.cloud, agent.hook_manager
    cut_key = "0" if plans.plan is None else plans.plan.cut_key
    profile, link = agent.profile.data(cut_key), cloud.link
    states = {} if hook_manager is None else hook_manager.states()
    hooks = [
        {"hook": name, **to_data(state), **_asked(profile["hooks"].get(name))}
        for name, state in states.items()
    ]
    return {
        **profile,
        "model": plans.model.graph.name,
        "model_sha256": plans.model.graph.sha256,
        "in_flight": agent.frames.in_flight,
        "hooks": hooks,
        "dropped_hooks": agent.engine.hook_failures.dropped,
        "learning": None if hook_manager is None else to_data(hook_manager.sampler_state),
        "plan": {"cut_key": cut_key, "digest": plans.plan.digest if plans.plan else None},
        "plan_changes": plans.plan_changes,
        "choice": plan_choice(plans),
        **calibration_status(agent),
        "predictions": predictions_state(plans),
        "cloud": "away" if agent.clouds.are_away else "up",
        "link": {"bandwidth_bps": link.bandwidth_bps, "rtt_s": link.rtt_s},
        "clouds": clouds_status(agent),
        "expectation": to_data(agent.savings.now()),
        "expected": {
            "exit_rate": {hook["hook"]: hook["fire_rate"] for hook in hooks if hook["kind"] in ANSWERING},
            "density": {
                str(segment["segment"]): segment["density"]["mean"] for segment in profile["segments"]
            },
        },
    }


def _asked(measured: Mapping[str, Any] | None) -> dict[str, Any]:
    """What was measured of a hook; nothing yet where it was never asked."""
    if measured is None:
        return {"seconds": Histogram(SECONDS).summary(), "decisions": {}, "fire_rate": 0.0}
    return {key: value for key, value in measured.items() if key != "kind"}
