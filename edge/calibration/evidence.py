"""Calibration evidence: inputs that are sent, or errors measured here where inputs stay here."""

from __future__ import annotations

import asyncio
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
from evosplit.edge.enrolment.planner_client import PlannerClient
from evosplit.edge.enrolment.renewal import Seen
from evosplit.edge.pipeline.current_plan import CurrentPlan
from evosplit.edge.settings import EdgeSettings
from evosplit.shared.atomic_write import write_whole
from evosplit.shared.errors import ProfileError
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

    def __init__(self, plans: CurrentPlan, cloud: PlannerClient, pause: BackgroundPause) -> None:
        self._upload = Upload(cloud, secrets.token_hex(8), pause, lambda: plans.link.bandwidth_bps)

    @property
    def sent_bytes(self) -> int:
        """Until now."""
        return self._upload.sent_bytes

    async def of(self, kept: Sequence[Kept]) -> Seen:
        """Send those that are not there yet. Raises as `Upload.send`."""
        await self._upload.send(kept)
        return Seen(self._upload.name)


class OwnStatistics:
    """What quantisation costs on inputs that never leave; the float network is fetched for it once."""

    def __init__(
        self, plans: CurrentPlan, cloud: PlannerClient, pause: BackgroundPause, settings: EdgeSettings
    ) -> None:
        self._plans = plans
        self._cloud = cloud
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
            await self._cloud.weights(partial)
            if await asyncio.to_thread(_sha256, partial) != sha256:
                raise ProfileError(
                    "the cloud has another version of the network now, or one with weights in other files"
                )
            await asyncio.to_thread(partial.replace, model)
        return model


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
