"""Calibration evidence: inputs that are sent, or errors measured here where inputs stay here."""

from __future__ import annotations

import asyncio
import functools
import hashlib
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from evosplit.edge.background.pause import BackgroundPause
from evosplit.edge.calibration.sample import Kept
from evosplit.edge.calibration.statistics import measured_errors
from evosplit.edge.calibration.upload import Upload
from evosplit.edge.enrolment.enrol import STATISTICS_FILE
from evosplit.edge.enrolment.plan_sites import Seen
from evosplit.edge.enrolment.planner_client import PlannerClient
from evosplit.edge.plan_choice.current_plan import CurrentPlan
from evosplit.edge.settings import EdgeSettings
from evosplit.shared.atomic_write import write_whole
from evosplit.shared.errors import CloudUnavailableError, EvoSplitError, ProfileError
from evosplit.shared.units import format_size


class Evidence(Protocol):
    """Makes a plan request of a sample."""

    @property
    def sent_bytes(self) -> int:
        """What was sent until now."""
        ...

    async def of(self, kept: Sequence[Kept]) -> Seen:
        """What to ask with. Raises EvoSplitError, OSError."""
        ...


class SentInputs:
    """The inputs themselves, in a set of its own in the plan service."""

    def __init__(self, plans: CurrentPlan, clouds: Sequence[PlannerClient], pause: BackgroundPause) -> None:
        self._name = secrets.token_hex(8)
        self._uploads = [
            Upload(cloud, self._name, pause, functools.partial(_bandwidth_bps, plans, cloud.url))
            for cloud in clouds
        ]

    @property
    def sent_bytes(self) -> int:
        """Until now."""
        return sum(upload.sent_bytes for upload in self._uploads)

    async def of(self, kept: Sequence[Kept]) -> Seen:
        """Send each cloud those that are not there yet. Raises as `Upload.send` where none takes them."""
        failures: list[EvoSplitError] = []
        for upload in self._uploads:
            try:
                await upload.send(kept)
            except EvoSplitError as failure:  # noqa: PERF203 - each cloud may refuse
                failures.append(failure)
        if len(failures) == len(self._uploads):
            raise failures[-1]
        return Seen(self._name)


class OwnStatistics:
    """What quantisation costs on inputs that never leave; the float network is fetched for it once."""

    def __init__(
        self,
        plans: CurrentPlan,
        clouds: Sequence[PlannerClient],
        pause: BackgroundPause,
        settings: EdgeSettings,
    ) -> None:
        self._plans = plans
        self._clouds = clouds
        self._pause = pause
        self._settings = settings

    @property
    def sent_bytes(self) -> int:
        """No input is sent."""
        return 0

    async def of(self, kept: Sequence[Kept]) -> Seen:
        """Measure, and keep the errors on disk. Raises as `PlannerClient.weights`, ProfileError, OSError."""
        folder, model = self._settings.folder, await self._model()
        size_bytes, most = (await asyncio.to_thread(model.stat)).st_size, self._settings.memory_bytes
        if most is not None and size_bytes > most:
            raise ProfileError(
                f"the float network takes {format_size(size_bytes)} and inputs stay here, "
                f"so {format_size(most)} of memory leave no calibration"
            )
        graph, card = self._plans.model.graph, self._plans.heads.manifest.card
        errors = await measured_errors(model, graph, card, kept, self._pause)
        await asyncio.to_thread(write_whole, folder / STATISTICS_FILE, errors)
        return Seen(statistics=True)

    async def _model(self) -> Path:
        """The network's file, fetched unless it is here. Raises ProfileError for another one."""
        sha256 = self._plans.model.graph.sha256
        model = self._settings.folder / f"model-{sha256[:16]}.onnx"
        if not await asyncio.to_thread(model.exists):
            partial = self._settings.folder / "model.partial"
            await self._fetch(partial)
            if await asyncio.to_thread(_sha256, partial) != sha256:
                raise ProfileError(
                    "the cloud has another version of the network now, or one with weights in other files"
                )
            await asyncio.to_thread(partial.replace, model)
        return model

    async def _fetch(self, partial: Path) -> None:
        """From the first cloud that is there."""
        for cloud in self._clouds:
            try:
                return await cloud.weights(partial)
            except CloudUnavailableError:  # noqa: PERF203 - each cloud may refuse
                if cloud is self._clouds[-1]:
                    raise
        return None


def _bandwidth_bps(plans: CurrentPlan, url: str) -> float:
    return plans.links.of(url).bandwidth_bps


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
