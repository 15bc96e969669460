"""Plan renewal while serving: asked for, verified, built, and taken up between two frames."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from evosplit.edge.enrolment.plan_site import Made
from evosplit.edge.enrolment.plan_sites import PlanSites, Seen
from evosplit.edge.enrolment.planner_client import PlannerClient
from evosplit.edge.head.bundle_set import BundleSet, bundle_set
from evosplit.edge.head.table_heads import Heads
from evosplit.edge.plan_choice.current_plan import CurrentPlan
from evosplit.edge.plan_choice.serving import EdgeModel
from evosplit.edge.settings import EdgeSettings
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
        self._sites = PlanSites(settings, clients, self._bundles, self._model_changed)
        self._seen = self._sites.first_seen()
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
            made = await self._sites.fetched(self._plans.model.graph, self._expected(), self._seen)
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
        sites, graph = self._sites, self._plans.model.graph
        if sites.expect_other(self._expected()):
            return "hooks, masks or deltas spare other shares than the plans count on"
        if await sites.meets_another(graph):
            return "another cloud is there"
        if look % RESTORATION_LOOKS == 0 and await sites.restores_more(graph):
            return "the cloud has learned to restore what is sent in fewer bytes"
        return None

    async def _take_up(self, made: Mapping[str, Made]) -> None:
        """The heads first, then the notes on disk, then the one reference."""
        plans, before = self._plans, self._bundles.by_cloud
        fresh = [name for name, (bundle, _) in made.items() if not _is(before.get(name), bundle)]
        if any(made[name][0].manifest.card != plans.heads.manifest.card for name in fresh):
            await self._sites.note_down(made)
            raise CloudRefusedError("the model's card has changed: it serves from the next start on", 200)
        if fresh:
            bundles = self._sites.bundles(before, made)
            heads = await asyncio.to_thread(Heads, bundles)
            model = EdgeModel(plans.model.graph, plans.model.card, bundles.manifest.table)
            await plans.adopt(model, heads)
            self._bundles = bundles
        await self._sites.note_down(made)
        if fresh:
            digests = ", ".join(made[name][0].digest[:12] for name in fresh)
            _log.info("serving from bundle %s (%s)", digests, self._bundles.manifest.calibration)
            await plans.build_all()


def _is(known: Bundle | None, bundle: Bundle) -> bool:
    return known is not None and known.digest == bundle.digest
