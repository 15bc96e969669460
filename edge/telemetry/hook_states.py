"""Hook states as plain data."""

from __future__ import annotations

import dataclasses
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
    state = hook_manager.sampler_state
    return {**dataclasses.asdict(state), "taps": list(state.taps)}


def _state(hook_manager: HookManager, hook: Hook) -> dict[str, Any]:
    audits = hook_manager.audits
    agreed, disagreed = audits.agreed[hook.name], audits.disagreed[hook.name]
    floor, expected = audits.guard.floor(hook.name), hook_manager.expected_exit_rates.get(hook.name)
    is_dropped = hook.name in hook_manager.dropped
    return {
        "kind": hook.kind,
        "tap": hook.tap,
        "macs": hook.macs,
        "threshold": hook.threshold if isinstance(hook, ThresholdHook) else None,
        "floor": floor if floor <= 1 else None,
        "audits": agreed + disagreed,
        "agreement": agreed / (agreed + disagreed) if agreed + disagreed else None,
        "state": "dropped" if is_dropped else audits.verdict(hook.name),
        "expected_exit_rate": expected,
    }
