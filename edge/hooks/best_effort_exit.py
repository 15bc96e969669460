"""The best exit, for when the cloud is away and nothing here runs the whole network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, cast

from evosplit.edge.backends.segment import Tensors
from evosplit.edge.head.hook_failures import HOOK_ERRORS
from evosplit.edge.head.steps import AskHook, Head
from evosplit.edge.head.validate_decision import decision_problem
from evosplit.edge.hooks.decisions import Exit
from evosplit.edge.hooks.hook import Hook

ANSWERING: Final = ("exit", "repeat")
"""Kinds of hooks that answer."""


def best_exit(
    head: Head, tensors: Tensors, stream: str, believes: Callable[[Hook], bool]
) -> tuple[Hook, Exit] | None:
    """The surest of the head's exits on what it has made of a frame, whatever their thresholds; or None."""
    asked = (hook for hook in head.hooks if hook.kind == "exit" and hook.tap in tensors and believes(hook))
    found = [(hook, said) for hook in asked if (said := _forced(hook, head, tensors, stream)) is not None]
    return max(found, key=lambda one: one[1].confidence, default=None)


def _forced(hook: Hook, head: Head, tensors: Tensors, stream: str) -> Exit | None:
    """What it would answer at any confidence."""
    if not hasattr(hook, "at_threshold"):
        return None
    tensor = tensors[hook.tap]
    try:
        decision = cast(Any, hook).at_threshold(0.0).decide(tensor, stream)
    except HOOK_ERRORS:  # the way with thresholds drops it, and says so
        return None
    is_answer = isinstance(decision, Exit) and decision_problem(decision, AskHook(hook), tensor, head) is None
    return decision if is_answer else None
