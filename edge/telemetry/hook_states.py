"""What is known of an agent's hooks just now, as plain data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evosplit.edge.hook_learning.manager import Hooking


def hook_states(hooking: Hooking) -> dict[str, dict[str, Any]]:
    """Each hook's place, thresholds, arithmetic and standing.

    ``agreement`` is of the audits alone. ``state``: ``ok``, ``raise`` (it must be surer than its own
    threshold: ``floor``), ``off`` (audits disagreed), ``dropped`` (it misbehaved).
    """
    return {hook.name: _state(hooking, hook) for hook in hooking.hooks}


def learning_state(hooking: Hooking) -> dict[str, Any]:
    """The sampler, and whether something is being trained."""
    school = hooking.school
    if school is None:
        return {
            "taps": [],
            "offered": 0,
            "size_bytes": 0,
            "limit_bytes": hooking.sampler_bytes,
            "training": False,
        }
    return {
        "taps": list(school.taps),
        "offered": school.sampler.offered,
        "size_bytes": school.sampler.size_bytes,
        "limit_bytes": school.sampler.limit_bytes,
        "training": school.loop.training,
    }


def _state(hooking: Hooking, hook: Any) -> dict[str, Any]:  # noqa: ANN401 - a hook with what it may have beside
    audits = hooking.audits
    agreed, disagreed = audits.agreed[hook.name], audits.disagreed[hook.name]
    floor, expected = audits.guard.floor(hook.name), hooking.expected.get(hook.name)
    is_dropped = hook.name in hooking.aftercare.dropped
    return {
        "kind": hook.kind,
        "tap": hook.tap,
        "macs": hook.macs,
        "threshold": getattr(hook, "threshold", None),
        "floor": floor if floor <= 1 else None,
        "audits": agreed + disagreed,
        "agreement": agreed / (agreed + disagreed) if agreed + disagreed else None,
        "state": "dropped" if is_dropped else audits.verdict(hook.name),
        "expected_exit_rate": None if expected is None else expected.exit_rate,
    }
