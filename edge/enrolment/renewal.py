"""Plan renewal while serving: asked for, verified, built, and taken up between two frames."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from evosplit.edge.enrolment.enrol import fresh_bundle
from evosplit.edge.enrolment.note import Enrolment, read_note, wanted, write_note
from evosplit.edge.enrolment.planner_client import PlannerClient
from evosplit.edge.head.table_heads import Heads
from evosplit.edge.pipeline.current_plan import CurrentPlan
from evosplit.edge.pipeline.serving import EdgeModel
from evosplit.edge.settings import EdgeSettings
from evosplit.edge.telemetry.expected_savings import differs
from evosplit.shared.bundle import Bundle
from evosplit.shared.errors import (
    BundleError,
    CloudRefusedError,
    EvoSplitError,
    ModelError,
    StaleModelError,
)
from evosplit.shared.expectation import Expectation

LOOK_S: Final = 60.0
"""How often it is looked whether hooks spare other shares than the plans count on."""
LONGEST_S: Final = 3600.0
RESTORATION_LOOKS: Final = 10
"""At every so many of these looks the cloud is asked whether it has learned to restore more."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Seen:
    """What the device knows of its inputs: the name of a set that it sent, or errors that it measured."""

    calibration: str | None = None
    statistics: bool = False


class PlanRenewal:
    """Changes the plan table: one change at a time, and of several that wait the last one asked for.

    ``expected`` is what hooks spare now. ``model_changed`` is set where the cloud serves another content of
    the model, for which this agent is not built. What goes wrong leaves the table in use as it is.
    ``refused`` is the last bundle that was wished for and could not be taken.
    """

    def __init__(
        self,
        plans: CurrentPlan,
        settings: EdgeSettings,
        cloud: PlannerClient,
        bundle: Bundle,
        expected: Callable[[], Expectation],
        model_changed: asyncio.Event | None = None,
    ) -> None:
        self._plans = plans
        self._settings = settings
        self._cloud = cloud
        self._expected = expected
        self._model_changed = asyncio.Event() if model_changed is None else model_changed
        self._note = read_note(settings) or replace(wanted(settings), bundle=bundle.digest)
        self._seen = Seen(self._note.calibration, self._note.statistics)
        self._asked = 0
        self._turn = asyncio.Lock()
        self._wish: tuple[str, str] | None = None
        self._wished = asyncio.Event()
        self.refused = ""

    async def renew(self, reason: str, seen: Seen | None = None) -> bool:
        """Have plans made, with what was ``seen`` last, and serve from them once their heads are there.

        False where a later call has taken this one's place. Raises CloudUnavailableError, CloudRefusedError,
        AuthError, NotFoundError, ProfileError, BundleError, ModelError, OSError.
        """
        self._asked += 1
        mine = self._asked
        self._seen = self._seen if seen is None else seen
        async with self._turn:
            if mine != self._asked:
                return False
            _log.info("asking for other plans: %s", reason)
            now = self._seen
            note = replace(
                wanted(self._settings),
                expectation=self._expected(),
                calibration=now.calibration,
                statistics=now.statistics,
            )
            bundle, note = await self._fetched(note)
            if mine != self._asked:
                return False
            await self._take_up(bundle, note)
        return True

    def wish(self, reason: str, bundle: str) -> None:
        """The cloud wants plans asked for again, which `run` does; "" for any ``bundle``."""
        if bundle and bundle == self.refused:
            return  # until there is another one
        self._wish = reason, bundle
        self._wished.set()

    async def run(self) -> None:
        """Have plans made anew whenever there is a `_reason` to, until cancelled."""
        wait_s = LOOK_S
        for look in itertools.count(1):
            (reason, bundle), self._wish = self._wish or (await self._reason(look), ""), None
            self._wished.clear()
            if reason is not None:
                wait_s = LOOK_S if await self._is_renewed(reason, bundle) else min(2 * wait_s, LONGEST_S)
                self._wish = None  # what was wished for meanwhile is wished for again, where it still holds
                self._wished.clear()
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._wished.wait(), wait_s)

    async def _is_renewed(self, reason: str, bundle: str) -> bool:
        try:
            await self.renew(reason)
        except StaleModelError:
            self._model_changed.set()  # whoever waits for it takes up the other version
        except (EvoSplitError, OSError) as problem:
            if isinstance(problem, BundleError | ModelError):
                self.refused = bundle
            _log.warning("the plans stay as they are: %s", problem)
            return False
        return True

    async def _reason(self, look: int) -> str | None:
        """Why other plans may be better than those in use."""
        if differs(self._note.expectation, self._expected()):
            return "hooks, masks or deltas spare other shares than the plans count on"
        if look % RESTORATION_LOOKS == 0 and await self._restores_more():
            return "the cloud has learned to restore what is sent in fewer bytes"
        return None

    async def _restores_more(self) -> bool:
        try:
            description = await self._cloud.describe()
        except EvoSplitError:
            return False  # it is asked again at a later look
        if description.get("sha256") != self._plans.model.graph.sha256:
            self._model_changed.set()
            return False
        return description.get("restorations", "") not in ("", self._note.restorations)

    async def _fetched(self, note: Enrolment) -> tuple[Bundle, Enrolment]:
        description = await self._cloud.describe()
        graph = self._plans.model.graph
        if description.get("sha256") != graph.sha256:
            raise StaleModelError(f"the cloud has another version of {graph.name} now")
        note = replace(note, restorations=str(description.get("restorations", "")))
        return await fresh_bundle(self._settings, self._cloud, description, note)

    async def _take_up(self, bundle: Bundle, note: Enrolment) -> None:
        """The heads first, then the note on disk, then the one reference."""
        plans, old = self._plans, self._note.bundle
        if bundle.digest == old:
            await asyncio.to_thread(write_note, self._settings, note)
            self._note = note
            return
        if bundle.manifest.card != plans.heads.manifest.card:
            await asyncio.to_thread(write_note, self._settings, note, (old,))
            self._note = note
            raise CloudRefusedError("the model's card has changed: it serves from the next start on", 200)
        heads = await asyncio.to_thread(Heads, bundle)
        model = EdgeModel(plans.model.graph, plans.model.card, bundle.manifest.table)
        await plans.adopt(model, heads)
        # A frame under way may still want a head from the bundle that it began with.
        await asyncio.to_thread(write_note, self._settings, note, (old,))
        self._note = note
        _log.info("serving from bundle %s (%s)", bundle.digest[:12], bundle.manifest.calibration)
        await plans.build_all()
