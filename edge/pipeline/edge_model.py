"""Model that an agent serves: graph, card, plan table."""

from __future__ import annotations

from dataclasses import dataclass

from evosplit.shared.card import Card
from evosplit.shared.graph import Graph
from evosplit.shared.plan import PlanTable


@dataclass(frozen=True)
class EdgeModel:
    """The network as the edge knows it; the card is completed, or None where only tensors are taken."""

    graph: Graph
    card: Card | None
    table: PlanTable
