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
from evosplit.shared.errors import CloudRefusedError, EvoSplitError
from evosplit.shared.graph import Graph

Made: TypeAlias = tuple[Bundle, Enrolment]
"""A bundle, and the note of what it was made for."""


@dataclass(frozen=True)
class PlanSite:
    """``name`` is that of its plans ("" for an only cloud), ``settings`` are the agent's for this cloud."""

    name: str
    settings: EdgeSettings
    client: PlannerClient

    async def described(self, sha256: str) -> Mapping[str, Any] | None:
        """What it says of the network; None where it is of no use just now: it is asked at a later look."""
        try:
            description = await self.client.describe()
        except EvoSplitError:
            return None
        return description if description.get("sha256") == sha256 else None

    async def fetched(self, note: Enrolment, graph: Graph) -> Made:
        """A bundle for the note. Raises as `fresh_bundle`, and CloudRefusedError for another network."""
        description = await self.client.describe()
        if description.get("sha256") != graph.sha256:
            raise CloudRefusedError(f"the cloud has another version of {graph.name} now", 200)
        note = replace(note, restorations=str(description.get("restorations", "")))
        await asyncio.to_thread(self.settings.cloud_folder.mkdir, parents=True, exist_ok=True)
        return await fresh_bundle(self.settings, self.client, description, note)
