"""Prometheus metrics of plans: what they promise and keep."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Gauge

if TYPE_CHECKING:
    from evosplit.edge.audits.plan_audits import GuardState


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

    def see(self, state: GuardState) -> None:
        """Set all of them."""
        self._promised.set(float("nan") if state.max_drop is None else 1 - state.max_drop)
        self._agreement.set(float("nan") if state.agreement is None else state.agreement)
        self._audits.set(state.audits)
        self._evidence.set(state.evidence / state.limit)
        self._distrusted.set(len(state.distrusted))
