"""Audits of hooks: frames on which decisions are compared with the full answer instead of used."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable
from typing import Protocol

from evosplit.edge.audits.answer_agreement import Outputs, agree
from evosplit.edge.audits.audit_rules import Verdict
from evosplit.edge.head.hook_failures import HookFailures
from evosplit.edge.head.run import DecisionPolicy, NotedDecision
from evosplit.edge.hooks.decisions import Decision, Exit
from evosplit.edge.hooks.hook import Hook, MeasuredHook
from evosplit.shared.card import Card

_log = logging.getLogger(__name__)


class GuardProtocol(Protocol):
    """What `evosplit.edge.audits.agreement_guard.AgreementGuard` does."""

    def should_audit(self, frame_id: str, hook: str | None = None) -> bool:  # noqa: D102
        ...

    def record(  # noqa: D102
        self, hook: str, agreed: bool, confidence: float = 1.0, expected: float = 1.0
    ) -> None: ...

    def verdict(self, hook: str) -> Verdict:  # noqa: D102
        ...

    def floor(self, hook: str) -> float:  # noqa: D102
        ...

    def reset(self, hook: str) -> None:  # noqa: D102
        ...


class HookAudits:
    """Applies the guard's judgement to what hooks decide, and tells it how they did.

    ``failures`` has the hooks that misbehaved.
    """

    def __init__(self, guard: GuardProtocol, card: Card | None, failures: HookFailures) -> None:
        self.guard = guard
        self._failures = failures
        self._card = card
        self._verdicts: dict[str, Verdict] = {}
        self.agreed: Counter[str] = Counter()
        self.disagreed: Counter[str] = Counter()

    def believes(self, hook: Hook) -> bool:
        """Whether a hook is neither dropped nor off."""
        return self._failures.trusts(hook) and self.guard.verdict(hook.name) != "off"

    def policy(self, frame_id: str) -> DecisionPolicy:
        """Acts on a decision unless the frame is audited, or the hook is less sure than the guard demands."""

        def acts(hook: Hook, decision: Decision) -> bool:
            if self.guard.should_audit(frame_id, hook.name):
                return False
            return _confidence(decision) >= self.guard.floor(hook.name)

        return acts

    def compare(self, frame_id: str, noted: Iterable[NotedDecision], full: Outputs) -> None:
        """Judge the answers that exits would have given by the ``full`` one."""
        for note in noted:
            is_audit = self.guard.should_audit(frame_id, note.hook.name)
            if is_audit and isinstance(note.decision, Exit):
                self.judge(note.hook, agree(self._card, note.decision.outputs, full), note.decision)

    def shortcuts(self, frame_id: str, noted: Iterable[NotedDecision]) -> frozenset[str]:
        """Names of the hooks whose shorter way has to be gone as well, to be compared at its end."""
        if not self.guard.should_audit(frame_id):
            return frozenset()
        return frozenset(note.hook.name for note in noted if not isinstance(note.decision, Exit))

    def compare_way(self, hooks: Iterable[Hook], hooked: Outputs, full: Outputs) -> None:
        """Judge hooks that made the way shorter by the answer at its end."""
        agreed = agree(self._card, hooked, full)
        for hook in hooks:
            self.judge(hook, agreed, None)

    def judge(self, hook: Hook, agreed: bool, decision: Decision | None) -> None:
        """Tell the guard, and say it once where its verdict changes."""
        (self.agreed if agreed else self.disagreed)[hook.name] += 1
        confidence = 1.0 if decision is None else _confidence(decision)
        self.guard.record(
            hook.name, agreed, confidence, hook.agreement if isinstance(hook, MeasuredHook) else 1.0
        )
        verdict = self.guard.verdict(hook.name)
        if verdict != self._verdicts.get(hook.name, "ok"):
            _log.warning("hook %s: the drift guard says %r", hook.name, verdict)
        self._verdicts[hook.name] = verdict

    def verdict(self, hook: str) -> Verdict:
        """What the guard says of a hook now."""
        return self.guard.verdict(hook)

    def reset(self, hooks: Iterable[Hook]) -> None:
        """These hooks were trained anew."""
        for hook in hooks:
            self.guard.reset(hook.name)
            for known in (self._verdicts, self.agreed, self.disagreed):
                known.pop(hook.name, None)


def _confidence(decision: Decision) -> float:
    return decision.confidence if isinstance(decision, Exit) else 1.0
