"""Prometheus metrics of plans: what they promise and keep."""

from __future__ import annotations

from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Gauge


@dataclass(frozen=True)
class PlanAuditState:
    """How the plan in use stands: ``agreement`` with the float network in ``audits`` (None: none yet).

    ``evidence`` against it leads to its end at ``limit``; ``distrusted`` are digests of plans left for that.
    ``max_drop`` is what plans promise (None: nothing, so that none is audited).
    """

    max_drop: float | None
    audits: int
    agreement: float | None
    evidence: float
    limit: float
    distrusted: tuple[str, ...]


class PlanMetrics:
    """Gauges of one registry, of the plan in use."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._promised = Gauge(
            "evosplit_plan_agreement_promised",
            "Agreement with the float network that plans promise; NaN where they promise none.",
            registry=registry,
        )
        self._agreement = Gauge(
            "evosplit_plan_agreement", "Agreement of the plan in use; NaN without audits.", registry=registry
        )
        self._audits = Gauge("evosplit_plan_audits", "Audits of the plan in use.", registry=registry)
        self._evidence = Gauge(
            "evosplit_plan_evidence",
            "Against the plan in use, as a share of what ends it.",
            registry=registry,
        )
        self._distrusted = Gauge(
            "evosplit_plans_distrusted", "Plans of the table that are left out.", registry=registry
        )
        self._pinned = Gauge(
            "evosplit_plan_pinned", "Whether an operator holds plans to one plan or cut.", registry=registry
        )
        self._keeps_to_pin = Gauge(
            "evosplit_plan_keeps_to_pin",
            "Whether the plan in use is the pinned one, or one of its cut.",
            registry=registry,
        )

    def see_pin(self, is_pinned: bool, keeps_to_pin: bool) -> None:
        """Whether there is a pin, and the plan in use is the pinned one."""
        self._pinned.set(is_pinned)
        self._keeps_to_pin.set(keeps_to_pin)

    def see(self, state: PlanAuditState) -> None:
        """Set all of them."""
        self._promised.set(float("nan") if state.max_drop is None else 1 - state.max_drop)
        self._agreement.set(float("nan") if state.agreement is None else state.agreement)
        self._audits.set(state.audits)
        self._evidence.set(state.evidence / state.limit)
        self._distrusted.set(len(state.distrusted))
