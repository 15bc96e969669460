"""Calibration loop: gathers inputs of answered frames, sends them, has plans made."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Sequence
from typing import Final

from evosplit.edge.background.follow_ups import FollowUp
from evosplit.edge.background.pause import BackgroundPause
from evosplit.edge.calibration.evidence import Evidence, OwnStatistics, SentInputs
from evosplit.edge.calibration.observer import CalibrationObserver
from evosplit.edge.calibration.sample import MOST_INPUTS, LiveSample
from evosplit.edge.enrolment.planner_client import PlannerClient
from evosplit.edge.enrolment.renewal import PlanRenewal
from evosplit.edge.pipeline.job import Answer, Job
from evosplit.edge.plan_choice.current_plan import CurrentPlan
from evosplit.edge.settings import EdgeSettings
from evosplit.edge.telemetry.calibration_metrics import CalibrationState
from evosplit.shared.errors import EvoSplitError, NotFoundError

POLL_S: Final = 1.0
FIRST_PAUSE_S: Final = 10.0
LONGEST_PAUSE_S: Final = 3600.0
"""After a refusal it is tried again after the first pause, then after twice as long, up to the longest."""
MORE: Final = 4
"""Plans are calibrated again each time that there are so many times the inputs: more of them allow more."""

_log = logging.getLogger(__name__)


class LiveCalibration:
    """One agent's calibration. All of it belongs to the event loop.

    It begins by itself where the plans in use have none, and wherever `recalibrate` is called.
    """

    def __init__(
        self,
        plans: CurrentPlan,
        settings: EdgeSettings,
        clouds: Sequence[PlannerClient],
        renewal: PlanRenewal,
        pause: BackgroundPause,
    ) -> None:
        self._plans = plans
        self._clouds = tuple(clouds)
        self._settings = settings
        self._renewal = renewal
        self._pause = pause
        self._sample = LiveSample(settings.calibration_bytes)
        self._observing = CalibrationObserver(plans, self._sample, self._pause)
        self._sent_bytes = 0
        self._evidence = self._new_evidence()
        self._reason = "" if plans.calibration != "none" else "they are not calibrated"
        self._wanted = 0
        self._under_way = False
        if self._reason:
            _log.warning("%s", uncalibrated_line(self._sample.needed))

    def warm(self) -> None:
        """What is slow the first time; before frames come, in any thread."""
        self._observing.warm()

    def after_frame(self, job: Job, answer: Answer, outcome: object) -> FollowUp | None:
        """A look at a frame that was answered, if one is wanted just now."""
        del outcome
        return functools.partial(self.see, job, answer) if self._observing.wants else None

    async def see(self, job: Job, answer: Answer) -> None:
        """One frame that was answered."""
        drift = self._observing.drift
        await self._observing.see(job, answer)
        if drift.is_due:
            self.recalibrate(f"{drift.share:.0%} of the frames leave the ranges that plans count on")
            drift.start_afresh()

    @property
    def suspects_drift(self) -> bool:
        """Whether frames leave just now the ranges that plans count on."""
        return self._observing.drift.is_suspected

    def recalibrate(self, reason: str) -> None:
        """Have plans made anew, half from inputs to come and half from those that were."""
        if self._reason:
            return
        _log.warning("plans are to be calibrated anew: %s", reason)
        self._sample.halve()
        self._start_afresh()
        self._reason = reason
        self._wanted = 2 * len(self._sample)

    @property
    def state(self) -> CalibrationState:
        """How far it is."""
        return CalibrationState(
            kind=self._plans.calibration,
            inputs=len(self._sample),
            needed=max(self._sample.needed, min(self._wanted, MOST_INPUTS)),
            size_bytes=self._sample.size_bytes,
            sent_bytes=self._sent_bytes + self._evidence.sent_bytes,
            under_way=self._under_way,
        )

    async def run(self) -> None:
        """Calibrate whenever there is reason to and inputs to do so, until cancelled."""
        pause_s = FIRST_PAUSE_S
        while True:
            await asyncio.sleep(POLL_S)
            if not self._is_due():
                continue
            try:
                await self._calibrate(self._reason or "there are more inputs to calibrate from")
                pause_s = FIRST_PAUSE_S
            except (EvoSplitError, OSError) as refused:
                _log.warning("plans are not calibrated, those in use go on: %s", refused)
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    def _is_due(self) -> bool:
        sample = self._sample
        if self._reason:
            return sample.is_enough and (sample.is_full or len(sample) >= min(self._wanted, MOST_INPUTS))
        return bool(self._wanted) and len(sample) >= self._wanted and self._plans.calibration == "live"

    async def _calibrate(self, reason: str) -> None:
        evidence, self._under_way, self._reason = self._evidence, True, ""
        try:
            kept = self._sample.kept
            done = await self._renewal.renew(reason, await evidence.of(kept))
        except (EvoSplitError, OSError) as refused:
            self._reason = self._reason or reason
            if isinstance(refused, NotFoundError) and evidence is self._evidence:
                self._start_afresh()  # the cloud has dropped the set, or was never able to keep one
            raise
        finally:
            self._under_way = False
        if not done:
            self._reason = self._reason or reason
        elif not self._reason:  # nobody has asked for another one meanwhile
            _log.info("plans are calibrated from %d inputs of this device", len(kept))
            self._wanted = MORE * len(kept)

    def _start_afresh(self) -> None:
        self._sent_bytes += self._evidence.sent_bytes
        self._evidence = self._new_evidence()

    def _new_evidence(self) -> Evidence:
        if self._settings.keeps_inputs:
            return OwnStatistics(self._plans, self._clouds, self._pause, self._settings)
        return SentInputs(self._plans, self._clouds, self._pause)


def uncalibrated_line(needed: int) -> str:
    """What a start says where the bundle's plans have no calibration."""
    return (
        "plans have no calibration: heads are float and 8 bits or more are sent "
        f"until {needed} different frames were seen"
    )
