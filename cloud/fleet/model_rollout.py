"""Roll-out of bundles to the edges of one model: assignment, watch and rollback, as a value. Pure.

Shares are those of `evosplit.shared.rollout.Rollout`; "" stands for the plans that are made for each edge.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final, Literal

from evosplit.cloud.fleet.edge_record import News
from evosplit.shared.errors import UsageError
from evosplit.shared.rollout import Rollout, Trial

OWN_PLANS: Final = ""
FALSE_ALARMS: Final = 1e-5
"""A bundle that keeps its promise and fails no more is rolled back within n audits and n heartbeats with a
probability of at most 3 n times this: 3 % for 1,000 of both, unless an edge's own guard finds it wanting."""
_MOST_ISSUED: Final = 64
_MOST_AUDITS: Final = 200
"""Of one heartbeat: an edge that says more at once is heard in part."""

State = Literal["none", "watched", "promoted", "rolled back"]


@dataclass(frozen=True)
class ModelRollout:
    """Which bundle edges get, and how the candidate does.

    ``issued`` are bundles that were ever meant for edges here: those are left again, which an edge's own are
    not. ``started_s`` is when the candidate was offered (Unix time). ``model_sha256`` is the version of the
    model that the bundles are of.
    """

    model_sha256: str = ""
    rollout: Rollout = field(default_factory=lambda: Rollout(OWN_PLANS))
    trial: Trial = field(default_factory=Trial)
    issued: tuple[str, ...] = ()
    started_s: float = 0.0

    @property
    def state(self) -> State:
        """What became of the last candidate."""
        if self.rollout.candidate is not None:
            return "watched"
        if self.rollout.current != OWN_PLANS:
            return "promoted"
        return "rolled back" if self.rollout.rejected else "none"

    def assigned(self, name: str, exempt: str = "") -> str:
        """The bundle for an edge; "" for plans of its own, also where what it should get does not fit."""
        bundle = self.rollout.chosen(name)
        return OWN_PLANS if bundle == exempt else bundle

    def begun(
        self, bundle: str, sha256: str, share: float, least_agreement: float, now_s: float
    ) -> ModelRollout:
        """With a candidate for a share; another share of the same one goes on. Raises UsageError."""
        before = self if sha256 == self.model_sha256 else ModelRollout(sha256)
        offered = before.rollout.offered(bundle, share, least_agreement)
        if before.rollout.candidate == bundle:
            return replace(before, rollout=offered)
        issued = (*(digest for digest in before.issued if digest != bundle), bundle)[-_MOST_ISSUED:]
        return replace(before, rollout=offered, trial=Trial(), issued=issued, started_s=now_s)

    def promoted(self) -> ModelRollout:
        """With the candidate for all. Raises UsageError."""
        return replace(self, rollout=self.rollout.promoted())

    def rolled_back(self, reason: str) -> ModelRollout:
        """Without the candidate, or without what was promoted. Raises UsageError where there is neither."""
        rollout = self.rollout
        if rollout.candidate is not None:
            return replace(self, rollout=rollout.rolled_back(reason))
        if rollout.current == OWN_PLANS:
            raise UsageError("there is no bundle to roll back: every edge has plans of its own")
        rejected = (*rollout.rejected, (rollout.current, reason))
        return replace(self, rollout=replace(rollout, current=OWN_PLANS, rejected=rejected))

    def heard(self, bundle: str, told: News, refused: bool = False) -> ModelRollout:
        """With what an edge says of the bundle that it runs; rolled back where that is proof enough."""
        candidate = self.rollout.candidate
        if candidate is None:
            return self
        trial, is_candidate = self.trial, bundle == candidate
        if is_candidate:
            for loss in _spread(told):
                trial = trial.agreed(1.0 - loss)
        if told.frames or refused:
            trial = trial.answered(is_candidate or refused, refused or told.failures > 0)
        after = replace(self, trial=trial)
        if is_candidate and told.distrusted:
            return after.rolled_back(f"the guard of an edge has left {told.distrusted} of its plans")
        reason = trial.reason_against(self.rollout.least_agreement, FALSE_ALARMS)
        return after if reason is None else after.rolled_back(reason)

    def reason_to_renew(self, name: str, bundle: str, exempt: str = "") -> str:
        """Why an edge should ask for plans again; "" where it runs what it is to run."""
        assigned = self.assigned(name, exempt)
        if bundle == assigned:
            return ""
        if assigned != OWN_PLANS:
            return f"bundle {assigned[:12]} is rolled out"
        return f"bundle {bundle[:12]} is no longer for this edge" if bundle in self.issued else ""


def _spread(told: News) -> list[float]:
    """Losses of 0 to 1 with this sum that say the least against a bundle.

    Only the sum is known. The logarithm of what a gambler wins is concave in each loss, so losses as far
    apart as can be win least; the large ones come first, since he may begin after any of them.
    """
    audits = min(told.audits, _MOST_AUDITS)
    losses = min(told.losses * audits / told.audits, audits) if told.audits else 0.0
    whole = int(losses)
    ends = [losses - whole] if whole < audits else []
    return [1.0] * whole + ends + [0.0] * (audits - whole - len(ends))
