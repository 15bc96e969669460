"""Plan service of one cloud, of which an agent may have several."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from evosplit.edge.enrolment.enrol import fresh_bundle
from evosplit.edge.enrolment.note import Enrolment
from evosplit.edge.enrolment.planner_client import PlannerClient
from evosplit.edge.settings import EdgeSettings
from evosplit.shared.bundle import Bundle
from evosplit.shared.errors import EvoSplitError, StaleModelError
from evosplit.shared.graph import Graph

Made: TypeAlias = tuple[Bundle, Enrolment]
"""A bundle, and the note of what it was made for."""


@dataclass(frozen=True)
class PlanSite:
    """``name`` is that of its plans ("" for an only cloud), ``settings`` are the agent's for this cloud."""

    name: str
    settings: EdgeSettings
    client: PlannerClient

    async def described(self) -> Mapping[str, Any]:
        """What it says of the network; nothing where it is away: it is asked at a later look."""
        try:
            return await self.client.describe()
        except EvoSplitError:
            return {}

    async def fetched(self, note: Enrolment, graph: Graph) -> Made:
        """A bundle for the note. Raises as `fresh_bundle`, and StaleModelError for another network."""
        description = await self.client.describe()
        if description.get("sha256") != graph.sha256:
            raise StaleModelError(f"the cloud has another version of {graph.name} now")
        note = replace(note, restorations=str(description.get("restorations", "")))
        await asyncio.to_thread(self.settings.cloud_folder.mkdir, parents=True, exist_ok=True)
        return await fresh_bundle(self.settings, self.client, description, note)
