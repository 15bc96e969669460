"""Heartbeat of this agent: its plan, link, frames and audits, gathered from its parts."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from importlib.metadata import version
from typing import TYPE_CHECKING

from evosplit.edge.link.link_state import LinkState
from evosplit.edge.plan_choice.current_plan import CurrentPlan
from evosplit.edge.results.spool import Spool
from evosplit.edge.telemetry.runtime_profile import RuntimeProfile
from evosplit.shared.fleet.heartbeat import Audited, Heartbeat, PlanInUse
from evosplit.shared.fleet.place import Place
from evosplit.shared.profile import Profile
from evosplit.shared.serial import digest

if TYPE_CHECKING:
    from evosplit.shared.plan import Plan


class FleetState:
    """Gives heartbeats of one run.

    ``identity`` is the agent's and its name, "" for none; ``measured`` the profile that its plans were made
    for. ``audited`` says what the guard has found, ``refused`` which bundle was not taken.
    """

    def __init__(
        self,
        identity: tuple[str, str],
        measured: Profile | None,
        plans: CurrentPlan,
        link: LinkState,
        profile: RuntimeProfile,
        spool: Spool | None,
        audited: Callable[[], Audited],
        refused: Callable[[], str],
        place: Place | None = None,
    ) -> None:
        self._agent, self._name = identity
        self._boot = secrets.token_hex(8)
        self._profile_digest = "" if measured is None else digest(measured)
        self._processor = "" if measured is None else measured.machine.processor[:80]
        self._plans = plans
        self._link = link
        self._profile = profile
        self._spool = spool
        self._audited = audited
        self._refused = refused
        self._place = place

    def beat(self, number: int) -> Heartbeat:
        """How things are now."""
        estimate, link = self._link.estimate, self._link.link
        return Heartbeat(
            agent=self._agent,
            boot=self._boot,
            beat=number,
            bundle=self._plans.heads.bundle,
            table=self._plans.table_changes,
            name=self._name,
            version=version("evosplit"),
            processor=self._processor,
            profile=self._profile_digest,
            plan=_in_use(self._plans.plan),
            bandwidth_bps=link.bandwidth_bps if estimate.samples else None,
            rtt_s=link.rtt_s if estimate.samples else None,
            answered_by=dict(self._profile.answered_by),
            late=self._profile.late,
            waiting=0 if self._spool is None else self._spool.state().frames,
            audited=self._audited(),
            refused=self._refused(),
            place=self._place,
        )


def _in_use(plan: Plan | None) -> PlanInUse | None:
    if plan is None:
        return None
    return PlanInUse(plan.digest, plan.cut_key, tuple(plan.wire[name].bits for name in plan.boundary))
