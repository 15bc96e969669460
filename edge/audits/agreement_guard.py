"""Drift guard: tests that answers of hooks and plans still agree with the network's."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace

from evosplit.edge.audits.audit_rules import Audit, Rules, Standing, Verdict, is_audited, judge

_NEW = Standing()
_DRIFTED = 1.5


class AgreementGuard:
    """Audits a small share of what hooks answer, and closes those that no longer agree with the network.

    Plans are watched in the same way, by their digests; they have no confidence.

    A frame is audited or not by its id alone. On an audited frame a hook's answer is not used: the frame goes
    the full way, and both answers are compared (`record`). Any thread may call.
    """

    def __init__(self, target: float, share: float = 0.02) -> None:
        self.rules = Rules(target, share=share)
        self._standings: dict[str, Standing] = {}
        self._lock = threading.Lock()

    def should_audit(self, frame_id: str, hook: str | None = None) -> bool:
        """Whether what a hook says of this frame is only compared; always, for a hook that is off.

        A hook that is off costs nothing to watch, as its frames go the full way anyhow, so it comes back soon
        when it can.
        """
        closed = hook is not None and self.verdict(hook) == "off"
        return closed or is_audited(frame_id, self.rules.share)

    def record(
        self,
        hook: str,
        agreed: float,
        confidence: float = 1.0,
        expected: float = 1.0,
        target: float | None = None,
    ) -> None:
        """An audited answer of a hook, of any confidence that the hook itself would exit with.

        ``agreed`` is whether it was the network's, or the share of it that was kept. ``target`` is of this
        one alone. ``expected`` is the agreement that the hook had when it was learned: one of several that
        keep the target together may be below it, and has drifted only when it errs more often by half.
        """
        wanted = self.rules.target if target is None else target
        rules = replace(self.rules, target=min(wanted, 1 - _DRIFTED * (1 - expected)))
        with self._lock:
            before = self._standings.get(hook, _NEW)
            self._standings[hook] = judge(before, Audit(confidence, agreed), rules)

    def standing(self, hook: str) -> Standing:
        """All that is known of one."""
        return self._standings.get(hook, _NEW)

    def verdict(self, hook: str) -> Verdict:
        """``ok``; ``raise``: only confidences from ``floor`` on; ``off``: none."""
        return self._standings.get(hook, _NEW).verdict

    def floor(self, hook: str) -> float:
        """The least confidence that may answer: 0 when ok, infinity when off."""
        return self._standings.get(hook, _NEW).floor

    def reset(self, hook: str) -> None:
        """The hook was trained anew: what is known of it no longer holds."""
        with self._lock:
            self._standings.pop(hook, None)

    def standings(self) -> Mapping[str, Standing]:
        """All hooks that were audited, for metrics."""
        with self._lock:
            return dict(self._standings)
