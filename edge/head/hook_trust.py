"""Trust in hooks: which are believed, and which of their decisions are acted on."""

from __future__ import annotations

from typing import Protocol

from evosplit.edge.head.hook_failures import HookFailures
from evosplit.edge.head.run import DecisionPolicy, always
from evosplit.edge.hooks.hook import Hook


class HookTrust(Protocol):
    """Decides for each frame what hooks may change of it."""

    def believes(self, hook: Hook) -> bool:
        """Whether the hook is to be relied on at all."""
        ...

    def policy(self, frame_id: str) -> DecisionPolicy:
        """Which decisions are acted on in this frame."""
        ...


class UnauditedTrust:
    """Acts on every decision of a hook that has not failed."""

    def __init__(self, failures: HookFailures) -> None:
        self._failures = failures

    def believes(self, hook: Hook) -> bool:
        """Whether it was not dropped."""
        return self._failures.trusts(hook)

    def policy(self, frame_id: str) -> DecisionPolicy:
        """The same for every frame."""
        del frame_id
        return always
