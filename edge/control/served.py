"""Protocol of the agent in service, for pages and topics: who answers now, and what is set of it."""

from __future__ import annotations

from typing import Protocol, TypeAlias

from evosplit.edge.agent import Agent

Region: TypeAlias = tuple[float, float, float, float]
"""Left, top, right, bottom, as shares of the network's input."""


class Served(Protocol):
    """Another agent from one frame to the next, where the model or the region has changed."""

    @property
    def agent(self) -> Agent:
        """To be looked for when all of a request is there."""

    @property
    def region(self) -> Region | None:
        """The part of the pictures that is computed; None: all of it."""

    async def set_region(self, region: Region | None) -> None:
        """Compute another part from now on. Raises UsageError, and all is as before."""
