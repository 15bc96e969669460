"""Each hook's standing: what its audits, its training and its failures say of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from evosplit.edge.audits.hook_audits import HookAudits
from evosplit.edge.hooks.hook import Hook, ThresholdHook
from evosplit.edge.telemetry.hook_state import HookState


def hook_states(
    hooks: Iterable[Hook], audits: HookAudits, dropped: Collection[str], exit_rates: Mapping[str, float]
) -> dict[str, HookState]:
    """By name; ``dropped`` names those that misbehaved, ``exit_rates`` are what training promised."""
    return {hook.name: _state(hook, audits, dropped, exit_rates.get(hook.name)) for hook in hooks}


def _state(hook: Hook, audits: HookAudits, dropped: Collection[str], exit_rate: float | None) -> HookState:
    agreed, disagreed = audits.agreed[hook.name], audits.disagreed[hook.name]
    floor, count = audits.guard.floor(hook.name), agreed + disagreed
    return HookState(
        kind=hook.kind,
        tap=hook.tap,
        macs=hook.macs,
        threshold=hook.threshold if isinstance(hook, ThresholdHook) else None,
        floor=floor if floor <= 1 else None,
        audits=count,
        agreement=agreed / count if count else None,
        state="dropped" if hook.name in dropped else audits.verdict(hook.name),
        expected_exit_rate=exit_rate,
    )
