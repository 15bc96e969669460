"""Plan renewal while serving: asked for, verified, built, and taken up between two frames."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from evosplit.edge.enrolment.cloud_settings import by_cloud
from evosplit.edge.enrolment.note import Enrolment, read_note, wanted, write_note
from evosplit.edge.enrolment.plan_site import Made, PlanSite
from evosplit.edge.enrolment.planner_client import PlannerClient
from evosplit.edge.head.bundle_set import BundleSet, bundle_set
from evosplit.edge.head.table_heads import Heads
from evosplit.edge.plan_choice.current_plan import CurrentPlan
from evosplit.edge.plan_choice.serving import EdgeModel
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
from evosplit.shared.time_limit import time_limit

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

    ``expected`` is what hooks spare now. ``model_changed`` is set where the first cloud serves other content
    of the model, for which this agent is not built. What goes wrong leaves the table in use as it is; of
    several clouds, the plans of the one that does not answer. ``refused`` is the last bundle that was wished
    for and could not be taken.
    """

    def __init__(
        self,
        plans: CurrentPlan,
        settings: EdgeSettings,
        clients: Sequence[PlannerClient],
        bundles: Bundle | BundleSet,
        expected: Callable[[], Expectation],
        model_changed: asyncio.Event | None = None,
    ) -> None:
        self._plans = plans
        self._expected = expected
        self._model_changed = asyncio.Event() if model_changed is None else model_changed
        self._bundles = bundle_set(bundles)
        sites = zip(by_cloud(settings).items(), clients, strict=True)
        self._sites = tuple(PlanSite(name, own, client) for (name, own), client in sites)
        self._notes = dict(map(self._first_note, self._sites))
        known = next(note for note in self._notes.values() if note is not None)
        self._seen = Seen(known.calibration, known.statistics)
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
            made = await self._fetched(self._seen)
            if mine != self._asked:
                return False
            await self._take_up(made)
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
                async with time_limit(wait_s):
                    await self._wished.wait()

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
        notes, expected = self._notes.values(), self._expected()
        if any(note is not None and differs(note.expectation, expected) for note in notes):
            return "hooks, masks or deltas spare other shares than the plans count on"
        if await self._meets_another():
            return "another cloud is there"
        if look % RESTORATION_LOOKS == 0 and await self._restores_more():
            return "the cloud has learned to restore what is sent in fewer bytes"
        return None

    async def _meets_another(self) -> bool:
        """Whether a cloud that has made no plans yet could make some."""
        sha256 = self._plans.model.graph.sha256
        without = [site for site in self._sites if self._notes[site.name] is None]
        return any([(await site.described()).get("sha256") == sha256 for site in without])

    async def _restores_more(self) -> bool:
        for site in self._sites:
            description, note = await site.described(), self._notes[site.name]
            if description.get("sha256") not in (None, self._plans.model.graph.sha256):
                self._is_stale(site)
            elif note is not None and description.get("restorations", "") not in ("", note.restorations):
                return True
        return False

    def _is_stale(self, site: PlanSite) -> None:
        """The model follows the first cloud; another one with another version has no plans for this agent."""
        if site is self._sites[0]:
            self._model_changed.set()

    async def _fetched(self, seen: Seen) -> dict[str, Made]:
        """From every cloud that makes some; raises what the last one said where none does."""
        made: dict[str, Made] = {}
        for site in self._sites:
            try:
                note = replace(
                    wanted(site.settings),
                    expectation=self._expected(),
                    calibration=seen.calibration,
                    statistics=seen.statistics,
                )
                made[site.name] = await site.fetched(note, self._plans.model.graph)
            except (EvoSplitError, OSError) as refused:  # noqa: PERF203 - each cloud may refuse
                if isinstance(refused, StaleModelError):
                    self._is_stale(site)
                if site is self._sites[-1] and not made:
                    raise
                _log.warning("no other plans from %s: %s", site.name, refused)
        return made

    async def _take_up(self, made: Mapping[str, Made]) -> None:
        """The heads first, then the notes on disk, then the one reference."""
        plans, before = self._plans, self._bundles.by_cloud
        fresh = [name for name, (bundle, _) in made.items() if not _is(before.get(name), bundle)]
        if any(made[name][0].manifest.card != plans.heads.manifest.card for name in fresh):
            await self._note_down(made)
            raise CloudRefusedError("the model's card has changed: it serves from the next start on", 200)
        if fresh:
            every = {**before, **{name: bundle for name, (bundle, _) in made.items()}}
            bundles = BundleSet({site.name: every[site.name] for site in self._sites if site.name in every})
            heads = await asyncio.to_thread(Heads, bundles)
            model = EdgeModel(plans.model.graph, plans.model.card, bundles.manifest.table)
            await plans.adopt(model, heads)
            self._bundles = bundles
        await self._note_down(made)
        if fresh:
            digests = ", ".join(made[name][0].digest[:12] for name in fresh)
            _log.info("serving from bundle %s (%s)", digests, self._bundles.manifest.calibration)
            await plans.build_all()

    async def _note_down(self, made: Mapping[str, Made]) -> None:
        """A frame under way may still want a head from the bundle that it began with."""
        for site in self._sites:
            if site.name in made:
                _, note = made[site.name]
                old = self._notes[site.name]
                in_use = () if old is None else (old.bundle,)
                await asyncio.to_thread(write_note, site.settings, note, in_use)
                self._notes[site.name] = note

    def _first_note(self, site: PlanSite) -> tuple[str, Enrolment | None]:
        """None for a cloud that has made no plans yet."""
        bundle = self._bundles.by_cloud.get(site.name)
        if bundle is None:
            return site.name, None
        return site.name, read_note(site.settings) or replace(wanted(site.settings), bundle=bundle.digest)


def _is(known: Bundle | None, bundle: Bundle) -> bool:
    return known is not None and known.digest == bundle.digest
