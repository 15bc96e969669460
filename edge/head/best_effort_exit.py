"""Best-effort exit: the surest exit, when the cloud is away and nothing here runs the whole network."""

from __future__ import annotations

from collections.abc import Callable

from evosplit.edge.backends.segment import Tensors
from evosplit.edge.head.steps import AskHook, Head
from evosplit.edge.head.validate_decision import decision_problem
from evosplit.edge.hooks.decisions import Exit
from evosplit.edge.hooks.hook import HOOK_ERRORS, AdjustableHook, Hook


def best_exit(
    head: Head, tensors: Tensors, stream: str, believes: Callable[[Hook], bool]
) -> tuple[Hook, Exit] | None:
    """The surest of the head's exits on what it has made of a frame, whatever their thresholds; or None."""
    asked = (hook for hook in head.hooks if hook.kind == "exit" and hook.tap in tensors and believes(hook))
    exits = [
        (hook, decision) for hook in asked if (decision := _forced(hook, head, tensors, stream)) is not None
    ]
    return max(exits, key=lambda answer: answer[1].confidence, default=None)


def _forced(hook: Hook, head: Head, tensors: Tensors, stream: str) -> Exit | None:
    """What it would answer at any confidence."""
    if not isinstance(hook, AdjustableHook):
        return None
    tensor = tensors[hook.tap]
    try:
        decision = hook.at_threshold(0.0).decide(tensor, stream)
    except HOOK_ERRORS:  # the way with thresholds drops it, and says so
        return None
    if not isinstance(decision, Exit):
        return None
    is_answer = decision_problem(decision, AskHook(hook), tensor, head) is None
    return decision if is_answer else None
