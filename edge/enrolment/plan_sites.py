"""Plan services of all clouds of an agent: what each has made plans for, and whether it could make others."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from evosplit.edge.enrolment.cloud_settings import by_cloud
from evosplit.edge.enrolment.note import Enrolment, read_note, wanted, write_note
from evosplit.edge.enrolment.plan_site import Made, PlanSite
from evosplit.edge.enrolment.planner_client import PlannerClient
from evosplit.edge.head.bundle_set import BundleSet
from evosplit.edge.settings import EdgeSettings
from evosplit.edge.telemetry.expected_savings import differs
from evosplit.shared.bundle import Bundle
from evosplit.shared.errors import EvoSplitError, StaleModelError
from evosplit.shared.expectation import Expectation
from evosplit.shared.graph import Graph

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Seen:
    """What the device knows of its inputs: the name of a set that it sent, or errors that it measured."""

    calibration: str | None = None
    statistics: bool = False


class PlanSites:
    """The clouds in the agent's order, and the note of what each has made (`Enrolment`).

    ``model_changed`` is set where the first cloud serves other content of the model: the model follows it,
    while another one with another version has no plans for this agent.
    """

    def __init__(
        self,
        settings: EdgeSettings,
        clients: Sequence[PlannerClient],
        bundles: BundleSet,
        model_changed: asyncio.Event,
    ) -> None:
        sites = zip(by_cloud(settings).items(), clients, strict=True)
        self._sites = tuple(PlanSite(name, own, client) for (name, own), client in sites)
        self._notes = {site.name: _first_note(site, bundles) for site in self._sites}
        self._model_changed = model_changed

    def first_seen(self) -> Seen:
        """What the plans in use were made with."""
        known = next(note for note in self._notes.values() if note is not None)
        return Seen(known.calibration, known.statistics)

    def expect_other(self, expected: Expectation) -> bool:
        """Whether plans count on other savings than these."""
        return any(note is not None and differs(note.expectation, expected) for note in self._notes.values())

    async def meets_another(self, graph: Graph) -> bool:
        """Whether a cloud that has made no plans yet could make some."""
        without = [site for site in self._sites if self._notes[site.name] is None]
        return any([(await site.described()).get("sha256") == graph.sha256 for site in without])

    async def restores_more(self, graph: Graph) -> bool:
        """Whether a cloud has learned restorations since it made plans."""
        for site in self._sites:
            description, note = await site.described(), self._notes[site.name]
            if description.get("sha256") not in (None, graph.sha256):
                self._is_stale(site)
            elif note is not None and description.get("restorations", "") not in ("", note.restorations):
                return True
        return False

    async def fetched(self, graph: Graph, expected: Expectation, seen: Seen) -> dict[str, Made]:
        """Bundles by cloud, of every one that makes some; raises what the last one said where none does."""
        made: dict[str, Made] = {}
        for site in self._sites:
            try:
                note = replace(
                    wanted(site.settings),
                    expectation=expected,
                    calibration=seen.calibration,
                    statistics=seen.statistics,
                )
                made[site.name] = await site.fetched(note, graph)
            except (EvoSplitError, OSError) as refused:  # noqa: PERF203 - each cloud may refuse
                if isinstance(refused, StaleModelError):
                    self._is_stale(site)
                if site is self._sites[-1] and not made:
                    raise
                _log.warning("no other plans from %s: %s", site.name, refused)
        return made

    def bundles(self, known: Mapping[str, Bundle], made: Mapping[str, Made]) -> BundleSet:
        """The known bundles with what was made in their places, in the order of the clouds."""
        every = {**known, **{name: bundle for name, (bundle, _) in made.items()}}
        return BundleSet({site.name: every[site.name] for site in self._sites if site.name in every})

    async def note_down(self, made: Mapping[str, Made]) -> None:
        """Keep what was made, on disk; a frame under way may still want a head of the bundle before."""
        for site in self._sites:
            if site.name in made:
                _, note = made[site.name]
                old = self._notes[site.name]
                in_use = () if old is None else (old.bundle,)
                await asyncio.to_thread(write_note, site.settings, note, in_use)
                self._notes[site.name] = note

    def _is_stale(self, site: PlanSite) -> None:
        if site is self._sites[0]:
            self._model_changed.set()


def _first_note(site: PlanSite, bundles: BundleSet) -> Enrolment | None:
    """None for a cloud that has made no plans yet."""
    bundle = bundles.by_cloud.get(site.name)
    if bundle is None:
        return None
    return read_note(site.settings) or replace(wanted(site.settings), bundle=bundle.digest)
