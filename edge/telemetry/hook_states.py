"""Hook states as plain data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from evosplit.edge.hooks.hook import Hook, ThresholdHook

if TYPE_CHECKING:
    from evosplit.edge.hook_learning.manager import HookManager


def hook_states(hook_manager: HookManager) -> dict[str, dict[str, Any]]:
    """Each hook's place, thresholds, arithmetic and standing.

    ``agreement`` is of the audits alone. ``state``: ``ok``, ``raise`` (it must be surer than its own
    threshold: ``floor``), ``off`` (audits disagreed), ``dropped`` (it misbehaved).
    """
    return {hook.name: _state(hook_manager, hook) for hook in hook_manager.hooks}


def learning_state(hook_manager: HookManager) -> dict[str, Any]:
    """The sampler, and whether something is being trained."""
    exit_learner = hook_manager.exit_learner
    if exit_learner is None:
        return {
            "taps": [],
            "offered": 0,
            "size_bytes": 0,
            "limit_bytes": hook_manager.sampler_bytes,
            "training": False,
        }
    return {
        "taps": list(exit_learner.taps),
        "offered": exit_learner.sampler.offered,
        "size_bytes": exit_learner.sampler.size_bytes,
        "limit_bytes": exit_learner.sampler.limit_bytes,
        "training": exit_learner.loop.training,
    }


def _state(hook_manager: HookManager, hook: Hook) -> dict[str, Any]:
    audits = hook_manager.audits
    agreed, disagreed = audits.agreed[hook.name], audits.disagreed[hook.name]
    floor, expected = audits.guard.floor(hook.name), hook_manager.expected.get(hook.name)
    is_dropped = hook.name in hook_manager.observer.dropped
    return {
        "kind": hook.kind,
        "tap": hook.tap,
        "macs": hook.macs,
        "threshold": hook.threshold if isinstance(hook, ThresholdHook) else None,
        "floor": floor if floor <= 1 else None,
        "audits": agreed + disagreed,
        "agreement": agreed / (agreed + disagreed) if agreed + disagreed else None,
        "state": "dropped" if is_dropped else audits.verdict(hook.name),
        "expected_exit_rate": None if expected is None else expected.exit_rate,
    }
