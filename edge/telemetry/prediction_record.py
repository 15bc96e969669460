"""Persistence of corrections, so that the next start's predictions begin where these end."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from evosplit.shared.correction.carry_over import KeptCorrections, kept_of, recalled
from evosplit.shared.correction.corrections import Corrections, corrections_of
from evosplit.shared.correction.predicted_terms import Beside
from evosplit.shared.json_cache import read_kept, write_kept
from evosplit.shared.plan import PlanTable
from evosplit.shared.profile import Profile
from evosplit.shared.replan import choices
from evosplit.shared.serial import digest

if TYPE_CHECKING:
    from evosplit.edge.plan_choice.current_plan import CurrentPlan

FILE: Final = "corrections.json"
EVERY_S: Final = 300.0
_INTERVAL: Final = 1.64
"""Standard deviations to either side: 90 %."""

_log = logging.getLogger(__name__)


class PredictionRecord:
    """The corrections of one data directory; dropped where the machine was measured anew.

    ``profile`` is what plans were predicted with, None where that is not kept.
    """

    def __init__(self, folder: Path, profile: Profile | None) -> None:
        self._path = folder / FILE
        self._profile = profile
        self._sha256 = "" if profile is None else digest(profile)

    def read(self, table: PlanTable) -> Corrections:
        """What earlier runs have learnt, under the plans of a table."""
        profile = self._profile
        beside = Beside() if profile is None else Beside(profile.frame_s, profile.prepare_s)
        fresh = corrections_of(choices(table), beside)
        kept = read_kept(KeptCorrections, self._path)
        return fresh if kept is None or kept.profile_sha256 != self._sha256 else recalled(fresh, kept)

    def keep(self, known: Corrections) -> None:
        """Write the file whole or not at all; a full disk is one line in the log."""
        if not known.frames:
            return
        try:
            write_kept(self._path, kept_of(known, self._sha256))
        except OSError as refused:
            _log.warning("what frames took cannot be kept: %s", refused)

    async def run(self, plans: CurrentPlan) -> None:
        """Keep them every few minutes, until cancelled."""
        while True:
            await asyncio.sleep(EVERY_S)
            await asyncio.to_thread(self.keep, plans.course.known)


def predictions_state(plans: CurrentPlan) -> list[dict[str, Any]]:
    """Each way of the table: what was predicted, what frames say, and the interval that holds 90 %."""
    priced, course = plans.priced(), plans.course
    deviations_s = priced.deviations_s()
    return [
        {
            "plan_digest": plan.digest,
            "cut_key": plan.cut_key,
            "predicted_s": plan.latency_at(priced.links.of(plan.cloud)).total_s,
            "corrected_s": float(priced.latency_s[index]),
            "low_s": max(float(priced.latency_s[index] - _INTERVAL * deviations_s[index]), 0.0),
            "high_s": float(priced.latency_s[index] + _INTERVAL * deviations_s[index]),
            "frames": course.known.tried[index],
        }
        for index, plan in enumerate(priced.terms.plans)
    ]
